//! Secret chats.

use super::section::{
    END_TO_END, END_TO_END_PFS, END_TO_END_SEQ_NO, PROVERIF, SECURITY_GUIDELINES,
};
use super::{Rule, rules};

rules! {
    e2_01 Expected Client END_TO_END "Prime and generator of a secret chat are checked as in the key exchange." Core "secret_chat/key.rs"
    e2_02 Must Client END_TO_END "The public numbers of a secret chat are checked as in the key exchange." Core "secret_chat/key.rs"
    e2_03 Must Client SECURITY_GUIDELINES "Random bytes from the server are only mixed into a client's own." Core "secret_chat/key.rs"
    e2_04 Must Client END_TO_END "The key of a secret chat has 256 bytes, leading zeroes included." Core "secret_chat/key.rs"
    e2_05 Must Client END_TO_END "A wrong fingerprint ends the secret chat." Core "secret_chat/key.rs"
    e2_06 Must Client END_TO_END "msg_key of a secret chat covers plaintext and padding, with x = 0 from the one who began the chat." Core "secret_chat/envelope.rs"
    e2_07 Must Client END_TO_END "Messages of a secret chat have 12 to 1024 bytes of padding and a length within." Core "secret_chat/envelope.rs"
    e2_08 Must Client END_TO_END "MTProto 1.0 is refused once a secret chat has used 2.0." Core "secret_chat/incoming.rs"
    e2_09 Must Client END_TO_END_SEQ_NO "Sequence numbers of a secret chat have the parity of their sender." Core "secret_chat/incoming.rs"
    e2_10 Must Client END_TO_END_SEQ_NO "Repeated messages of a secret chat are not shown." Core "secret_chat/incoming.rs"
    e2_11 Must Client END_TO_END_SEQ_NO "A gap in a secret chat is asked for once, and order is kept." Core "secret_chat/incoming.rs"
    e2_12 Must Client END_TO_END_SEQ_NO "The acknowledged sequence number of a secret chat never falls and never runs ahead." Core "secret_chat/incoming.rs"
    e2_13 Must Client END_TO_END_SEQ_NO "A request for messages that are gone ends the secret chat." Core "secret_chat/incoming.rs"
    e2_14 GoodPractice Client END_TO_END "Absurd ranges in requests for messages cost bounded work." Core "secret_chat/incoming.rs"
    e2_15 Must Client END_TO_END_SEQ_NO "Each request for messages is served once, at once." Core "secret_chat/incoming.rs"
    e2_16 Must Client END_TO_END_SEQ_NO "A message deleted before it arrived is replaced by its deletion." Core "secret_chat/outgoing.rs"
    e2_17 Must Client END_TO_END "A secret chat changes its key after 100 messages or a week." Core "secret_chat/rekey.rs"
    e2_18 Must Client END_TO_END_PFS "All steps of a change of keys name the same exchange, and its fingerprint is checked." Core "secret_chat/rekey.rs"
    e2_19 Must Client END_TO_END_PFS "One change of keys runs at a time; of two at once the larger number wins." Core "secret_chat/rekey.rs"
    e2_20 Must Client END_TO_END_PFS "The old key is destroyed when no gap needs it any more." Core "secret_chat/rekey.rs"
    e2_21 Paper Client PROVERIF "A change of keys cannot be relayed into another chat." Core "secret_chat/rekey.rs"
    e2_22 Must Client END_TO_END "The layer of a secret chat never falls." Core "secret_chat/incoming.rs"
    e2_23 Must Client END_TO_END "The fingerprint of a file's key is checked." Core "secret_chat/key.rs"
    e2_24 GoodPractice Client END_TO_END "Malformed objects in a secret chat are dropped." Core "secret_chat/incoming.rs"
    e2_25 GoodPractice Client END_TO_END_PFS "The picture of a key is made of 128 bits of SHA-1 and 160 of SHA-256." Core "secret_chat/key.rs"
    e2_26 Paper Client END_TO_END "Nothing that the server chose enters the key of a secret chat." Core "secret_chat/key.rs"
}
