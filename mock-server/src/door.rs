//! Doors: a client that cannot be told another address is told a proxy, and this server is that proxy.
//!
//! SOCKS5 (RFC 1928, also with user name and password, RFC 1929) and HTTP CONNECT (RFC 9110, section 9.3.6), told apart
//! from MTProto by the first bytes. Nothing is ever dialled: whatever the client asks for, it is connected to the
//! logical DC that the address stands for; see [`dc_of`](crate::addresses::dc_of).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The longest HTTP request that is read, in bytes.
const MAX_HEAD: usize = 8 * 1024;

/// Methods of authentication in a SOCKS5 greeting: none, GSSAPI, user name and password. A greeting with others is none:
/// one obfuscated stream in 256 begins with a 5, too, but goes on at random.
const METHODS: [u8; 3] = [0, 1, 2];
const METHOD_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

/// Replies of SOCKS5.
const SUCCEEDED: u8 = 0;
const COMMAND_NOT_SUPPORTED: u8 = 7;
const ADDRESS_NOT_SUPPORTED: u8 = 8;

/// The host and port that a client asks a proxy for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub host: TargetHost,
    /// The port.
    pub port: u16,
}

/// A host as a client names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetHost {
    /// By its address.
    Ip(IpAddr),
    /// By its name, in lower case.
    Name(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            TargetHost::Ip(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            TargetHost::Ip(address) => write!(f, "{address}:{}", self.port),
            // The name is the client's and goes to a terminal.
            TargetHost::Name(name) => write!(f, "{}:{}", name.escape_debug(), self.port),
        }
    }
}

/// Why a request to the proxy is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DoorError {
    /// SOCKS5 without a method of authentication that is taken: none, or user name and password.
    Authentication,
    /// SOCKS5 with a command other than CONNECT.
    Command(u8),
    /// SOCKS5 with an unknown type of address.
    AddressType(u8),
    /// SOCKS5 with other bytes than the specification has in this place.
    Malformed,
    /// HTTP CONNECT without a readable `host:port`.
    Head,
}

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authentication => f.write_str(
                "its SOCKS5 greeting offers neither no authentication nor user name and password",
            ),
            Self::Command(command) => write!(f, "its SOCKS5 command {command} is not CONNECT"),
            Self::AddressType(kind) => {
                write!(f, "its SOCKS5 request has an address of type {kind}")
            }
            Self::Malformed => f.write_str("its SOCKS5 bytes break the specification"),
            Self::Head => f.write_str("its CONNECT request has no readable host and port"),
        }
    }
}

/// What a connection turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passed {
    /// What it asked the proxy for; nothing if it asked for none.
    pub(crate) target: Option<Target>,
    /// The first bytes of what the connection carries.
    pub(crate) rest: Vec<u8>,
}

/// The beginning of one connection.
#[derive(Debug, Default)]
pub(crate) struct Door {
    received: Vec<u8>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    #[default]
    First,
    Password,
    Request,
}

/// A step of the proxy's protocol, made with the bytes at hand.
enum Step {
    NeedMore,
    /// So many bytes are dealt with.
    Took(usize, Stage),
    Through(usize, Option<Target>),
}

impl Door {
    /// Takes the next bytes; appends what the client is to be told to `reply`, also where the request is refused.
    pub(crate) fn handle_bytes(
        &mut self,
        bytes: &[u8],
        reply: &mut Vec<u8>,
    ) -> Result<Option<Passed>, DoorError> {
        self.received.extend_from_slice(bytes);
        loop {
            let step = match self.stage {
                Stage::First => first(&self.received, reply)?,
                Stage::Password => password(&self.received, reply)?,
                Stage::Request => request(&self.received, reply)?,
            };
            match step {
                Step::NeedMore => return Ok(None),
                Step::Took(length, stage) => {
                    self.received.drain(..length);
                    self.stage = stage;
                }
                Step::Through(length, target) => {
                    let rest = self.received.split_off(length);
                    return Ok(Some(Passed { target, rest }));
                }
            }
        }
    }
}

fn first(bytes: &[u8], reply: &mut Vec<u8>) -> Result<Step, DoorError> {
    const CONNECT: &[u8] = b"CONNECT ";
    let head = bytes.get(..CONNECT.len()).unwrap_or(bytes);
    if !head.is_empty() && CONNECT.starts_with(head) {
        return if head.len() < CONNECT.len() {
            Ok(Step::NeedMore)
        } else {
            connect(bytes, reply)
        };
    }
    let none = Step::Through(0, None);
    let (count, methods) = match bytes {
        [] | [5] => return Ok(Step::NeedMore),
        [5, count, methods @ ..] if (1..=METHODS.len()).contains(&usize::from(*count)) => {
            (usize::from(*count), methods)
        }
        _ => return Ok(none),
    };
    let methods = methods.get(..count).unwrap_or(methods);
    if methods.iter().any(|method| !METHODS.contains(method)) {
        return Ok(none);
    }
    if methods.len() < count {
        return Ok(Step::NeedMore);
    }
    let (method, next) = if methods.contains(&0) {
        (0, Stage::Request)
    } else if methods.contains(&METHOD_PASSWORD) {
        (METHOD_PASSWORD, Stage::Password)
    } else {
        reply.extend_from_slice(&[5, NO_METHOD]);
        return Err(DoorError::Authentication);
    };
    reply.extend_from_slice(&[5, method]);
    Ok(Step::Took(2 + count, next))
}

/// User name and password, of which any will do.
fn password(bytes: &[u8], reply: &mut Vec<u8>) -> Result<Step, DoorError> {
    let [version, name, rest @ ..] = bytes else {
        return Ok(Step::NeedMore);
    };
    if *version != 1 {
        return Err(DoorError::Malformed);
    }
    let Some(secret) = rest.get(usize::from(*name)) else {
        return Ok(Step::NeedMore);
    };
    let length = 3 + usize::from(*name) + usize::from(*secret);
    if bytes.len() < length {
        return Ok(Step::NeedMore);
    }
    reply.extend_from_slice(&[1, 0]);
    Ok(Step::Took(length, Stage::Request))
}

fn request(bytes: &[u8], reply: &mut Vec<u8>) -> Result<Step, DoorError> {
    let [version, command, _, kind, rest @ ..] = bytes else {
        return Ok(Step::NeedMore);
    };
    if *version != 5 {
        return Err(DoorError::Malformed);
    }
    if *command != 1 {
        answer(COMMAND_NOT_SUPPORTED, reply);
        return Err(DoorError::Command(*command));
    }
    let found = match kind {
        1 => rest.split_first_chunk::<4>().map(|(address, rest)| {
            let host = TargetHost::Ip(IpAddr::from(*address));
            (host, 4, rest)
        }),
        3 => rest.split_first().and_then(|(length, rest)| {
            let length = usize::from(*length);
            let (name, rest) = rest.split_at_checked(length)?;
            let name = String::from_utf8_lossy(name).to_lowercase();
            Some((TargetHost::Name(name), 1 + length, rest))
        }),
        4 => rest.split_first_chunk::<16>().map(|(address, rest)| {
            let host = TargetHost::Ip(Ipv6Addr::from(*address).to_canonical());
            (host, 16, rest)
        }),
        other => {
            answer(ADDRESS_NOT_SUPPORTED, reply);
            return Err(DoorError::AddressType(*other));
        }
    };
    let Some((host, length, [high, low, ..])) = found else {
        return Ok(Step::NeedMore);
    };
    answer(SUCCEEDED, reply);
    let port = u16::from_be_bytes([*high, *low]);
    Ok(Step::Through(4 + length + 2, Some(Target { host, port })))
}

/// A reply with the address 0.0.0.0:0, which nobody reads.
fn answer(code: u8, reply: &mut Vec<u8>) {
    reply.extend_from_slice(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

fn connect(bytes: &[u8], reply: &mut Vec<u8>) -> Result<Step, DoorError> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else {
        if bytes.len() < MAX_HEAD {
            return Ok(Step::NeedMore);
        }
        reply.extend_from_slice(b"HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n");
        return Err(DoorError::Head);
    };
    let target = bytes
        .get(..end)
        .and_then(|head| std::str::from_utf8(head).ok())
        .and_then(|head| head.split_ascii_whitespace().nth(1))
        .and_then(authority);
    match target {
        Some(target) => {
            reply.extend_from_slice(b"HTTP/1.1 200 Connection established\r\n\r\n");
            Ok(Step::Through(end + 4, Some(target)))
        }
        None => {
            reply.extend_from_slice(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            Err(DoorError::Head)
        }
    }
}

/// `host:port`, with brackets around an IPv6 address.
fn authority(text: &str) -> Option<Target> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let host = match bare.parse::<IpAddr>() {
        Ok(address) => TargetHost::Ip(address),
        Err(_) if bare.is_empty() => return None,
        Err(_) => TargetHost::Name(bare.to_lowercase()),
    };
    Some(Target { host, port })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(name: &str, port: u16) -> Target {
        Target {
            host: TargetHost::Name(name.into()),
            port,
        }
    }

    fn at(address: &str, port: u16) -> Target {
        Target {
            host: TargetHost::Ip(address.parse().unwrap()),
            port,
        }
    }

    /// Feeds `bytes` in pieces of every size; each must come to the same end.
    #[track_caller]
    fn opens(bytes: &[u8], replies: &[u8], target: Option<&Target>, rest: &[u8]) {
        for piece in [1, 2, 3, bytes.len()] {
            let (mut door, mut reply, mut passed) = (Door::default(), Vec::new(), None::<Passed>);
            for piece in bytes.chunks(piece) {
                match &mut passed {
                    Some(passed) => passed.rest.extend_from_slice(piece),
                    None => passed = door.handle_bytes(piece, &mut reply).unwrap(),
                }
            }
            let passed = passed.unwrap();
            assert_eq!(passed.target.as_ref(), target, "{piece}");
            assert_eq!((passed.rest.as_slice(), reply.as_slice()), (rest, replies));
        }
    }

    #[test]
    fn socks_leads_to_a_target_and_passes_on_what_follows() {
        let replies = [&[5, 0][..], &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
        let v4 = [5, 1, 0, 5, 1, 0, 1, 149, 154, 167, 51, 1, 187, 0xef];
        opens(&v4, &replies, Some(&at("149.154.167.51", 443)), &[0xef]);
        let mut name = vec![5, 3, 0, 1, 2, 5, 1, 0, 3, 22];
        name.extend_from_slice(b"Pluto.web.telegram.org");
        name.extend_from_slice(&[0, 80, 1, 2, 3]);
        opens(
            &name,
            &replies,
            Some(&named("pluto.web.telegram.org", 80)),
            &[1, 2, 3],
        );
        let v6 = [&[5, 1, 0, 5, 1, 0, 4][..], &[0x20; 16], &[1, 187]].concat();
        let target = at("2020:2020:2020:2020:2020:2020:2020:2020", 443);
        opens(&v6, &replies, Some(&target), &[]);
        let password = [
            5, 1, 2, 1, 2, b'm', b'e', 1, b'x', 5, 1, 0, 1, 127, 0, 0, 1, 78, 32,
        ];
        let replies = [&[5, 2][..], &[1, 0], &replies[2..]].concat();
        opens(&password, &replies, Some(&at("127.0.0.1", 20_000)), &[]);
    }

    #[test]
    fn connect_leads_to_a_target_and_passes_on_what_follows() {
        let reply = b"HTTP/1.1 200 Connection established\r\n\r\n";
        let request = b"CONNECT 91.108.56.130:443 HTTP/1.1\r\nHost: x\r\n\r\n\xef\x01";
        opens(request, reply, Some(&at("91.108.56.130", 443)), b"\xef\x01");
        let request = b"CONNECT [2001:b28:f23d:f001::a]:80 HTTP/1.1\r\n\r\n";
        opens(request, reply, Some(&at("2001:b28:f23d:f001::a", 80)), b"");
    }

    #[test]
    fn other_streams_pass_untouched() {
        for bytes in [
            &[0xef, 1, 2, 3][..],
            &[0xee; 8],
            b"POST /api HTTP/1.1\r\n\r\n",
            b"CONX",
            &[5, 9, 1],
            &[5, 2, 0, 0x77, 1],
            &[5, 1, 0x41],
        ] {
            let mut reply = Vec::new();
            let passed = Door::default().handle_bytes(bytes, &mut reply).unwrap();
            let rest = bytes.to_vec();
            assert_eq!(passed, Some(Passed { target: None, rest }));
            assert!(reply.is_empty());
        }
    }

    #[test]
    fn requests_that_cannot_be_met_are_told_so() {
        let refused = |bytes: &[u8]| {
            let mut reply = Vec::new();
            let error = Door::default().handle_bytes(bytes, &mut reply).unwrap_err();
            (error, reply)
        };
        let (error, reply) = refused(&[5, 1, 1]);
        assert_eq!(
            (error, &reply[..]),
            (DoorError::Authentication, &[5, 0xff][..])
        );
        let (error, reply) = refused(&[5, 1, 0, 5, 2, 0, 1]);
        assert_eq!((error, reply[3]), (DoorError::Command(2), 7));
        let (error, reply) = refused(&[5, 1, 0, 5, 1, 0, 9]);
        assert_eq!((error, reply[3]), (DoorError::AddressType(9), 8));
        assert_eq!(refused(&[5, 1, 0, 4, 1, 0, 1]).0, DoorError::Malformed);
        let (error, reply) = refused(b"CONNECT nonsense HTTP/1.1\r\n\r\n");
        assert_eq!(error, DoorError::Head);
        assert!(reply.starts_with(b"HTTP/1.1 400"));
        let endless = [&b"CONNECT a:1 HTTP/1.1\r\n"[..], &[b'x'; MAX_HEAD]].concat();
        assert_eq!(refused(&endless).0, DoorError::Head);
    }

    /// What becomes of `bytes` in pieces of these sizes, by turns: all that is told or passed on.
    fn ends(bytes: &[u8], sizes: &[usize]) -> (Result<Option<Passed>, DoorError>, Vec<u8>) {
        let (mut door, mut reply) = (Door::default(), Vec::new());
        let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
        while !rest.is_empty() {
            let size = rest.len().min(*sizes.next().unwrap_or(&1));
            let (piece, after) = rest.split_at(size);
            rest = after;
            match door.handle_bytes(piece, &mut reply) {
                Ok(None) => {}
                Ok(Some(mut passed)) => {
                    passed.rest.extend_from_slice(rest);
                    return (Ok(Some(passed)), reply);
                }
                Err(error) => return (Err(error), reply),
            }
        }
        (Ok(None), reply)
    }

    /// Bytes that are mostly the beginning of something.
    fn beginnings() -> impl Strategy<Value = Vec<u8>> {
        let begun = prop::sample::select(vec![
            &b""[..],
            &[5],
            &[5, 1, 0, 5, 1, 0, 1],
            &[5, 2, 0, 2, 5, 1, 0, 3, 2],
            &[5, 1, 2, 1, 1],
            &[5, 1, 0, 5, 1, 0, 4],
            b"CONNECT ",
            b"CONNECT a:1 HTTP/1.1\r\n\r\n",
        ]);
        (begun, prop::collection::vec(any::<u8>(), 0..64))
            .prop_map(|(begun, more)| [begun, &more].concat())
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(
            bytes in beginnings(),
            sizes in prop::collection::vec(1_usize..9, 1..5),
        ) {
            let whole = ends(&bytes, &[usize::MAX]);
            prop_assert_eq!(&whole, &ends(&bytes, &sizes));
            if let (Ok(Some(Passed { target: None, rest })), reply) = whole {
                prop_assert!(reply.is_empty());
                prop_assert_eq!(rest, bytes);
            }
        }
    }
}
