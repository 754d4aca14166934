//! A client and a server in memory, and the time between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mtproto_core::config::{ClientConfig, ServerConfig, Start};
use mtproto_core::connection::{Connection, Event, SavedKeys};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::endpoint::{
    AuthKeyRecord, AuthKeyStore, ConnectionId, Endpoint, Listen, MemoryKeyStore, Outgoing,
    RequestId, ServerEvent, SessionKey,
};
use mtproto_core::ids::ServerSalt;
use mtproto_core::rpc::RpcError;
use mtproto_core::session::{PingId, QueryFailure, QueryId, QueryOptions};
use mtproto_core::time::{Duration, Instant, UnixTime};

use crate::SeededRandom;
use crate::keys::{client_config, server_config};
use crate::link::{Link, Split};
use crate::record::{ClientInput, Recording, ServerInput, Step, apply_to_client, apply_to_server};

/// The wall time at which both sides start.
pub const START_UNIX: UnixTime = UnixTime::from_secs(1_700_000_000);

/// More steps than any story needs: a loop between the two sides ends the test.
const MAX_STEPS: usize = 200_000;

pub(crate) fn start(seed: u64) -> Start {
    start_at(seed, START_UNIX)
}

fn start_at(seed: u64, unix: UnixTime) -> Start {
    Start {
        now: Instant::ZERO,
        unix,
        random: Box::new(SeededRandom::from_number(seed)),
    }
}

/// What happens to a frame of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing; the frame may have been altered.
    Pass,
    /// It does not leave.
    Drop,
    /// It leaves twice.
    Duplicate,
    /// It leaves after the next one.
    Hold,
}

type Application = Box<dyn FnMut(&[u8]) -> Option<Result<Vec<u8>, RpcError>>>;
type Interceptor = Box<dyn FnMut(&mut Outgoing) -> Fault>;

/// Makes a [`Pair`].
pub struct Builder {
    client: ClientConfig,
    server: ServerConfig,
    client_unix: UnixTime,
    seed: u64,
    latency: Duration,
    split: Split,
    shares_key: bool,
}

impl Builder {
    /// The seed of all randomness: the client's, the server's and the link's.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Changes the client's configuration.
    #[must_use]
    pub fn client(mut self, change: impl FnOnce(&mut ClientConfig)) -> Self {
        change(&mut self.client);
        self
    }

    /// Changes the server's configuration.
    #[must_use]
    pub fn server(mut self, change: impl FnOnce(&mut ServerConfig)) -> Self {
        change(&mut self.server);
        self
    }

    /// Sets the client's wall clock at the start.
    #[must_use]
    pub const fn client_unix(mut self, unix: UnixTime) -> Self {
        self.client_unix = unix;
        self
    }

    /// The time that bytes travel in each direction. Default 10 ms.
    #[must_use]
    pub const fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How bytes are cut into pieces. Default whole.
    #[must_use]
    pub const fn split(mut self, split: Split) -> Self {
        self.split = split;
        self
    }

    /// Lets both sides know a key from the start, so that no key exchange is needed.
    #[must_use]
    pub const fn sharing_a_key(mut self) -> Self {
        self.shares_key = true;
        self
    }

    /// The pair, with a stream between the two and nothing sent yet. The server answers each query with its own body.
    #[must_use]
    pub fn build(self) -> Pair {
        let (client_config, server_config) = (Arc::new(self.client), Arc::new(self.server));
        let client_start = start_at(self.seed, self.client_unix);
        let server_start = start(self.seed.wrapping_add(1));
        let mut keys = Box::new(MemoryKeyStore::new());
        let client = if self.shares_key {
            let auth_key = AuthKey::new([0x42; 256]);
            keys.insert(AuthKeyRecord::permanent(auth_key.clone(), START_UNIX));
            let saved = SavedKeys {
                dc: client_config.dc(),
                auth_key,
                server_salt: ServerSalt(0),
                clock_offset_secs: 0,
            };
            Connection::resume(client_config.clone(), saved, client_start)
        } else {
            Connection::new(client_config.clone(), client_start)
        };
        let link_random = SeededRandom::from_number(self.seed.wrapping_add(2));
        let mut pair = Pair {
            client,
            server: Endpoint::new(server_config.clone(), keys, server_start),
            client_config,
            server_config,
            now: Instant::ZERO,
            link: Link::new(self.latency, self.split, link_random),
            connection: None,
            application: Box::new(|body| Some(Ok(body.to_vec()))),
            interceptor: None,
            held: None,
            client_events: Vec::new(),
            server_events: Vec::new(),
            ended: BTreeMap::new(),
            executed: Vec::new(),
            unanswered: Vec::new(),
            recording: Recording::default(),
        };
        pair.connect();
        pair.feed_client(ClientInput::Start);
        pair
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("seed", &self.seed).finish()
    }
}

/// A client and a server in memory.
pub struct Pair {
    /// The client.
    pub client: Connection,
    /// The server.
    pub server: Endpoint,
    /// The client's configuration.
    pub client_config: Arc<ClientConfig>,
    /// The server's configuration.
    pub server_config: Arc<ServerConfig>,
    /// The time on both sides.
    pub now: Instant,
    /// Everything that the client told, but for the ends of queries.
    pub client_events: Vec<Event>,
    /// Everything that the server told, queries included.
    pub server_events: Vec<ServerEvent>,
    /// The bodies of queries in the order of their execution.
    pub executed: Vec<Vec<u8>>,
    /// Queries that the application did not answer at once.
    pub unanswered: Vec<RequestId>,
    /// What went in and out so far.
    pub recording: Recording,
    ended: BTreeMap<QueryId, Vec<Ending>>,
    link: Link,
    connection: Option<ConnectionId>,
    application: Application,
    interceptor: Option<Interceptor>,
    /// The frame that waits for the next one.
    held: Option<Outgoing>,
}

#[derive(Clone, Debug)]
enum Ending {
    Answered(Result<Vec<u8>, RpcError>),
    Failed(QueryFailure),
}

impl Pair {
    /// A pair to be configured.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            client: client_config(),
            server: server_config(),
            client_unix: START_UNIX,
            seed: 1,
            latency: Duration::from_millis(10),
            split: Split::Whole,
            shares_key: false,
        }
    }

    /// A pair with the key exchange behind it.
    #[must_use]
    pub fn ready(seed: u64) -> Self {
        let mut pair = Self::builder().seed(seed).build();
        pair.settle();
        assert!(pair.client.is_ready(), "{:?}", pair.client_events);
        pair
    }

    /// Lets the server's application answer queries: `None` leaves one for later.
    pub fn application(
        &mut self,
        application: impl FnMut(&[u8]) -> Option<Result<Vec<u8>, RpcError>> + 'static,
    ) {
        self.application = Box::new(application);
    }

    /// Lets `interceptor` see, alter, drop or double every frame of the server before it is sealed.
    pub fn intercept(&mut self, interceptor: impl FnMut(&mut Outgoing) -> Fault + 'static) {
        self.interceptor = Some(Box::new(interceptor));
    }

    /// Sends a query with default options.
    pub fn query(&mut self, body: &[u8]) -> QueryId {
        self.query_with(body, QueryOptions::default())
    }

    /// Sends a query.
    pub fn query_with(&mut self, body: &[u8], options: QueryOptions) -> QueryId {
        let sent = self.client.send_query(self.now, body, options.clone());
        let id = sent.expect("the test sends queries that can be sent");
        self.drain_client(ClientInput::Query(body.to_vec(), options));
        id
    }

    /// Sends a ping.
    pub fn ping(&mut self) -> PingId {
        let id = self.client.ping(self.now).expect("the client is open");
        self.drain_client(ClientInput::Ping);
        id
    }

    /// Answers a query that the application left for later.
    pub fn answer(&mut self, request: RequestId, result: Result<Vec<u8>, RpcError>) {
        self.feed_server(ServerInput::Answer(request, result));
    }

    /// Sends an update to the client's session.
    pub fn push(&mut self, body: &[u8]) {
        let key = self.session_key().expect("the server knows the session");
        self.feed_server(ServerInput::Push(key, body.to_vec()));
    }

    /// The server's name of the client's session.
    #[must_use]
    pub fn session_key(&mut self) -> Option<SessionKey> {
        let auth_key_id = self.client.saved_keys(self.now)?.auth_key.id();
        Some(SessionKey {
            auth_key_id,
            session_id: self.client.session_id(),
        })
    }

    /// The stream at the server.
    #[must_use]
    pub const fn connection(&self) -> Option<ConnectionId> {
        self.connection
    }

    /// How a query was answered, if it was.
    #[must_use]
    pub fn answer_to(&self, query: QueryId) -> Option<Result<Vec<u8>, RpcError>> {
        match self.ended.get(&query)?.first()? {
            Ending::Answered(result) => Some(result.clone()),
            Ending::Failed(_) => None,
        }
    }

    /// Why a query ended without an answer, if it did.
    #[must_use]
    pub fn failure_of(&self, query: QueryId) -> Option<QueryFailure> {
        match self.ended.get(&query)?.first()? {
            Ending::Answered(_) => None,
            Ending::Failed(reason) => Some(*reason),
        }
    }

    /// How often a query ended. More than once is a fault of the core.
    #[must_use]
    pub fn endings_of(&self, query: QueryId) -> usize {
        self.ended.get(&query).map_or(0, Vec::len)
    }

    /// Delivers everything that is in flight and everything that it causes, without waiting for deadlines.
    pub fn settle(&mut self) {
        for _ in 0..MAX_STEPS {
            self.notice_cut();
            let Some(at) = self.link.next_arrival() else {
                return;
            };
            self.now = self.now.max(at);
            self.deliver();
        }
        panic!("the two sides never stop talking");
    }

    /// Lets `duration` pass, with all deliveries and deadlines in it.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now.saturating_add(duration);
        for _ in 0..MAX_STEPS {
            self.notice_cut();
            let deadlines = [
                self.link.next_arrival(),
                self.client.poll_timeout(),
                self.server.poll_timeout(),
            ];
            let next = deadlines.into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            self.deliver();
            if self.client.poll_timeout().is_some_and(|at| at <= self.now) {
                self.feed_client(ClientInput::Timeout);
            }
            if self.server.poll_timeout().is_some_and(|at| at <= self.now) {
                self.feed_server(ServerInput::Timeout);
            }
        }
        panic!("the two sides never rest");
    }

    /// Cuts the stream now: bytes in flight are lost, both sides see its end.
    pub fn cut(&mut self) {
        self.link.renew();
        if let Some(connection) = self.connection.take() {
            self.feed_server(ServerInput::Eof(connection));
        }
        self.feed_client(ClientInput::Eof);
    }

    /// Cuts the stream once this many more bytes left, both directions together.
    pub fn cut_after(&mut self, bytes: usize) {
        self.link.cut_after(bytes);
    }

    /// Gives both sides a new stream.
    pub fn reconnect(&mut self) {
        self.link.renew();
        self.connect();
        self.feed_client(ClientInput::Reconnect);
    }

    /// Whether there is a stream.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    fn connect(&mut self) {
        let accepted = self.server.accept(self.now, Listen::Stream);
        self.connection = Some(accepted.expect("the server takes one more stream"));
        self.drain_server(ServerInput::Accept);
    }

    fn notice_cut(&mut self) {
        if self.link.is_cut() && self.link.is_idle() {
            self.cut();
        }
    }

    fn deliver(&mut self) {
        while let Some(bytes) = self.link.arrive_at_server(self.now) {
            if let Some(connection) = self.connection {
                self.feed_server(ServerInput::Bytes(connection, bytes));
            }
        }
        while let Some(bytes) = self.link.arrive_at_client(self.now) {
            self.feed_client(ClientInput::Bytes(bytes));
        }
    }

    /// Gives bytes to the server as if they came over the stream.
    pub fn inject_to_server(&mut self, bytes: &[u8]) {
        if let Some(connection) = self.connection {
            self.feed_server(ServerInput::Bytes(connection, bytes.to_vec()));
        }
    }

    /// Gives bytes to the client as if they came over the stream.
    pub fn inject_to_client(&mut self, bytes: &[u8]) {
        self.feed_client(ClientInput::Bytes(bytes.to_vec()));
    }

    fn feed_client(&mut self, input: ClientInput) {
        apply_to_client(&mut self.client, self.now, &input);
        self.drain_client(input);
    }

    fn feed_server(&mut self, input: ServerInput) {
        apply_to_server(&mut self.server, self.now, &input);
        self.drain_server(input);
    }

    fn drain_client(&mut self, input: ClientInput) {
        let mut output = Vec::new();
        while self.client.poll_transmit(self.now, &mut output).is_some() {}
        self.link.send_to_server(self.now, &output);
        self.recording.client.push(Step {
            at: self.now,
            input,
            output,
        });
        let mut closed = false;
        while let Some(event) = self.client.poll_event() {
            closed |= matches!(event, Event::Closed(_));
            self.on_client_event(event);
        }
        if closed && let Some(connection) = self.connection.take() {
            self.link.renew();
            self.feed_server(ServerInput::Eof(connection));
        }
    }

    fn on_client_event(&mut self, event: Event) {
        match event {
            Event::QueryAnswered { id, result } => {
                let endings = self.ended.entry(id).or_default();
                endings.push(Ending::Answered(result));
            }
            Event::QueryFailed { id, reason } => {
                let endings = self.ended.entry(id).or_default();
                endings.push(Ending::Failed(reason));
            }
            other => self.client_events.push(other),
        }
    }

    fn drain_server(&mut self, input: ServerInput) {
        let mut output = Vec::new();
        while let Some(mut outgoing) = self.server.next_outgoing(self.now) {
            let fault = self
                .interceptor
                .as_mut()
                .map_or(Fault::Pass, |interceptor| interceptor(&mut outgoing));
            match fault {
                Fault::Drop => continue,
                Fault::Hold if self.held.is_none() => {
                    self.held = Some(outgoing);
                    continue;
                }
                Fault::Duplicate => {
                    self.server.seal(outgoing.clone(), &mut output);
                }
                _ => {}
            }
            self.server.seal(outgoing, &mut output);
            if let Some(held) = self.held.take()
                && Some(held.connection) == self.connection
            {
                self.server.seal(held, &mut output);
            }
        }
        self.link.send_to_client(self.now, &output);
        self.recording.server.push(Step {
            at: self.now,
            input,
            output,
        });
        let mut answers = Vec::new();
        let mut closed = false;
        while let Some(event) = self.server.poll_event() {
            match &event {
                ServerEvent::Query { request, body, .. } => {
                    self.executed.push(body.clone());
                    match (self.application)(body) {
                        Some(result) => answers.push((*request, result)),
                        None => self.unanswered.push(*request),
                    }
                }
                ServerEvent::ConnectionClosed { connection, .. } => {
                    closed |= self.connection == Some(*connection);
                }
                _ => {}
            }
            self.server_events.push(event);
        }
        for (request, result) in answers {
            self.feed_server(ServerInput::Answer(request, result));
        }
        if closed {
            // What left before the end still arrives; then the client sees the end.
            self.connection = None;
            self.link.cut_after(0);
        }
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair")
            .field("client", &self.client)
            .field("server", &self.server)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
