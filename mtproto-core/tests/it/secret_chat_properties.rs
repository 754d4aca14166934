//! A secret chat over a link that loses, delays, repeats and reorders, whatever the schedule.

use proptest::prelude::*;

use mtproto_core::secret_chat::{SecretChatConfig, SecretChatError, SecretMessage, Side};
use mtproto_core::time::Duration;

use crate::secret_chat_support::Duo;

#[derive(Clone, Copy, Debug)]
enum Step {
    Say(Side),
    /// Delivers one message on its way, chosen by the number.
    Deliver(Side, u8),
    /// Delivers one and leaves it on its way.
    Repeat(Side, u8),
    Lose(Side, u8),
    Flip(Side, u8, u16),
    Pass(u16),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Originator), Just(Side::Acceptor)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => side().prop_map(Step::Say),
        6 => (side(), any::<u8>()).prop_map(|(side, at)| Step::Deliver(side, at)),
        1 => (side(), any::<u8>()).prop_map(|(side, at)| Step::Repeat(side, at)),
        1 => (side(), any::<u8>()).prop_map(|(side, at)| Step::Lose(side, at)),
        1 => (side(), any::<u8>(), any::<u16>()).prop_map(|(side, at, bit)| Step::Flip(side, at, bit)),
        1 => any::<u16>().prop_map(Step::Pass),
    ]
}

/// What a message may meet on a link that is bad and not hostile beyond what no key is needed for.
fn is_harmless(result: Result<(), SecretChatError>) -> bool {
    matches!(
        result,
        Ok(()) | Err(SecretChatError::Duplicate | SecretChatError::UnknownKey)
    )
}

struct Run {
    duo: Duo,
    said: [u32; 2],
}

impl Run {
    fn pick(&mut self, from: Side, at: u8, take: bool) -> Option<SecretMessage> {
        let out = &mut self.duo.one(from).out;
        let at = usize::from(at).checked_rem(out.len())?;
        Some(if take {
            out.remove(at)
        } else {
            out[at].clone()
        })
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Say(side) => {
                let said = &mut self.said[side.out_mark() as usize];
                *said += 1;
                let number = *said;
                self.duo.say(side, number);
            }
            Step::Deliver(from, at) | Step::Repeat(from, at) => {
                let take = matches!(step, Step::Deliver(..));
                if let Some(message) = self.pick(from, at, take) {
                    let result = self.duo.deliver(from, &message.data);
                    assert!(is_harmless(result), "{result:?}");
                }
            }
            Step::Lose(from, at) => drop(self.pick(from, at, true)),
            Step::Flip(from, at, bit) => {
                if let Some(mut message) = self.pick(from, at, false) {
                    let bit = usize::from(bit) % (message.data.len() * 8);
                    message.data[bit / 8] ^= 1 << (bit % 8);
                    let result = self.duo.deliver(from, &message.data);
                    assert!(result.is_err(), "every flipped bit is noticed");
                }
            }
            Step::Pass(hours) => self
                .duo
                .pass(Duration::from_secs(u64::from(hours % 64) * 3600)),
        }
    }

    /// A time in which the link is good.
    fn recover(&mut self) {
        for _ in 0..12 {
            self.step(Step::Say(Side::Originator));
            self.step(Step::Say(Side::Acceptor));
            self.settle();
            for side in [Side::Originator, Side::Acceptor] {
                let one = self.duo.one(side);
                one.chat.ask_again(&mut one.random).unwrap();
                one.drain();
            }
            self.settle();
        }
    }

    fn settle(&mut self) {
        for from in [Side::Originator, Side::Acceptor].into_iter().cycle() {
            while !self.duo.one(from).out.is_empty() {
                self.step(Step::Deliver(from, 0));
            }
            if self.duo.a.out.is_empty() && self.duo.b.out.is_empty() {
                return;
            }
        }
    }
}

proptest! {
    #[test]
    fn e2_11_e2_19_every_message_is_shown_once_in_order_and_both_keep_the_same_key(
        steps in proptest::collection::vec(step(), 0..80),
        rekey_after_messages in 3_u32..20,
    ) {
        let config = SecretChatConfig {
            rekey_after_messages,
            rekey_after: Duration::from_secs(24 * 3600),
            ..SecretChatConfig::default()
        };
        let mut run = Run { duo: Duo::with(config), said: [0; 2] };
        for step in steps {
            run.step(step);
            for one in [&run.duo.a, &run.duo.b] {
                let shown = one.shown();
                prop_assert!(shown.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{shown:?}");
                prop_assert_eq!(one.aborted(), None);
            }
        }
        run.recover();
        let all = |count: u32| (1..=count).collect::<Vec<u32>>();
        prop_assert_eq!(run.duo.b.shown(), all(run.said[Side::Originator.out_mark() as usize]));
        prop_assert_eq!(run.duo.a.shown(), all(run.said[Side::Acceptor.out_mark() as usize]));
        prop_assert_eq!(run.duo.a.chat.gap(), None);
        prop_assert_eq!(run.duo.b.chat.gap(), None);
        prop_assert_eq!(run.duo.a.chat.key_fingerprint(), run.duo.b.chat.key_fingerprint());
    }

    #[test]
    fn the_same_seed_and_inputs_give_the_same_bytes(
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let config = SecretChatConfig { rekey_after_messages: 5, ..SecretChatConfig::default() };
        let run = || {
            let mut run = Run { duo: Duo::with(config), said: [0; 2] };
            steps.iter().for_each(|step| run.step(*step));
            (run.duo.a.out, run.duo.b.out, run.duo.a.events, run.duo.b.events)
        };
        prop_assert_eq!(run(), run());
    }
}
