//! All runs of a server, found by their nonces, bounded in number and time.

use alloc::collections::{BTreeMap, VecDeque};

use super::{IsTaken, Refusal, RefusalReason, ServerConfig, ServerHandshake, ServerStep};
use crate::ids::Nonce;
use crate::random::SecureRandom;
use crate::time::{Duration, Instant, UnixTime};
use crate::tl::key_exchange::{ReqDhParams, ReqPq, ReqPqMulti, SetClientDhParams};
use crate::tl::{Combinator, ReadErrorKind, Reader};

/// How many runs are remembered, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLimits {
    /// Runs at once; a new one pushes out the oldest. One takes about 3 KiB at most.
    pub runs: usize,
    /// Time after its first query at which a run is forgotten: up to 10 minutes, says the protocol.
    pub lifetime: Duration,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            runs: 4096,
            lifetime: Duration::from_secs(600),
        }
    }
}

/// The server's side of all key exchanges that are under way.
///
/// Runs belong to no connection: a client may go on with its run on another one.
#[derive(Debug)]
pub struct ServerHandshakes {
    config: ServerConfig,
    limits: RunLimits,
    runs: BTreeMap<Nonce, ServerHandshake>,
    /// Starts of runs in the order of time; a run that ended leaves its entry until it comes up.
    starts: VecDeque<(Instant, Nonce, Nonce)>,
}

impl ServerHandshakes {
    /// No run yet.
    #[must_use]
    pub const fn new(config: ServerConfig, limits: RunLimits) -> Self {
        Self {
            config,
            limits,
            runs: BTreeMap::new(),
            starts: VecDeque::new(),
        }
    }

    /// What the server accepts.
    #[must_use]
    pub const fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Runs remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether no run is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Takes the body of an unencrypted message and gives its answer.
    ///
    /// `now` counts the lifetime of runs, `unix` is the time told to the client, and `is_taken` says whether an
    /// authorization key exists already.
    /// A query that came before, byte for byte, gets the answer that it got before.
    ///
    /// # Errors
    /// The transport error to send instead. The run is forgotten then, so that everything else of it is refused, too.
    pub fn handle(
        &mut self,
        now: Instant,
        unix: UnixTime,
        body: &[u8],
        is_taken: IsTaken<'_>,
        random: &mut dyn SecureRandom,
    ) -> Result<ServerStep, Refusal> {
        self.forget_old(now);
        let mut reader = Reader::new(body);
        let id = reader.constructor().map_err(RefusalReason::from)?;
        let nonce = Nonce(reader.array().map_err(RefusalReason::from)?);
        match id {
            ReqPq::ID | ReqPqMulti::ID => return self.start(now, nonce, random),
            ReqDhParams::ID | SetClientDhParams::ID => {}
            other => {
                let kind = ReadErrorKind::UnexpectedConstructor(other);
                return Err(RefusalReason::Malformed(Reader::new(body).error(kind)).into());
            }
        }
        let server_nonce = Nonce(reader.array().map_err(RefusalReason::from)?);
        let run = self
            .runs
            .get_mut(&nonce)
            // A stranger who knows the client's number alone must not be able to end the run.
            .filter(|run| run.server_nonce() == server_nonce)
            .ok_or(RefusalReason::UnknownRun)?;
        let step = if id == ReqDhParams::ID {
            run.handle_req_dh_params(&self.config, unix, body, random)
        } else {
            run.handle_set_client_dh_params(&self.config, body, is_taken)
        };
        step.map_err(|reason| {
            self.runs.remove(&nonce);
            reason.into()
        })
    }

    fn start(
        &mut self,
        now: Instant,
        nonce: Nonce,
        random: &mut dyn SecureRandom,
    ) -> Result<ServerStep, Refusal> {
        let reply = if let Some(run) = self.runs.get(&nonce) {
            run.res_pq()
        } else {
            let handshake = ServerHandshake::new(&self.config, nonce, random)?;
            let reply = handshake.res_pq();
            self.starts
                .push_back((now, nonce, handshake.server_nonce()));
            self.runs.insert(nonce, handshake);
            while self.starts.len() > self.limits.runs {
                self.forget_oldest();
            }
            reply
        };
        Ok(ServerStep {
            reply,
            created: None,
        })
    }

    fn forget_old(&mut self, now: Instant) {
        let lifetime = self.limits.lifetime;
        while let Some((started, ..)) = self.starts.front()
            && now.saturating_duration_since(*started) >= lifetime
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((_, nonce, server_nonce)) = self.starts.pop_front() else {
            return;
        };
        // The same number of the client may have started again after its run had ended.
        if self
            .runs
            .get(&nonce)
            .is_some_and(|run| run.server_nonce() == server_nonce)
        {
            self.runs.remove(&nonce);
        }
    }
}
