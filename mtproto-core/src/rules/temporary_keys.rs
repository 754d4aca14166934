//! Temporary keys.

use super::section::{BIND_TEMP_AUTH_KEY, PFS};
use super::{Rule, rules};

rules! {
    pf_01 Must Client PFS "With perfect forward secrecy the permanent key encrypts nothing but the binding message." Core "connection/temporary.rs"
    pf_02 Must Client PFS "A temporary key that is not bound serves only to bind it and to fetch the configuration." Core "connection/temporary.rs"
    pf_03 Must Client BIND_TEMP_AUTH_KEY "The binding message is encrypted by the rules of MTProto 1.0 with the call's identifier, sequence number zero and 40 bytes." Core "handshake/bind.rs"
    pf_04 Must Server BIND_TEMP_AUTH_KEY "A server checks every field of a binding." Core "endpoint/binding.rs"
    pf_05 Documented Client PFS "After ENCRYPTED_MESSAGE_INVALID the permanent key is given up only if it is older than a minute." Elsewhere "the caller: it knows the age of the permanent key; the core gives none up"
    pf_06 GoodPractice Client PFS "Endless refusal of a binding leads to no endless loop." Core "connection/temporary.rs"
    pf_07 Must Client PFS "initConnection is sent again after each binding." Elsewhere "the caller: the core knows no initConnection; it says when a key is bound"
    pf_08 Documented Client PFS "A temporary key is replaced before it ends." Core "connection/temporary.rs"
    pf_09 Documented Client PFS "A temporary key that is lost early is made again." Core "connection/temporary.rs"
    pf_10 Documented Server PFS "A permanent key has one temporary key; a new one takes the place of the old." Core "endpoint/binding.rs"
    pf_11 Recommended Client PFS "A temporary key is not stored." Core "connection/temporary.rs"
    pf_12 GoodPractice Client PFS "Messages under the previous temporary key are accepted while the new one takes over." Core "connection/temporary.rs"
}
