//! Updates: the ledger of `pts`, and what is missing in it.
//!
//! Section: <https://core.telegram.org/api/updates>.

use std::collections::HashMap;

use mtproto_core::ids::AuthKeyId;
use tl_parser::{Content, ObjectRef};

use super::{Findings, between};
use crate::record::{At, Body, ConnId, Direction, Message, Role, Severity};

/// Keys whose updates are followed.
const MAX_KEYS: usize = 4096;

/// Updates that did not come.
#[derive(Clone, Copy, Debug)]
struct Gap {
    conn: ConnId,
    at: At,
    /// The last `pts` before it.
    from: i32,
    /// The `pts` before the update behind it.
    to: i32,
}

/// The common box of one login; channels have boxes of their own, which are not followed.
#[derive(Debug, Default)]
struct Ledger {
    pts: Option<i32>,
    gap: Option<Gap>,
}

#[derive(Debug, Default)]
pub(super) struct Updates {
    by_key: HashMap<AuthKeyId, Ledger>,
}

impl Updates {
    pub(super) fn message(
        &mut self,
        message: &Message<'_>,
        key: AuthKeyId,
        findings: &mut Findings<'_>,
    ) {
        if self.by_key.len() >= MAX_KEYS && !self.by_key.contains_key(&key) {
            return;
        }
        match (message.direction, message.role) {
            (Direction::ClientToServer, Role::Query) if message.name == "updates.getDifference" => {
                let ledger = self.by_key.entry(key).or_default();
                if let Some(gap) = ledger.gap.take() {
                    let delay = between(&gap.at, &message.at).as_secs_f64();
                    gap.report(
                        Severity::Notice,
                        &format!("the client asks for them after {delay:.1} s"),
                        findings,
                    );
                }
            }
            (Direction::ServerToClient, Role::Update | Role::Result) => {
                let Body::View(view) = message.body else {
                    return;
                };
                if let Some(object) = view.object() {
                    let ledger = self.by_key.entry(key).or_default();
                    ledger.object(object, (message.conn, message.at));
                }
            }
            _ => {}
        }
    }

    /// What is missing still will not come on this connection.
    pub(super) fn connection_ended(&mut self, conn: ConnId, findings: &mut Findings<'_>) {
        for ledger in self.by_key.values_mut() {
            if let Some(gap) = ledger.gap.take_if(|gap| gap.conn == conn) {
                gap.report(
                    Severity::Warning,
                    "the client never asks for them with updates.getDifference",
                    findings,
                );
            }
        }
    }
}

impl Gap {
    fn report(&self, severity: Severity, end: &str, findings: &mut Findings<'_>) {
        findings.add(
            severity,
            "update-gap",
            None,
            self.at,
            format!(
                "the updates with pts {} to {} are missing; {end}",
                self.from.saturating_add(1),
                self.to
            ),
            "call updates.getDifference when pts is not the local one plus pts_count",
            vec![self.at.packet],
        );
    }
}

impl Ledger {
    fn object(&mut self, object: ObjectRef<'_>, place: (ConnId, At)) {
        match object.name() {
            "updates" | "updatesCombined" => {
                let updates = object.vector("updates");
                for update in updates.iter().flat_map(|updates| updates.iter()) {
                    if let Some(Content::Object(update)) = update.content() {
                        self.update(update, place);
                    }
                }
            }
            "updateShort" => {
                if let Some(update) = object.object("update") {
                    self.update(update, place);
                }
            }
            "updateShortMessage" | "updateShortChatMessage" | "updateShortSentMessage" => {
                self.update(object, place);
            }
            // Some of them are about channels, which the object does not tell.
            "messages.affectedMessages" | "messages.affectedHistory" => {
                if let (Some(pts), Some(count), Some(local)) =
                    (object.int("pts"), object.int("pts_count"), self.pts)
                    && pts.checked_sub(count) == Some(local)
                {
                    self.pts = Some(pts);
                }
            }
            "updates.state" => self.state(object),
            "updates.difference" => object
                .object("state")
                .into_iter()
                .for_each(|s| self.state(s)),
            "updates.differenceSlice" => {
                let state = object.object("intermediate_state");
                state.into_iter().for_each(|state| self.state(state));
            }
            _ => {}
        }
    }

    fn state(&mut self, state: ObjectRef<'_>) {
        self.pts = state.int("pts").or(self.pts);
        self.gap = None;
    }

    fn update(&mut self, update: ObjectRef<'_>, (conn, at): (ConnId, At)) {
        // Updates of channels count in boxes of their own.
        if update.name().contains("Channel") {
            return;
        }
        let (Some(pts), Some(count)) = (update.int("pts"), update.int("pts_count")) else {
            return;
        };
        let before = pts.saturating_sub(count);
        match self.pts {
            Some(local) if before > local => {
                let gap = Gap {
                    conn,
                    at,
                    from: local,
                    to: before,
                };
                self.gap.get_or_insert(gap);
                self.pts = Some(pts);
            }
            // A straggler that fills the gap.
            Some(local) if pts <= local => {
                self.gap.take_if(|gap| gap.from == before && gap.to == pts);
            }
            _ => self.pts = Some(pts),
        }
    }
}
