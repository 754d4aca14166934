//! Rules of the key exchange that can be checked from outside.
//!
//! Section: <https://core.telegram.org/mtproto/auth_key>.

use std::collections::HashMap;

use mtproto_core::crypto::dh;
use tl_parser::{Object, Value};

use super::{Findings, between};
use crate::record::{At, Message, Severity};

/// Exchanges watched at once.
const MAX_EXCHANGES: usize = 4096;
/// A server's clock further from the capturing host's than this is worth a word.
const CLOCK_TOLERANCE: i64 = 60;

type Nonce = [u8; 16];

/// What one exchange has said so far.
#[derive(Debug)]
struct Exchange {
    at: At,
    server_nonce: Option<Nonce>,
    pq: Option<u64>,
    fingerprints: Vec<i64>,
    retries: u32,
    prime: Option<[u8; 256]>,
}

#[derive(Debug, Default)]
pub(super) struct Exchanges {
    by_nonce: HashMap<Nonce, Exchange>,
}

impl Exchanges {
    pub(super) fn message(&mut self, message: &Message<'_>, findings: &mut Findings<'_>) {
        let Some(object) = message.body.tree().and_then(Value::as_object) else {
            return;
        };
        let Some(nonce) = int128(object, "nonce") else {
            return;
        };
        if matches!(object.name(), "req_pq" | "req_pq_multi") {
            self.begin(nonce, message.at);
            return;
        }
        let Some(exchange) = self.by_nonce.get_mut(&nonce) else {
            let rule = if object.name() == "resPQ" {
                "hs_02"
            } else {
                "hs_20"
            };
            findings.add(
                Severity::Warning,
                "nonce-unknown",
                Some(rule),
                message.at,
                format!("{} has a nonce that no req_pq of the capture began with", object.name()),
                "repeat the client's nonce in every message of the exchange; abort it if the other side does not",
                Vec::new(),
            );
            return;
        };
        exchange.message(message, object, findings);
    }

    fn begin(&mut self, nonce: Nonce, at: At) {
        if self.by_nonce.len() >= MAX_EXCHANGES {
            self.by_nonce.clear();
        }
        self.by_nonce.entry(nonce).or_insert(Exchange {
            at,
            server_nonce: None,
            pq: None,
            fingerprints: Vec::new(),
            retries: 0,
            prime: None,
        });
    }
}

impl Exchange {
    fn message(&mut self, message: &Message<'_>, object: &Object, findings: &mut Findings<'_>) {
        let at = message.at;
        let mut broken = |rule, cause: String, fix| {
            findings.add(
                Severity::Error,
                "key-exchange",
                Some(rule),
                at,
                cause,
                fix,
                vec![self.at.packet],
            );
        };
        let server_nonce = int128(object, "server_nonce");
        if object.name() == "resPQ" {
            // A repeated query gets the same answer.
            self.server_nonce = server_nonce;
            self.pq = object.bytes("pq").and_then(big_endian);
            self.fingerprints = object
                .vector("server_public_key_fingerprints")
                .unwrap_or_default()
                .iter()
                .filter_map(Value::as_long)
                .collect();
            return;
        }
        if server_nonce != self.server_nonce && self.server_nonce.is_some() {
            broken(
                "hs_20",
                format!("{} has another server_nonce than resPQ", object.name()),
                "repeat both nonces in every message of the exchange",
            );
        }
        match object.name() {
            "req_DH_params" => {
                let number = |field| object.bytes(field).and_then(big_endian);
                if let (Some(p), Some(q), Some(pq)) = (number("p"), number("q"), self.pq) {
                    if p.checked_mul(q) != Some(pq) {
                        broken(
                            "hs_08",
                            format!("p = {p} and q = {q} are not the factors of pq = {pq}"),
                            "factor pq; both factors travel as big-endian bytes without leading zeros",
                        );
                    } else if p >= q {
                        broken(
                            "hs_08",
                            format!("p = {p} is not less than q = {q}"),
                            "send the smaller factor as p",
                        );
                    }
                }
                let fingerprint = object.long("public_key_fingerprint").unwrap_or_default();
                if !self.fingerprints.is_empty() && !self.fingerprints.contains(&fingerprint) {
                    broken(
                        "hs_09",
                        format!(
                            "the client encrypts for the RSA key {fingerprint}, which the server did not offer"
                        ),
                        "give the client the server's RSA public key",
                    );
                }
                let len = object.bytes("encrypted_data").map_or(0, <[u8]>::len);
                if len != 256 {
                    broken(
                        "hs_15",
                        format!("encrypted_data has {len} bytes instead of 256"),
                        "keep the leading zeros of the RSA result",
                    );
                }
            }
            "server_DH_params_fail" => broken(
                "hs_46",
                "the server refuses the key exchange (server_DH_params_fail)".into(),
                "check the contents of p_q_inner_data: nonces, data centre, and the hash before it",
            ),
            "server_DH_params_ok" => {
                if let Some(inner) = object.object("decrypted_answer") {
                    self.answer(inner, at, findings);
                }
            }
            "set_client_DH_params" => {
                if let Some(inner) = object.object("decrypted_data") {
                    self.public_value(inner, "g_b", "hs_63", "hs_64", at, findings);
                }
            }
            "dh_gen_retry" => {
                self.retries += 1;
                if self.retries == 3 {
                    broken(
                        "hs_45",
                        "the server asks for a third retry of the same exchange".into(),
                        "begin a new exchange after a few retries",
                    );
                }
            }
            "dh_gen_fail" => broken(
                "hs_46",
                "the server ends the exchange with dh_gen_fail".into(),
                "check the hash, the nonces and g_b in client_DH_inner_data; begin a new exchange",
            ),
            _ => {}
        }
    }

    /// What the decrypted answer says about the group.
    fn answer(&mut self, inner: &Object, at: At, findings: &mut Findings<'_>) {
        let mut broken = |rule, cause: String, fix| {
            findings.add(
                Severity::Error,
                "key-exchange",
                Some(rule),
                at,
                cause,
                fix,
                Vec::new(),
            );
        };
        if int128(inner, "server_nonce") != self.server_nonce {
            broken(
                "hs_26",
                "server_DH_inner_data has another server_nonce than resPQ".into(),
                "abort such an exchange",
            );
        }
        let prime = inner.bytes("dh_prime").unwrap_or_default();
        let Some(prime): Option<[u8; 256]> = prime
            .try_into()
            .ok()
            .filter(|prime: &[u8; 256]| prime[0] >= 0x80)
        else {
            broken(
                "hs_28",
                format!(
                    "dh_prime has {} bytes and not exactly 2048 bits",
                    prime.len()
                ),
                "use a safe prime of 2048 bits",
            );
            return;
        };
        self.prime = Some(prime);
        let g = inner.int("g").unwrap_or_default();
        if !(2..=7).contains(&g) {
            broken(
                "hs_33",
                format!("g = {g} is not one of 2 to 7"),
                "use a small generator of the prime-order subgroup",
            );
        }
        let server_time = i64::from(inner.int("server_time").unwrap_or_default());
        let host = i64::try_from(at.time.as_secs()).unwrap_or_default();
        if (server_time - host).abs() > CLOCK_TOLERANCE {
            findings.add(
                Severity::Notice,
                "server-clock",
                Some("hs_50"),
                at,
                format!(
                    "the server's clock is {} s from that of the capturing host",
                    server_time - host
                ),
                "none is needed: clients take the server's time",
                Vec::new(),
            );
        }
        self.public_value(inner, "g_a", "hs_35", "hs_36", at, findings);
    }

    fn public_value(
        &self,
        inner: &Object,
        field: &str,
        range_rule: &'static str,
        margin_rule: &'static str,
        at: At,
        findings: &mut Findings<'_>,
    ) {
        let (Some(prime), Some(value)) = (self.prime, inner.bytes(field)) else {
            return;
        };
        let Some(value) = left_padded(value) else {
            findings.add(
                Severity::Error,
                "key-exchange",
                Some(range_rule),
                at,
                format!("{field} is longer than 256 bytes"),
                "send a number below the prime",
                Vec::new(),
            );
            return;
        };
        if let Err(error) = dh::check_public(&value, &prime) {
            let trivial =
                value[..255].iter().all(|byte| *byte == 0) && value[255] <= 1 || value >= prime;
            let rule = if trivial { range_rule } else { margin_rule };
            findings.add(Severity::Error, "key-exchange", Some(rule), at, format!("{field} is unsafe: {error}"),
                "draw a random exponent of 2048 bits; abort the exchange if the other side's value is unsafe",
                vec![self.at.packet]);
        }
        let age = between(&self.at, &at);
        if age.as_secs() > 600 {
            findings.add(
                Severity::Notice,
                "slow-exchange",
                Some("hs_66"),
                at,
                format!(
                    "the exchange takes {} s so far; servers forget it after ten minutes",
                    age.as_secs()
                ),
                "begin a new exchange",
                Vec::new(),
            );
        }
    }
}

fn int128(object: &Object, field: &str) -> Option<Nonce> {
    match object.get(field)? {
        Value::Int128(bytes) => Some(*bytes),
        _ => None,
    }
}

/// A number of at most eight bytes.
fn big_endian(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| {
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    })
}

fn left_padded(bytes: &[u8]) -> Option<[u8; 256]> {
    let mut padded = [0; 256];
    padded
        .get_mut(256_usize.checked_sub(bytes.len())?..)?
        .copy_from_slice(bytes);
    Some(padded)
}
