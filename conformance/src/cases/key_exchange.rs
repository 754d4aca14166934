//! Area HS: the key exchange.

use std::collections::BTreeSet;

use mtproto_core::transport::{ClientTransport, Transport};

use crate::case::{Case, Verdict};
use crate::dial::{DialError, ServerUnderTest};

/// Exchanges begun to compare their nonces.
const RUNS: u64 = 50;

pub(super) const SERVER: &[Case] = &[Case {
    rule: "hs_59",
    stimulus: "begins fifty key exchanges, half of them on one connection, and compares the server's nonces",
    conversation: collect_server_nonces,
}];

fn collect_server_nonces(server: &ServerUnderTest) -> Result<Verdict, DialError> {
    let transport = ClientTransport::plain(Transport::Intermediate);
    let mut seen = BTreeSet::new();
    let mut shared = server.speak(&transport, RUNS)?;
    for run in 0..RUNS {
        let answer = if run % 2 == 0 {
            shared.req_pq()?
        } else {
            server.speak(&transport, run)?.req_pq()?
        };
        match answer {
            Ok(nonce) if seen.insert(nonce) => {}
            Ok(nonce) => return Ok(Verdict::Fail(format!("{nonce} came twice"))),
            Err(what) => return Ok(Verdict::Fail(what)),
        }
    }
    Ok(Verdict::Pass)
}
