//! Clients of different layers in one world.

use std::collections::{BTreeMap, BTreeSet};

use mtproto_core::crypto::dh::DhParams;
use mtproto_core::endpoint::{RequestId, SessionKey};
use mtproto_core::ids::{AuthKeyId, SessionId};
use tl_parser::{Layers, Limits, Object, Value};
use world::{UnixTime, World, WorldConfig};

use super::{Action, Dcs, Query, Rpc};
use crate::password::Srp;

const NOW: i64 = 1_800_000_000;

/// A client that speaks one layer.
#[derive(Clone, Copy)]
struct Client {
    key: i64,
    layer: i32,
}

impl Client {
    fn session(self) -> SessionKey {
        SessionKey {
            auth_key_id: AuthKeyId::from_long(self.key),
            session_id: SessionId(self.key),
        }
    }
}

struct Stage {
    rpc: Rpc,
    requests: u64,
    inbox: BTreeMap<SessionKey, Vec<Vec<u8>>>,
}

impl Stage {
    /// Alice and Bob with ready keys, of these layers.
    fn new(alice: i32, bob: i32) -> (Self, Client, Client) {
        let group = DhParams::known(3).unwrap();
        let world = World::new(WorldConfig::default(), Box::new(Srp::new(group)));
        let ids: Vec<i64> = world.accounts().iter().map(|one| one.id).collect();
        let dcs = Dcs {
            all: BTreeSet::from([2]),
            default: 2,
        };
        let (alice, bob) = (
            Client {
                key: 1,
                layer: alice,
            },
            Client { key: 2, layer: bob },
        );
        let ready = [alice, bob].into_iter().zip(ids);
        let ready = ready.map(|(client, id)| (AuthKeyId::from_long(client.key), id));
        let stage = Self {
            rpc: Rpc::new(world, dcs, ready.collect()),
            requests: 0,
            inbox: BTreeMap::new(),
        };
        (stage, alice, bob)
    }

    /// Calls in the client's layer, through bytes both ways.
    #[track_caller]
    fn call(&mut self, client: Client, request: Object) -> Object {
        let schema = Layers::bundled().at(client.layer).schema;
        let function = request.name().to_owned();
        let init = Object::new("initConnection")
            .with("api_id", 1)
            .with("device_model", "test")
            .with("system_version", "")
            .with("app_version", "")
            .with("system_lang_code", "")
            .with("lang_pack", "")
            .with("lang_code", "")
            .with("query", request);
        let wrapped = Object::new("invokeWithLayer")
            .with("layer", client.layer)
            .with("query", init);
        let body = schema.encode(&wrapped.into()).unwrap();
        self.requests += 1;
        let query = Query {
            request: RequestId(self.requests),
            key: client.session(),
            login_key: Some(AuthKeyId::from_long(client.key)),
            dc: None,
            ip: "127.0.0.1",
            body: &body,
        };
        let mut actions = Vec::new();
        self.rpc
            .handle_query(UnixTime::new(NOW, 0), &query, &mut actions);
        let mut answer = None;
        for action in actions {
            match action {
                Action::Answer { result, .. } => answer = Some(result),
                Action::Push { to, body } => self.inbox.entry(to).or_default().push(body),
                Action::Keep { .. } => {}
            }
        }
        let bytes = answer.expect("every call is answered").unwrap();
        let declared = schema.by_name(&function).unwrap().result_type();
        let reply = schema.decode_as(declared, &bytes, Limits::NETWORK).unwrap();
        reply.into_object().unwrap()
    }

    /// The message in the newest update that a client got, read in its own layer.
    #[track_caller]
    fn message(&mut self, client: Client) -> Object {
        let schema = Layers::bundled().at(client.layer).schema;
        let body = self
            .inbox
            .get_mut(&client.session())
            .unwrap()
            .pop()
            .unwrap();
        let container = schema.decode_as("Updates", &body, Limits::NETWORK).unwrap();
        let message = container.at("updates.0.message").unwrap();
        message.as_object().unwrap().clone()
    }

    fn peer(&mut self, client: Client, username: &str) -> Object {
        let ask = Object::new("contacts.resolveUsername").with("username", username);
        let found = self.call(client, ask);
        let user = found.at("users.0").and_then(Value::as_object).unwrap();
        Object::new("inputPeerUser")
            .with("user_id", user.long("id").unwrap())
            .with("access_hash", user.long("access_hash").unwrap())
    }
}

trait At {
    fn at(&self, path: &str) -> Option<&Value>;
}

impl At for Object {
    /// The value at a path of fields and indices.
    fn at(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let mut value = self.get(first)?;
        for step in rest.split('.').filter(|step| !step.is_empty()) {
            value = match step.parse::<usize>() {
                Ok(index) => value.as_vector()?.get(index)?,
                Err(_) => value.as_object()?.get(step)?,
            };
        }
        Some(value)
    }
}

fn send(peer: &Object, text: &str, random_id: i64) -> Object {
    Object::new("messages.sendMessage")
        .with("peer", peer.clone())
        .with("message", text)
        .with("random_id", random_id)
}

#[test]
fn clients_of_layers_158_and_230_chat_and_each_reads_what_its_layer_can_say() {
    let (mut stage, old, new) = Stage::new(158, 230);
    let (to_new, to_old) = (stage.peer(old, "bob_mtkit"), stage.peer(new, "alice_mtkit"));
    stage.call(old, send(&to_new, "from the old one", 1));
    let got = stage.message(new);
    assert_eq!(got.str("message"), Some("from the old one"));

    // A quotation is newer than layer 158: there the reply stays, without it.
    let reply_to = Object::new("inputReplyToMessage")
        .with("reply_to_msg_id", got.int("id").unwrap())
        .with("quote_text", "old one");
    let answer = send(&to_old, "quoting you", 2).with("reply_to", reply_to);
    let reply = stage.call(new, answer);
    let own = reply.at("updates.1.message").unwrap().as_object().unwrap();
    let quote = own.object("reply_to").unwrap().str("quote_text");
    assert_eq!(quote, Some("old one"));
    let got = stage.message(old);
    let header = got.object("reply_to").unwrap();
    assert_eq!(header.int("reply_to_msg_id"), Some(1));
    assert_eq!(header.get("quote_text"), None);

    // The old way to reply is understood too.
    let answer = send(&to_new, "answering", 3).with("reply_to_msg_id", got.int("id").unwrap());
    stage.call(old, answer);
    let got = stage.message(new);
    assert!(
        got.object("reply_to")
            .unwrap()
            .int("reply_to_msg_id")
            .is_some()
    );
}

#[test]
fn a_question_with_formatting_is_plain_text_for_an_old_client() {
    let (mut stage, old, new) = Stage::new(158, 230);
    let to_old = stage.peer(new, "alice_mtkit");
    stage.call(old, Object::new("updates.getState"));
    let text = |text: &str| {
        Object::new("textWithEntities")
            .with("text", text)
            .with("entities", Vec::<Value>::new())
    };
    let answer = |words: &str, option: &[u8]| {
        Object::new("pollAnswer")
            .with("text", text(words))
            .with("option", option)
    };
    let poll = Object::new("poll")
        .with("id", 0_i64)
        .with("question", text("Tea?"))
        .with(
            "answers",
            Value::vector([answer("yes", b"0"), answer("no", b"1")]),
        )
        .with("hash", 0_i64);
    let media = Object::new("inputMediaPoll").with("poll", poll);
    let request = Object::new("messages.sendMedia")
        .with("peer", to_old)
        .with("media", media)
        .with("message", "")
        .with("random_id", 1_i64);
    let reply = stage.call(new, request);
    let own = reply.at("updates.1.message.media.poll.question.text");
    assert_eq!(own.and_then(Value::as_str), Some("Tea?"));
    let got = stage.message(old);
    let poll = got.at("media.poll").unwrap().as_object().unwrap();
    assert_eq!(poll.str("question"), Some("Tea?"));
    let first = got.at("media.poll.answers.0.text");
    assert_eq!(first.and_then(Value::as_str), Some("yes"));
}
