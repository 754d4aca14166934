//! A small stage for stories: a world, its clock, and what arrived where.

use std::collections::BTreeMap;

use tl_parser::{Object, Value};
use world::{
    Caller, ClientInfo, DcAddress, Effect, Outcome, PasswordChallenge, PasswordCrypto,
    PasswordParams, PasswordProof, Push, UnixTime, World, WorldConfig,
};

use crate::check;

pub(crate) const START: i64 = 1_800_000_000;
pub(crate) const ALICE: &str = "9996620001";
pub(crate) const BOB: &str = "9996620002";
pub(crate) const CAROL: &str = "9996620003";
pub(crate) const CODE: &str = "22222";

/// A stand-in for SRP that proves a password by saying it; the mathematics has its own tests elsewhere.
pub(crate) struct SaidAloud;

fn padded(text: &[u8]) -> [u8; 256] {
    let mut bytes = [0; 256];
    bytes[..text.len()].copy_from_slice(text);
    bytes
}

impl PasswordCrypto for SaidAloud {
    fn group(&self) -> (i32, [u8; 256]) {
        (3, [0xc7; 256])
    }

    fn verifier(&self, _: &PasswordParams, password: &[u8]) -> [u8; 256] {
        padded(password)
    }

    fn challenge(
        &self,
        _: &PasswordParams,
        _: &[u8; 256],
        random: &[u8; 256],
    ) -> PasswordChallenge {
        PasswordChallenge {
            b: *random,
            srp_b: *random,
        }
    }

    fn check(
        &self,
        _: &PasswordParams,
        verifier: &[u8; 256],
        challenge: &PasswordChallenge,
        proof: PasswordProof<'_>,
    ) -> bool {
        proof.a == challenge.srp_b && padded(proof.m1) == *verifier
    }
}

/// An `inputCheckPasswordSRP` that says `password` to the challenge of an `account.password`.
pub(crate) fn say(password: &str, challenge: &Object) -> Object {
    Object::new("inputCheckPasswordSRP")
        .with("srp_id", challenge.long("srp_id").unwrap())
        .with("A", challenge.bytes("srp_B").unwrap())
        .with("M1", password)
}

/// One authorization key with one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Client {
    pub(crate) key: i64,
    pub(crate) session: i64,
    pub(crate) dc: i32,
    /// Last number of the address that the client calls from.
    pub(crate) host: u8,
}

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) now: i64,
    next_key: i64,
    next_random: i64,
    inbox: BTreeMap<i64, Vec<Object>>,
    pub(crate) effects: Vec<Effect>,
    /// Everything that ever came out, to compare whole runs.
    pub(crate) transcript: Vec<Outcome>,
}

pub(crate) fn config(seed: u64) -> WorldConfig {
    let dc = |id| DcAddress {
        id,
        ip: "127.0.0.1".into(),
        port: 20_001,
        media_only: false,
    };
    WorldConfig {
        seed,
        dcs: (1..=5).map(dc).collect(),
        ..WorldConfig::default()
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(config(7))
    }

    pub(crate) fn with(config: WorldConfig) -> Self {
        Self {
            world: World::new(config, Box::new(SaidAloud)),
            now: START,
            next_key: 1000,
            next_random: 1,
            inbox: BTreeMap::new(),
            effects: Vec::new(),
            transcript: Vec::new(),
        }
    }

    /// A key without a login.
    pub(crate) fn client(&mut self) -> Client {
        self.next_key += 1;
        Client {
            key: self.next_key,
            session: self.next_key * 10,
            dc: 2,
            host: 1,
        }
    }

    /// Makes a call; checks and files everything that comes out.
    pub(crate) fn call(&mut self, client: Client, request: &Object) -> Result<Value, String> {
        let caller = Caller {
            auth_key_id: client.key,
            session_id: client.session,
            layer: 230,
            dc: client.dc,
            client: Some(ClientInfo {
                api_id: 1,
                device_model: "stage".into(),
                ..ClientInfo::default()
            }),
            ip: format!("127.0.0.{}", client.host),
        };
        let outcome = self.world.call(
            UnixTime::new(self.now, 0),
            &caller,
            &check::request(request),
        );
        self.transcript.push(outcome.clone());
        for push in &outcome.pushes {
            self.file(push, Some(client));
        }
        self.effects.extend(outcome.effects);
        match outcome.reply {
            Ok(value) => {
                check::reply(request.name(), &value);
                Ok(value)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Lets time pass, with whatever is due on the way.
    pub(crate) fn wait(&mut self, seconds: i64) {
        let end = self.now + seconds;
        while let Some(due) = self.world.poll_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            for push in self.world.handle_timeout(UnixTime::new(self.now, 0)) {
                self.file(&push, None);
            }
            let next = self.world.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "time stands still");
        }
        self.now = end;
    }

    /// Checks a push and puts it into the inboxes of its receivers.
    fn file(&mut self, push: &Push, caller: Option<Client>) {
        check::update(&push.update);
        let update = push.update.as_object().unwrap();
        for key in &push.to {
            let is_caller = push.except.is_some_and(|except| {
                caller.is_some_and(|caller| {
                    except.auth_key_id == *key && except.session_id == caller.session
                })
            });
            if !is_caller {
                self.inbox.entry(*key).or_default().push(update.clone());
            }
        }
    }

    /// A call whose result is an object.
    #[track_caller]
    pub(crate) fn ok(&mut self, client: Client, request: Object) -> Object {
        match self.call(client, &request) {
            Ok(Value::Object(object)) => *object,
            other => panic!("{} gave {other:?}", request.name()),
        }
    }

    /// A call whose result is `true`.
    #[track_caller]
    pub(crate) fn yes(&mut self, client: Client, request: Object) {
        assert_eq!(
            self.call(client, &request),
            Ok(Value::Bool(true)),
            "{}",
            request.name()
        );
    }

    /// A call whose result is a vector.
    #[track_caller]
    pub(crate) fn list(&mut self, client: Client, request: Object) -> Vec<Value> {
        match self.call(client, &request) {
            Ok(Value::Vector(items)) => items,
            other => panic!("{} gave {other:?}", request.name()),
        }
    }

    /// A call that fails, as `code TYPE`.
    #[track_caller]
    pub(crate) fn error(&mut self, client: Client, request: Object) -> String {
        match self.call(client, &request) {
            Err(error) => error,
            Ok(value) => panic!("{} gave {value:?}", request.name()),
        }
    }

    /// Updates that arrived for a client since the last look, out of their containers.
    pub(crate) fn updates(&mut self, client: Client) -> Vec<Object> {
        let containers = self.inbox.remove(&client.key).unwrap_or_default();
        containers
            .iter()
            .flat_map(|container| match container.object("update") {
                Some(update) => vec![update.clone()],
                None => objects(container, "updates"),
            })
            .collect()
    }

    /// The only update that arrived.
    #[track_caller]
    pub(crate) fn update(&mut self, client: Client) -> Object {
        let mut updates = self.updates(client);
        assert_eq!(updates.len(), 1, "{updates:?}");
        updates.remove(0)
    }

    /// Sends the code to a number and signs in with it.
    pub(crate) fn sign_in(&mut self, client: Client, phone: &str) -> Result<Object, String> {
        let sent = self.ok(client, send_code(phone));
        let reply = self.call(client, &sign_in(phone, &sent, CODE))?;
        Ok(reply.into_object().unwrap())
    }

    /// A fresh client logged in by code.
    #[track_caller]
    pub(crate) fn log_in(&mut self, phone: &str) -> Client {
        let client = self.client();
        self.sign_in(client, phone).unwrap();
        self.inbox.clear();
        client
    }

    /// A fresh client logged in as the default bot.
    pub(crate) fn bot(&mut self) -> Client {
        let client = self.client();
        let token = self.world.bots()[0].token.clone();
        self.ok(client, import_bot(&token));
        client
    }

    /// The caller's own `user`.
    pub(crate) fn me(&mut self, client: Client) -> Object {
        let ask = Object::new("users.getUsers")
            .with("id", vec![Value::from(Object::new("inputUserSelf"))]);
        let mut users = self.list(client, ask);
        users.remove(0).into_object().unwrap()
    }

    /// An `inputPeerUser` of somebody found by username.
    #[track_caller]
    pub(crate) fn peer(&mut self, client: Client, username: &str) -> Object {
        let found = self.ok(
            client,
            Object::new("contacts.resolveUsername").with("username", username),
        );
        let user = objects(&found, "users").remove(0);
        Object::new("inputPeerUser")
            .with("user_id", user.long("id").unwrap())
            .with("access_hash", user.long("access_hash").unwrap())
    }

    /// A `random_id` not used before.
    pub(crate) fn random(&mut self) -> i64 {
        self.next_random += 1;
        self.next_random
    }

    /// Sends a text and gives the `updates` of the reply.
    #[track_caller]
    pub(crate) fn send(&mut self, client: Client, peer: &Object, text: &str) -> Object {
        let random_id = self.random();
        self.ok(client, send_message(peer, text, random_id))
    }

    /// Sends a text and gives the id of the message.
    #[track_caller]
    pub(crate) fn send_id(&mut self, client: Client, peer: &Object, text: &str) -> i32 {
        let reply = self.send(client, peer, text);
        objects(&reply, "updates")[0].int("id").unwrap()
    }

    /// Texts of a history, the newest first.
    pub(crate) fn history(&mut self, client: Client, peer: &Object) -> Vec<String> {
        let history = self.ok(client, get_history(peer));
        texts(&history)
    }

    /// `pts` of a client's state.
    pub(crate) fn pts(&mut self, client: Client) -> i32 {
        let state = self.ok(client, Object::new("updates.getState"));
        state.int("pts").unwrap()
    }
}

/// The objects in a vector field.
#[track_caller]
pub(crate) fn objects(object: &Object, field: &str) -> Vec<Object> {
    object
        .vector(field)
        .unwrap_or_else(|| panic!("no {field} in {object:?}"))
        .iter()
        .map(|value| value.as_object().unwrap().clone())
        .collect()
}

/// Texts of `messages`.
pub(crate) fn texts(object: &Object) -> Vec<String> {
    objects(object, "messages")
        .iter()
        .map(|message| {
            message
                .str("message")
                .unwrap_or_else(|| message.name())
                .to_owned()
        })
        .collect()
}

pub(crate) fn send_code(phone: &str) -> Object {
    Object::new("auth.sendCode")
        .with("phone_number", phone)
        .with("api_id", 1)
        .with("api_hash", "x")
        .with("settings", Object::new("codeSettings"))
}

pub(crate) fn sign_in(phone: &str, sent: &Object, code: &str) -> Object {
    Object::new("auth.signIn")
        .with("phone_number", phone)
        .with("phone_code_hash", sent.str("phone_code_hash").unwrap())
        .with("phone_code", code)
}

pub(crate) fn import_bot(token: &str) -> Object {
    Object::new("auth.importBotAuthorization")
        .with("flags", 0)
        .with("api_id", 1)
        .with("api_hash", "x")
        .with("bot_auth_token", token)
}

pub(crate) fn to_self() -> Object {
    Object::new("inputPeerSelf")
}

/// The same person as an `InputUser`.
pub(crate) fn as_user(peer: &Object) -> Object {
    Object::new("inputUser")
        .with("user_id", peer.long("user_id").unwrap())
        .with("access_hash", peer.long("access_hash").unwrap())
}

pub(crate) fn send_message(peer: &Object, text: &str, random_id: i64) -> Object {
    Object::new("messages.sendMessage")
        .with("peer", peer.clone())
        .with("message", text)
        .with("random_id", random_id)
}

pub(crate) fn get_history(peer: &Object) -> Object {
    Object::new("messages.getHistory")
        .with("peer", peer.clone())
        .with("offset_id", 0)
        .with("offset_date", 0)
        .with("add_offset", 0)
        .with("limit", 100)
        .with("max_id", 0)
        .with("min_id", 0)
        .with("hash", 0_i64)
}

pub(crate) fn get_dialogs() -> Object {
    Object::new("messages.getDialogs")
        .with("offset_date", 0)
        .with("offset_id", 0)
        .with("offset_peer", Object::new("inputPeerEmpty"))
        .with("limit", 100)
        .with("hash", 0_i64)
}

pub(crate) fn get_difference(pts: i32) -> Object {
    Object::new("updates.getDifference")
        .with("pts", pts)
        .with("date", 0)
        .with("qts", 0)
}

pub(crate) fn ids(ids: &[i32]) -> Value {
    Value::vector(ids.iter().copied())
}
