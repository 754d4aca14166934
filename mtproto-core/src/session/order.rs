//! The server's side of `invokeAfterMsg` and `invokeAfterMsgs`: queries that wait until earlier ones have ended.
//!
//! A query whose earlier ones succeeded is executed, one of whose earlier ones failed gets `MSG_WAIT_FAILED`, and one
//! that waited too long gets `MSG_WAIT_TIMEOUT`. A message that is not known may still come, so it is waited for, too.
//! Section: <https://core.telegram.org/api/invoking#sequential-requests>.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::ServerSessionEvent;
use super::server::ServerSession;
use crate::ids::MsgId;
use crate::known_calls::KnownCall;
use crate::rpc::RpcError;
use crate::time::Instant;

/// Wrappers inside each other that are taken off.
const MAX_WRAPPERS: usize = 4;
/// Earlier messages that one query may name.
const MAX_EARLIER: usize = 128;

/// A query that waits.
#[derive(Debug)]
struct HeldQuery {
    /// The messages of the queries that have not ended.
    earlier: Vec<MsgId>,
    body: Vec<u8>,
    deadline: Instant,
}

/// The queries that wait for others.
#[derive(Debug, Default)]
pub(super) struct Held {
    queries: BTreeMap<MsgId, HeldQuery>,
    bytes: usize,
}

/// What the end of a query means for one that waited for it.
enum Released {
    Ready(MsgId, Vec<u8>),
    Failed(MsgId),
}

impl Held {
    fn remove(&mut self, id: MsgId) -> Option<HeldQuery> {
        let held = self.queries.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(held.body.len());
        Some(held)
    }

    /// When the first of them has waited too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queries.values().map(|held| held.deadline).min()
    }

    fn overdue(&self, now: Instant) -> Option<MsgId> {
        let overdue = |held: &HeldQuery| held.deadline <= now;
        self.queries
            .iter()
            .find(|(_, held)| overdue(held))
            .map(|(id, _)| *id)
    }

    fn on_ended(&mut self, ended: MsgId, failed: bool) -> Vec<Released> {
        let mut done = Vec::new();
        for (id, held) in &mut self.queries {
            let before = held.earlier.len();
            held.earlier.retain(|earlier| *earlier != ended);
            if held.earlier.len() < before && (failed || held.earlier.is_empty()) {
                done.push(*id);
            }
        }
        done.into_iter()
            .filter_map(|id| {
                let held = self.remove(id)?;
                Some(if failed {
                    Released::Failed(id)
                } else {
                    Released::Ready(id, held.body)
                })
            })
            .collect()
    }
}

/// How far an earlier query has come.
enum Progress {
    Ended,
    Failed,
    Awaited,
}

impl ServerSession {
    /// Takes a query up: hands it out, or lets it wait for those that it names.
    pub(super) fn take_query(&mut self, now: Instant, msg_id: MsgId, body: Cow<'_, [u8]>) {
        let Some((earlier, query)) = take_wrappers(&body) else {
            self.hand_out(msg_id, body.into_owned());
            return;
        };
        // Clients compress what is inside the wrapper.
        let query = match self.ledger.inflate(query) {
            Ok(query) if earlier.len() <= MAX_EARLIER => query.into_owned(),
            _ => {
                self.end_with(msg_id, &wait_failed());
                return;
            }
        };
        let mut awaited = Vec::new();
        for id in earlier {
            match self.progress(id) {
                Progress::Ended => {}
                Progress::Failed => {
                    self.end_with(msg_id, &wait_failed());
                    return;
                }
                Progress::Awaited => awaited.push(id),
            }
        }
        if awaited.is_empty() {
            self.hand_out(msg_id, query);
            return;
        }
        let config = &self.ledger.config;
        let bytes = self.held.bytes.saturating_add(query.len());
        if self.held.queries.len() >= config.held_queries || bytes > config.held_bytes {
            self.end_with(msg_id, &wait_timeout());
            return;
        }
        let held = HeldQuery {
            earlier: awaited,
            body: query,
            deadline: now.saturating_add(config.held_for),
        };
        self.held.bytes = bytes;
        self.held.queries.insert(msg_id, held);
    }

    /// Lets time pass: queries that waited too long end.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(id) = self.held.overdue(now) {
            self.end_with(id, &wait_timeout());
        }
    }

    /// A query has ended: those that waited for it go on, or end as well.
    pub(super) fn release(&mut self, ended: MsgId, failed: bool) {
        self.held.remove(ended);
        let mut all = [(ended, failed)].to_vec();
        while let Some((ended, failed)) = all.pop() {
            for released in self.held.on_ended(ended, failed) {
                match released {
                    Released::Ready(id, body) => self.hand_out(id, body),
                    Released::Failed(id) => {
                        self.write_error(id, &wait_failed());
                        all.push((id, true));
                    }
                }
            }
        }
    }

    fn end_with(&mut self, id: MsgId, error: &RpcError) {
        self.write_error(id, error);
        self.release(id, true);
    }

    fn progress(&self, id: MsgId) -> Progress {
        match self.ledger.received.fate(id) {
            _ if self.running.contains(&id) => Progress::Awaited,
            Some(fate) if fate.failed => Progress::Failed,
            Some(_) => Progress::Ended,
            None => Progress::Awaited,
        }
    }

    fn hand_out(&mut self, msg_id: MsgId, body: Vec<u8>) {
        self.events
            .push_back(ServerSessionEvent::Query { msg_id, body });
    }
}

/// The messages that a query names, and the query itself; `None` if it names none.
fn take_wrappers(body: &[u8]) -> Option<(Vec<MsgId>, &[u8])> {
    let mut earlier = Vec::new();
    let mut rest = None;
    for _ in 0..MAX_WRAPPERS {
        match KnownCall::read(rest.unwrap_or(body)) {
            Some(KnownCall::InvokeAfterMsg { msg_id, query }) => {
                earlier.push(msg_id);
                rest = Some(query);
            }
            Some(KnownCall::InvokeAfterMsgs { msg_ids, query }) => {
                earlier.extend(msg_ids.iter());
                rest = Some(query);
            }
            _ => break,
        }
    }
    rest.map(|query| (earlier, query))
}

fn wait_failed() -> RpcError {
    RpcError::new(400, RpcError::WAIT_FAILED)
}

fn wait_timeout() -> RpcError {
    RpcError::new(-503, RpcError::WAIT_TIMEOUT)
}
