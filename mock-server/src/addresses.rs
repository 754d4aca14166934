//! Which DC a real address stands for.
//!
//! The addresses are those that clients carry in their own lists; a client sends them to the server through one of its
//! [doors](crate::door).

use std::net::IpAddr;

use crate::door::TargetHost;

/// Names under which browsers reach the DCs, in the order of the DCs.
const NAMES: [&str; 5] = ["pluto", "venus", "aurora", "vesta", "flora"];

/// The DC that a real host stands for, if it is one that clients know.
pub(crate) fn dc_of(host: &TargetHost) -> Option<i32> {
    match host {
        TargetHost::Ip(IpAddr::V4(address)) => of_v4(address.octets()),
        TargetHost::Ip(IpAddr::V6(address)) => of_v6(address.segments()),
        TargetHost::Name(name) => match name.parse::<IpAddr>() {
            Ok(address) => dc_of(&TargetHost::Ip(address)),
            Err(_) => of_name(name),
        },
    }
}

/// Test DCs lie among the others: 149.154.175.10, 149.154.167.40 and 149.154.175.117.
const fn of_v4(octets: [u8; 4]) -> Option<i32> {
    Some(match octets {
        [149, 154, 175, 100..=117] => 3,
        [149, 154, 175, _] => 1,
        [149, 154, 167, 91 | 92 | 117 | 118] => 4,
        [149, 154, 167, _] => 2,
        [149, 154, 164..=166, _] => 4,
        [149, 154, 168..=171, _] | [91, 108, 56..=59, _] => 5,
        [91, 105, 192, _] => 203,
        _ => return None,
    })
}

/// The fourth group numbers the DC.
const fn of_v6(segments: [u16; 8]) -> Option<i32> {
    Some(match segments {
        [0x2001, 0x0b28, 0xf23d, 0xf001, ..] => 1,
        [0x2001, 0x067c, 0x04e8, 0xf002, ..] => 2,
        [0x2001, 0x0b28, 0xf23d, 0xf003, ..] => 3,
        [0x2001, 0x067c, 0x04e8, 0xf004, ..] => 4,
        [0x2001, 0x0b28, 0xf23f, 0xf005, ..] => 5,
        [0x2a0a, 0xf280, 0x0203, ..] => 203,
        _ => return None,
    })
}

/// `pluto.web.telegram.org` and so on, `kws1.web.telegram.org`, `zws1.web.telegram.org`, each also with `-1` for media.
fn of_name(name: &str) -> Option<i32> {
    let label = name.strip_suffix(".web.telegram.org")?;
    let label = label.strip_suffix("-1").unwrap_or(label);
    let numbered = label
        .strip_prefix("kws")
        .or_else(|| label.strip_prefix("zws"))
        .and_then(|number| number.parse().ok())
        .filter(|number| (1..=5).contains(number));
    let named = NAMES.iter().position(|known| *known == label);
    numbered.or_else(|| i32::try_from(named? + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_in_the_lists_of_clients_have_their_dc() {
        for (host, dc) in [
            ("149.154.175.50", Some(1)),
            ("149.154.175.53", Some(1)),
            ("149.154.167.51", Some(2)),
            ("149.154.167.151", Some(2)),
            ("149.154.175.100", Some(3)),
            ("149.154.175.117", Some(3)),
            ("149.154.167.91", Some(4)),
            ("149.154.164.250", Some(4)),
            ("149.154.171.5", Some(5)),
            ("91.108.56.130", Some(5)),
            ("91.105.192.100", Some(203)),
            ("2001:b28:f23d:f001::a", Some(1)),
            ("2001:67c:4e8:f002::a", Some(2)),
            ("2001:b28:f23d:f003::a", Some(3)),
            ("2001:67c:4e8:f004::b", Some(4)),
            ("2001:b28:f23f:f005::a", Some(5)),
            ("pluto.web.telegram.org", Some(1)),
            ("flora-1.web.telegram.org", Some(5)),
            ("kws4.web.telegram.org", Some(4)),
            ("zws2-1.web.telegram.org", Some(2)),
            ("kws9.web.telegram.org", None),
            ("web.telegram.org", None),
            ("example.org", None),
            ("192.0.2.1", None),
            ("2001:db8::1", None),
        ] {
            let found = dc_of(&TargetHost::Name(host.into()));
            assert_eq!(found, dc, "{host}");
        }
    }
}
