//! Secret chats: two sides under any schedule, and messages under the right key that say anything.

use arbitrary::{Arbitrary, Unstructured};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::DhParams;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::secret_chat::schema::{Action, DecryptedMessageLayer};
use mtproto_core::secret_chat::{
    SecretChat, SecretChatConfig, SecretChatEvent, SecretMessage, Side, Version, envelope,
};
use mtproto_core::time::{Duration, Instant};

/// Inputs longer than this many operations say nothing new.
const MAX_OPERATIONS: usize = 48;

#[derive(Arbitrary, Debug)]
enum Operation<'a> {
    Say(bool),
    Deliver(bool, u8),
    Repeat(bool, u8),
    Lose(bool, u8),
    /// Bytes as they are.
    Bytes(bool, &'a [u8]),
    /// A plaintext, well sealed.
    Plaintext(bool, bool, &'a [u8]),
    /// A message with these numbers and any content.
    Content(bool, bool, i32, i16, i16, &'a [u8]),
    Resend(bool, i16, i32, i32),
    RequestKey(bool, i16, i64, &'a [u8]),
    AcceptKey(bool, i16, i64, &'a [u8], i64),
    CommitKey(bool, i16, i64, i64),
    AbortKey(bool, i16, i64),
    Delete(bool, u8),
    AskAgain(bool),
    Pass(u16),
}

struct One {
    chat: SecretChat,
    side: Side,
    random: ChaChaRandom,
    out: Vec<SecretMessage>,
    /// The number of the next message to be shown.
    next: i32,
}

impl One {
    fn new(side: Side, key: AuthKey) -> Self {
        let config = SecretChatConfig {
            waiting_messages: 16,
            waiting_bytes: 1 << 16,
            kept_messages: 16,
            kept_bytes: 1 << 16,
            rekey_after_messages: 6,
            ..SecretChatConfig::default()
        };
        let params = DhParams::known(3).expect("known parameters");
        Self {
            chat: SecretChat::new(config, side, params, key, Instant::ZERO),
            side,
            random: ChaChaRandom::from_number(u64::from(side == Side::Acceptor)),
            out: Vec::new(),
            next: 0,
        }
    }

    fn drain(&mut self) {
        self.out
            .extend(core::iter::from_fn(|| self.chat.poll_transmit()));
        assert!(self.out.len() < 20_000, "what leaves is bounded");
        self.out.truncate(64);
        while let Some(event) = self.chat.poll_event() {
            if let SecretChatEvent::Message { number, .. } = event {
                assert!(number >= self.next, "messages are shown once and in order");
                self.next = number + 1;
            }
        }
    }
}

/// Two sides that share a key, and somebody between who knows it, too.
pub fn secret_chat(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let key = AuthKey::new([7; 256]);
    let mut now = Instant::ZERO;
    let mut sides = [Side::Originator, Side::Acceptor].map(|side| One::new(side, key.clone()));
    for number in 0..MAX_OPERATIONS {
        let Ok(operation) = Operation::arbitrary(&mut input) else {
            break;
        };
        apply(&mut sides, &key, &mut now, number, &operation);
    }
}

fn apply(
    sides: &mut [One; 2],
    key: &AuthKey,
    now: &mut Instant,
    number: usize,
    operation: &Operation<'_>,
) {
    let random = &mut ChaChaRandom::from_number(number as u64);
    let forge = |from: bool, out: i16, into: i16, layer: i32, message: &[u8], old: bool| {
        let side = side_of(from);
        let content = DecryptedMessageLayer {
            random_bytes: &[0; 15],
            layer,
            in_seq_no: i32::from(into) * 2 + side.in_mark(),
            out_seq_no: i32::from(out) * 2 + side.out_mark(),
            message,
        };
        let version = if old { Version::V1 } else { Version::V2 };
        let random = &mut ChaChaRandom::from_number(0);
        envelope::seal(version, key, side.direction(), &content.to_bytes(), random)
    };
    let act =
        |from, out, action: &Action<'_>| forge(from, out, 0, 144, &action.to_message(1), false);
    match *operation {
        Operation::Say(from) => {
            let one = one_of(sides, from);
            let id = i64::try_from(number).expect("few operations");
            // The chat may be over.
            let _ = one
                .chat
                .send(*now, id, &[number as u8; 16], &mut one.random);
            one.drain();
        }
        Operation::Deliver(from, at) | Operation::Repeat(from, at) => {
            let out = &mut one_of(sides, from).out;
            if let Some(at) = usize::from(at).checked_rem(out.len()) {
                let message = match operation {
                    Operation::Deliver(..) => out.remove(at),
                    _ => out[at].clone(),
                };
                deliver(sides, *now, from, &message.data);
            }
        }
        Operation::Lose(from, at) => {
            let out = &mut one_of(sides, from).out;
            if let Some(at) = usize::from(at).checked_rem(out.len()) {
                out.remove(at);
            }
        }
        Operation::Bytes(from, bytes) => deliver(sides, *now, from, bytes),
        Operation::Plaintext(from, old, bytes) => {
            let version = if old { Version::V1 } else { Version::V2 };
            let direction = side_of(from).direction();
            let data =
                envelope::seal_plaintext(version, key, direction, bytes.len(), bytes.to_vec());
            deliver(sides, *now, from, &data);
            let data = envelope::seal(version, key, direction, bytes, random);
            deliver(sides, *now, from, &data);
        }
        Operation::Content(from, old, layer, out, into, bytes) => {
            let whole = &bytes[..bytes.len() & !3];
            deliver(
                sides,
                *now,
                from,
                &forge(from, out, into, layer, whole, old),
            );
        }
        Operation::Resend(from, out, start_seq_no, end_seq_no) => {
            let action = Action::Resend {
                start_seq_no,
                end_seq_no,
            };
            deliver(sides, *now, from, &act(from, out, &action));
        }
        Operation::RequestKey(from, out, exchange_id, g_a) => {
            let action = Action::RequestKey { exchange_id, g_a };
            deliver(sides, *now, from, &act(from, out, &action));
        }
        Operation::AcceptKey(from, out, exchange_id, g_b, key_fingerprint) => {
            let action = Action::AcceptKey {
                exchange_id,
                g_b,
                key_fingerprint,
            };
            deliver(sides, *now, from, &act(from, out, &action));
        }
        Operation::CommitKey(from, out, exchange_id, key_fingerprint) => {
            let action = Action::CommitKey {
                exchange_id,
                key_fingerprint,
            };
            deliver(sides, *now, from, &act(from, out, &action));
        }
        Operation::AbortKey(from, out, exchange_id) => {
            let action = Action::AbortKey { exchange_id };
            deliver(sides, *now, from, &act(from, out, &action));
        }
        Operation::Delete(from, id) => {
            let one = one_of(sides, from);
            let _ = one.chat.delete(&[i64::from(id)], &mut one.random);
            one.drain();
        }
        Operation::AskAgain(from) => {
            let one = one_of(sides, from);
            let _ = one.chat.ask_again(&mut one.random);
            one.drain();
        }
        Operation::Pass(hours) => {
            *now = now.saturating_add(Duration::from_secs(u64::from(hours) * 3600));
            for one in sides {
                one.chat.handle_timeout(*now, &mut one.random);
                one.drain();
            }
        }
    }
}

const fn side_of(originator: bool) -> Side {
    if originator {
        Side::Originator
    } else {
        Side::Acceptor
    }
}

fn one_of(sides: &mut [One; 2], originator: bool) -> &mut One {
    let [a, b] = sides;
    if originator { a } else { b }
}

fn deliver(sides: &mut [One; 2], now: Instant, from: bool, data: &[u8]) {
    let one = one_of(sides, !from);
    assert_eq!(one.side, side_of(from).other());
    let was_open = !one.chat.is_closed();
    let result = one.chat.handle_message(now, data, &mut one.random);
    if one.chat.is_closed() && was_open {
        assert!(result.is_err(), "a chat ends with a reason");
    }
    one.drain();
}
