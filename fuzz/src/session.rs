//! Sessions: a server takes any messages under a good key, and two sides keep their promises under any schedule.

use arbitrary::{Arbitrary, Unstructured};
use mtproto_core::endpoint::{RequestId, ServerEvent};
use mtproto_core::ids::{MsgId, SeqNo, ServerSalt};
use mtproto_core::raw::RawMessage;
use mtproto_core::session::{QueryId, QueryOptions};
use mtproto_core::time::Duration;
use mtproto_core::transport::Transport;
use testkit::{LoneServer, Pair, Split};

/// Inputs longer than this many operations say nothing new.
const MAX_OPERATIONS: usize = 64;

/// Something that a client does to a server, keeping to the rules or not.
#[derive(Arbitrary, Debug)]
enum Move<'a> {
    /// Bytes as they are.
    Bytes(&'a [u8]),
    /// The payload of a frame.
    Payload(&'a [u8]),
    /// A well-sealed message that keeps the rules but for its body.
    Message(bool, &'a [u8]),
    /// A well-sealed message with these fields.
    Raw(i64, i64, i32, bool, &'a [u8]),
    /// A message from about now, with these low bits and sequence number.
    Near(i16, i32, &'a [u8]),
    /// The same message twice.
    Twice(&'a [u8]),
    Answer(u8),
    Push(u8),
    Pass(u16),
    NewStream(u8),
    EndOfStream,
}

/// A server against a client that knows a key and may do anything.
pub fn endpoint(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut config = testkit::server_config();
    config.session.queued_messages = 64;
    config.session.unacked_messages = 32;
    config.session.pending_queries = 16;
    config.sessions_per_key = 4;
    let mut lone = LoneServer::with(config);
    for _ in 0..MAX_OPERATIONS {
        let Ok(next) = Move::arbitrary(&mut input) else {
            break;
        };
        make_move(&mut lone, next);
        let stored = lone.server.sessions_of(lone.key.id()).count();
        assert!(stored <= 4, "sessions are bounded");
    }
    let queries = lone.queries();
    for (index, (request, _)) in queries.iter().enumerate() {
        let again = queries
            .iter()
            .skip(index + 1)
            .any(|other| other.0 == *request);
        assert!(!again, "a query is told once");
    }
}

fn make_move(lone: &mut LoneServer, next: Move<'_>) {
    match next {
        Move::Bytes(bytes) => drop(lone.send_bytes(bytes)),
        Move::Payload(payload) => {
            let whole = payload.len() & !3;
            drop(lone.send_payload(&payload[..whole], payload.len() & 1 == 1));
        }
        Move::Message(content_related, body) => {
            drop(lone.say(content_related, &words(body)));
        }
        Move::Raw(salt, msg_id, seq_no, own_session, body) => {
            let session = if own_session { lone.session_id.0 } else { salt };
            let message = RawMessage::new(
                ServerSalt(if own_session { lone.salt.0 } else { salt }),
                mtproto_core::ids::SessionId(session),
                MsgId(msg_id),
                SeqNo(seq_no),
                words(body),
            );
            drop(lone.send(&message));
        }
        Move::Near(low, seq_no, body) => {
            let mut message = lone.message(true, &words(body));
            message.msg_id.0 = message.msg_id.0.wrapping_add(i64::from(low));
            message.seq_no = SeqNo(seq_no);
            drop(lone.send(&message));
        }
        Move::Twice(body) => {
            let message = lone.message(true, &words(body));
            drop(lone.send(&message));
            drop(lone.send(&message));
        }
        Move::Answer(number) => answer(lone, usize::from(number)),
        Move::Push(number) => {
            let key = lone.session_key();
            lone.server.push_update(lone.now, key, &[number; 8]);
            lone.drain();
        }
        Move::Pass(millis) => {
            drop(lone.pass(Duration::from_millis(u64::from(millis) * 16)));
        }
        Move::NewStream(choice) => lone.open_stream(
            [
                Transport::Abridged,
                Transport::Intermediate,
                Transport::PaddedIntermediate,
                Transport::Full,
            ][usize::from(choice % 4)],
        ),
        Move::EndOfStream => {
            lone.server.handle_eof(lone.now, lone.connection);
            lone.drain();
        }
    }
}

fn answer(lone: &mut LoneServer, number: usize) {
    let requests: Vec<RequestId> = lone
        .events
        .iter()
        .filter_map(|event| match event {
            ServerEvent::Query { request, .. } => Some(*request),
            _ => None,
        })
        .collect();
    if let Some(request) = requests.get(number) {
        lone.server.answer(lone.now, *request, Ok(&[9; 8]));
        lone.drain();
    }
}

/// Bodies are whole words; what is left over is cut off.
fn words(body: &[u8]) -> Vec<u8> {
    body[..body.len() & !3].to_vec()
}

/// Something that happens between a client and a server of this crate.
#[derive(Arbitrary, Debug)]
enum Operation {
    Query(u8, Option<u16>),
    AnswerOldest,
    Cancel(u8),
    Push(u8),
    Ping,
    Wait(u16),
    Cut,
    CutAfter(u16),
    Reconnect,
}

/// A client and a server under any schedule: each query ends exactly once, none is executed twice.
pub fn session_ops(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let seed = u64::from(u8::arbitrary(&mut input).unwrap_or(0));
    let mut pair = Pair::builder()
        .seed(seed)
        .split(Split::Random(64))
        .sharing_a_key()
        .build();
    // Queries with an odd first byte are answered later.
    pair.application(|body| (body[0] & 1 == 0).then(|| Ok(body.to_vec())));
    let mut queries: Vec<QueryId> = Vec::new();
    for number in 0..MAX_OPERATIONS {
        let Ok(operation) = Operation::arbitrary(&mut input) else {
            break;
        };
        apply(&mut pair, &mut queries, number, &operation);
    }
    for _ in 0..4 {
        if !pair.is_connected() {
            pair.reconnect();
        }
        pair.run_for(Duration::from_secs(30));
        for request in std::mem::take(&mut pair.unanswered) {
            pair.answer(request, Ok(vec![0; 4]));
        }
    }
    for query in queries {
        assert_eq!(pair.endings_of(query), 1, "{query:?} ends exactly once");
    }
    let executed = pair.executed.len();
    pair.executed.sort();
    pair.executed.dedup();
    assert_eq!(pair.executed.len(), executed, "no query is executed twice");
}

fn apply(pair: &mut Pair, queries: &mut Vec<QueryId>, number: usize, operation: &Operation) {
    match *operation {
        Operation::Query(kind, timeout) => {
            let options = QueryOptions {
                quick_ack: kind & 2 == 2,
                timeout: timeout.map(|millis| Duration::from_millis(millis.into())),
                // Some come after the query before them.
                after: queries
                    .last()
                    .copied()
                    .filter(|_| kind & 4 == 4)
                    .into_iter()
                    .collect(),
            };
            let number = u32::try_from(number).expect("few operations");
            let body = [[kind & 1, 0xf0, 0xf0, 0xf0], number.to_le_bytes()].concat();
            queries.push(pair.query_with(&body, options));
        }
        Operation::AnswerOldest if !pair.unanswered.is_empty() => {
            let request = pair.unanswered.remove(0);
            pair.answer(request, Ok(vec![0; 4]));
        }
        Operation::Cancel(index) => {
            if let Some(query) = queries.get(usize::from(index)) {
                // It may have ended already.
                let _ = pair.client.cancel_query(pair.now, *query);
            }
        }
        Operation::Push(byte) => {
            let session = pair.session_key().expect("the key is known from the start");
            let mut known = pair.server.sessions_of(session.auth_key_id);
            if known.any(|(key, _)| key == session) {
                drop(known);
                pair.push(&[byte | 1; 8]);
            }
        }
        Operation::Ping => {
            pair.ping();
        }
        Operation::Wait(millis) => pair.run_for(Duration::from_millis(millis.into())),
        Operation::Cut => pair.cut(),
        Operation::CutAfter(bytes) => pair.cut_after(bytes.into()),
        Operation::Reconnect if !pair.is_connected() => pair.reconnect(),
        Operation::AnswerOldest | Operation::Reconnect => {}
    }
}
