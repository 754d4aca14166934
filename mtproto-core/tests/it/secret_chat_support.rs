//! Two sides of a secret chat, what is on its way between them, and messages that break the rules.

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::DhParams;
use mtproto_core::secret_chat::schema::{Action, DecryptedMessageLayer};
use mtproto_core::secret_chat::{
    SecretChat, SecretChatConfig, SecretChatError, SecretChatEvent, SecretMessage, Side, Version,
    envelope,
};
use mtproto_core::time::{Duration, Instant};

use crate::support::Seeded;

/// A boxed `decryptedMessage` that only its length and `number` tell from others.
pub(crate) fn text(number: u32) -> Vec<u8> {
    let mut out = 0x91cc_4674_u32.to_le_bytes().to_vec();
    out.extend_from_slice(&number.to_le_bytes());
    out.resize(16, 7);
    out
}

pub(crate) fn key() -> AuthKey {
    AuthKey::new(core::array::from_fn(|i| i as u8))
}

pub(crate) struct One {
    pub(crate) chat: SecretChat,
    pub(crate) random: Seeded,
    pub(crate) events: Vec<SecretChatEvent>,
    /// Sent and not yet delivered.
    pub(crate) out: Vec<SecretMessage>,
}

impl One {
    fn new(side: Side, config: SecretChatConfig) -> Self {
        let params = DhParams::known(3).unwrap();
        Self {
            chat: SecretChat::new(config, side, params, key(), Instant::ZERO),
            random: Seeded(1 + side.out_mark() as u64),
            events: Vec::new(),
            out: Vec::new(),
        }
    }

    pub(crate) fn drain(&mut self) {
        self.out
            .extend(core::iter::from_fn(|| self.chat.poll_transmit()));
        self.events
            .extend(core::iter::from_fn(|| self.chat.poll_event()));
    }

    /// The texts that were shown, in order.
    pub(crate) fn shown(&self) -> Vec<u32> {
        let text = |event: &SecretChatEvent| match event {
            SecretChatEvent::Message { message, .. } => {
                Some(u32::from_le_bytes(message[4..8].try_into().unwrap()))
            }
            _ => None,
        };
        self.events.iter().filter_map(text).collect()
    }

    pub(crate) fn aborted(&self) -> Option<SecretChatError> {
        self.events.iter().find_map(|event| match event {
            SecretChatEvent::Aborted(error) => Some(*error),
            _ => None,
        })
    }
}

pub(crate) struct Duo {
    pub(crate) now: Instant,
    pub(crate) a: One,
    pub(crate) b: One,
}

impl Duo {
    pub(crate) fn new() -> Self {
        Self::with(SecretChatConfig::default())
    }

    pub(crate) fn with(config: SecretChatConfig) -> Self {
        Self::unequal(config, config)
    }

    /// A chat whose sides have different habits.
    pub(crate) fn unequal(a: SecretChatConfig, b: SecretChatConfig) -> Self {
        Self {
            now: Instant::ZERO,
            a: One::new(Side::Originator, a),
            b: One::new(Side::Acceptor, b),
        }
    }

    pub(crate) fn one(&mut self, side: Side) -> &mut One {
        match side {
            Side::Originator => &mut self.a,
            Side::Acceptor => &mut self.b,
        }
    }

    pub(crate) fn say(&mut self, side: Side, number: u32) {
        let now = self.now;
        let one = self.one(side);
        one.chat
            .send(now, i64::from(number), &text(number), &mut one.random)
            .unwrap();
        one.drain();
    }

    /// Gives `data` to the side that is not `from`.
    pub(crate) fn deliver(&mut self, from: Side, data: &[u8]) -> Result<(), SecretChatError> {
        let now = self.now;
        let one = self.one(from.other());
        let result = one.chat.handle_message(now, data, &mut one.random);
        one.drain();
        result
    }

    /// Delivers everything in order until nothing is on its way.
    pub(crate) fn settle(&mut self) {
        loop {
            let (a, b) = (
                core::mem::take(&mut self.a.out),
                core::mem::take(&mut self.b.out),
            );
            if a.is_empty() && b.is_empty() {
                return;
            }
            for message in a {
                self.deliver(Side::Originator, &message.data).unwrap();
            }
            for message in b {
                self.deliver(Side::Acceptor, &message.data).unwrap();
            }
        }
    }

    /// Delivers what A has sent; what B says to it stays on its way.
    pub(crate) fn settle_only_to_b(&mut self) {
        for message in core::mem::take(&mut self.a.out) {
            self.deliver(Side::Originator, &message.data).unwrap();
        }
    }

    pub(crate) fn pass(&mut self, duration: Duration) {
        self.now = self.now.saturating_add(duration);
        for side in [Side::Originator, Side::Acceptor] {
            let now = self.now;
            let one = self.one(side);
            one.chat.handle_timeout(now, &mut one.random);
            one.drain();
        }
    }

    /// A message of A, well sealed under the first key, with these sequence numbers as they travel.
    pub(crate) fn forge(&self, version: Version, out: i32, into: i32, body: &[u8]) -> Vec<u8> {
        self.forge_layer(version, 144, out, into, body)
    }

    pub(crate) fn forge_layer(
        &self,
        version: Version,
        layer: i32,
        out_seq_no: i32,
        in_seq_no: i32,
        message: &[u8],
    ) -> Vec<u8> {
        let content = DecryptedMessageLayer {
            random_bytes: &[0; 15],
            layer,
            in_seq_no,
            out_seq_no,
            message,
        };
        let direction = Side::Originator.direction();
        envelope::seal(
            version,
            &key(),
            direction,
            &content.to_bytes(),
            &mut Seeded(9),
        )
    }

    /// The forged message of A with an action and raw number `number`.
    pub(crate) fn forge_action(&self, number: i32, action: &Action<'_>) -> Vec<u8> {
        self.forge(Version::V2, 2 * number + 1, 0, &action.to_message(5))
    }
}
