//! Whatever happens and whatever was missed: the difference tells each change once, and `pts` never goes back.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tl_parser::Object;

use crate::driver::{ALICE, BOB, Client, Stage, ids, objects, send_message};

/// Something that happens in a chat.
#[derive(Clone, Copy, Debug)]
enum Act {
    AliceWrites,
    BobWrites,
    /// The message before the newest but so many.
    AliceEdits(u8),
    AliceDeletes(u8),
    AlicePins(u8),
    BobReads,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::AliceWrites),
        2 => Just(Act::BobWrites),
        2 => (0_u8..6).prop_map(Act::AliceEdits),
        1 => (0_u8..6).prop_map(Act::AliceDeletes),
        1 => (0_u8..6).prop_map(Act::AlicePins),
        1 => Just(Act::BobReads),
    ]
}

/// Alice, who acts; Bob, who acts; and Bob's second session, which only listens.
struct Scene {
    stage: Stage,
    alice: Client,
    bob: Client,
    listener: Client,
    /// The chat as Alice and as Bob name it.
    at_alice: Object,
    at_bob: Object,
    /// Ids of Alice's messages that are left, as she knows them.
    written: Vec<i32>,
    count: u32,
}

impl Scene {
    fn private() -> Self {
        let mut stage = Stage::new();
        let (alice, bob, listener) = (stage.log_in(ALICE), stage.log_in(BOB), stage.log_in(BOB));
        let at_alice = stage.peer(alice, "bob_mtkit");
        let at_bob = stage.peer(bob, "alice_mtkit");
        Self::of(stage, [alice, bob, listener], at_alice, at_bob)
    }

    /// A supergroup of both.
    fn channel() -> Self {
        let mut stage = Stage::new();
        let (alice, bob, listener) = (stage.log_in(ALICE), stage.log_in(BOB), stage.log_in(BOB));
        let create = Object::new("channels.createChannel")
            .with("megagroup", true)
            .with("title", "Both")
            .with("about", "");
        let made = stage.ok(alice, create);
        let at_alice = as_peer(&objects(&made, "chats")[0]);
        let export = Object::new("messages.exportChatInvite").with("peer", at_alice.clone());
        let link = stage.ok(alice, export);
        let hash = link.str("link").unwrap().rsplit('+').next().unwrap();
        let import = Object::new("messages.importChatInvite").with("hash", hash);
        stage.ok(bob, import);
        let chats = stage.ok(bob, crate::driver::get_dialogs());
        let at_bob = as_peer(&objects(&chats, "chats")[0]);
        Self::of(stage, [alice, bob, listener], at_alice, at_bob)
    }

    fn of(mut stage: Stage, who: [Client; 3], at_alice: Object, at_bob: Object) -> Self {
        let [alice, bob, listener] = who;
        stage.updates(listener);
        Self {
            stage,
            alice,
            bob,
            listener,
            at_alice,
            at_bob,
            written: Vec::new(),
            count: 0,
        }
    }

    fn write(&mut self, client: Client, peer: &Object) -> i32 {
        self.count += 1;
        let text = format!("message {}", self.count);
        let random_id = self.stage.random();
        let reply = self.stage.ok(client, send_message(peer, &text, random_id));
        objects(&reply, "updates")[0].int("id").unwrap()
    }

    /// One of Alice's messages, counted from the newest.
    fn pick(&self, back: u8) -> Option<i32> {
        let index = self.written.len().checked_sub(1 + usize::from(back))?;
        self.written.get(index).copied()
    }

    fn play(&mut self, act: Act) {
        let peer = self.at_alice.clone();
        match act {
            Act::AliceWrites => {
                let id = self.write(self.alice, &peer);
                self.written.push(id);
            }
            Act::BobWrites => {
                let peer = self.at_bob.clone();
                self.write(self.bob, &peer);
            }
            Act::AliceEdits(back) => {
                let Some(id) = self.pick(back) else { return };
                self.count += 1;
                let edit = Object::new("messages.editMessage")
                    .with("peer", peer)
                    .with("id", id)
                    .with("message", format!("edit {}", self.count));
                self.stage.ok(self.alice, edit);
            }
            Act::AliceDeletes(back) => {
                let Some(id) = self.pick(back) else { return };
                self.written.retain(|one| *one != id);
                let delete = match as_channel(&peer) {
                    Some(channel) => {
                        Object::new("channels.deleteMessages").with("channel", channel)
                    }
                    None => Object::new("messages.deleteMessages").with("revoke", true),
                };
                self.stage.ok(self.alice, delete.with("id", ids(&[id])));
            }
            Act::AlicePins(back) => {
                let Some(id) = self.pick(back) else { return };
                let pin = Object::new("messages.updatePinnedMessage")
                    .with("silent", true)
                    .with("peer", peer)
                    .with("id", id);
                let _ = self.stage.call(self.alice, &pin);
            }
            Act::BobReads => {
                let read = match as_channel(&self.at_bob) {
                    Some(channel) => Object::new("channels.readHistory").with("channel", channel),
                    None => Object::new("messages.readHistory").with("peer", self.at_bob.clone()),
                };
                self.stage
                    .call(self.bob, &read.with("max_id", i32::MAX))
                    .unwrap();
            }
        }
    }

    /// What the listener was told since the last look, as far as it counts.
    fn told(&mut self) -> Vec<Object> {
        let mut updates = self.stage.updates(self.listener);
        updates.retain(|update| update.int("pts_count").is_some());
        updates
    }

    fn pts(&mut self) -> i32 {
        match as_channel(&self.at_bob) {
            None => self.stage.pts(self.bob),
            Some(channel) => {
                let full = Object::new("channels.getFullChannel").with("channel", channel);
                let full = self.stage.ok(self.bob, full);
                full.object("full_chat").unwrap().int("pts").unwrap()
            }
        }
    }

    /// Asks for everything after `pts` in slices; gives ids of new messages, names of other updates, and where it ends.
    fn catch_up(&mut self, mut pts: i32, slice: i32) -> (Vec<i32>, Vec<String>, i32) {
        let (mut new, mut other) = (Vec::new(), Vec::new());
        loop {
            let ask = match as_channel(&self.at_bob) {
                None => Object::new("updates.getDifference")
                    .with("pts_limit", slice)
                    .with("date", 0)
                    .with("qts", 0),
                Some(channel) => Object::new("updates.getChannelDifference")
                    .with("channel", channel)
                    .with("filter", Object::new("channelMessagesFilterEmpty"))
                    .with("limit", slice),
            };
            let reply = self.stage.ok(self.listener, ask.with("pts", pts));
            if reply.name().ends_with("Empty") {
                return (new, other, pts);
            }
            let messages = objects(&reply, "new_messages");
            new.extend(messages.iter().map(|message| message.int("id").unwrap()));
            let updates = objects(&reply, "other_updates");
            other.extend(updates.iter().map(|update| update.name().to_owned()));
            let state = reply
                .object("state")
                .or_else(|| reply.object("intermediate_state"));
            let reached = state.unwrap_or(&reply).int("pts").unwrap();
            assert!(reached > pts, "a slice that does not move would never end");
            pts = reached;
            let last = reply.name() == "updates.difference" || reply.flag("final");
            if last {
                return (new, other, pts);
            }
        }
    }
}

fn as_peer(channel: &Object) -> Object {
    Object::new("inputPeerChannel")
        .with("channel_id", channel.long("id").unwrap())
        .with("access_hash", channel.long("access_hash").unwrap())
}

fn as_channel(peer: &Object) -> Option<Object> {
    let id = peer.long("channel_id")?;
    Some(
        Object::new("inputChannel")
            .with("channel_id", id)
            .with("access_hash", peer.long("access_hash")?),
    )
}

fn check(mut scene: Scene, acts: &[Act], from: usize, slice: i32) {
    let start = scene.pts();
    let mut last = start;
    let mut told = Vec::new();
    let mut asked = start;
    for (index, act) in acts.iter().enumerate() {
        if index == from {
            asked = last;
        }
        scene.play(*act);
        for update in scene.told() {
            let (pts, count) = (update.int("pts").unwrap(), update.int("pts_count").unwrap());
            assert_eq!(pts, last + count, "{update:?}");
            assert!(count >= 1);
            last = pts;
            told.push(update);
        }
    }
    assert_eq!(scene.pts(), last);
    let (new, other, reached) = scene.catch_up(asked, slice);
    assert_eq!(reached, last);
    let (_, _, again) = scene.catch_up(reached, slice);
    assert_eq!(again, last, "and nothing more");

    let missed: Vec<_> = told
        .iter()
        .filter(|update| update.int("pts").unwrap() > asked)
        .collect();
    let gone: BTreeSet<i32> = told
        .iter()
        .filter(|update| update.name().starts_with("updateDelete"))
        .flat_map(|update| update.vector("messages").unwrap())
        .filter_map(tl_parser::Value::as_int)
        .collect();
    let is_new = |update: &Object| {
        matches!(
            update.name(),
            "updateNewMessage" | "updateNewChannelMessage"
        )
    };
    let came: Vec<i32> = missed
        .iter()
        .filter(|update| is_new(update))
        .map(|update| update.object("message").unwrap().int("id").unwrap())
        .filter(|id| !gone.contains(id))
        .collect();
    assert_eq!(new, came, "each message that is left, once, in order");
    let others: Vec<String> = missed
        .iter()
        .filter(|update| !is_new(update))
        .map(|update| update.name().to_owned())
        .collect();
    assert_eq!(other, others, "each other change once, in order");
}

proptest! {
    #[test]
    fn a_box_tells_each_change_once(
        acts in prop::collection::vec(act(), 1..30),
        from in 0_usize..30,
        slice in 1_i32..8,
    ) {
        check(Scene::private(), &acts, from, slice);
    }

    #[test]
    fn a_channel_tells_each_change_once(
        acts in prop::collection::vec(act(), 1..30),
        from in 0_usize..30,
        slice in 1_i32..8,
    ) {
        check(Scene::channel(), &acts, from, slice);
    }
}
