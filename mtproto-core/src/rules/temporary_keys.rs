//! Temporary keys.

use super::section::{BIND_TEMP_AUTH_KEY, PFS};
use super::{Rule, rules};

rules! {
    pf_01 Must Client PFS "With perfect forward secrecy the permanent key encrypts nothing but the binding message."
    pf_02 Must Client PFS "A temporary key that is not bound serves only to bind it and to fetch the configuration."
    pf_03 Must Client BIND_TEMP_AUTH_KEY "The binding message is encrypted by the rules of MTProto 1.0 with the call's identifier, sequence number zero and 40 bytes."
    pf_04 Must Server BIND_TEMP_AUTH_KEY "A server checks every field of a binding."
    pf_05 Documented Client PFS "After ENCRYPTED_MESSAGE_INVALID the permanent key is given up only if it is older than a minute."
    pf_06 GoodPractice Client PFS "Endless refusal of a binding leads to no endless loop."
    pf_07 Must Client PFS "initConnection is sent again after each binding."
    pf_08 Documented Client PFS "A temporary key is replaced before it ends."
    pf_09 Documented Client PFS "A temporary key that is lost early is made again."
    pf_10 Documented Server PFS "A permanent key has one temporary key; a new one takes the place of the old."
    pf_11 Recommended Client PFS "A temporary key is not stored."
    pf_12 GoodPractice Client PFS "Messages under the previous temporary key are accepted while the new one takes over."
}
