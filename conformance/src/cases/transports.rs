//! Area TR: transports and framing.

use mtproto_core::transport::{ClientTransport, Transport};

use crate::case::{Case, Verdict};
use crate::dial::{DialError, End, ServerUnderTest};

pub(super) const SERVER: &[Case] = &[
    Case {
        rule: "tr_10",
        stimulus: "in each transport with a length of its own, announces a frame of 2 GiB or as near as the \
                   transport can, and sends nothing of it",
        conversation: announce_a_huge_frame,
    },
    Case {
        rule: "tr_39",
        stimulus: "asks for a key exchange in every transport, plain and obfuscated, on the one port",
        conversation: speak_every_transport,
    },
];

fn announce_a_huge_frame(server: &ServerUnderTest) -> Result<Verdict, DialError> {
    let announcements: [(&str, &[u8]); 4] = [
        ("abridged", b"\xef\x7f\xff\xff\xff"),
        ("intermediate", b"\xee\xee\xee\xee\xff\xff\xff\x7f"),
        ("padded intermediate", b"\xdd\xdd\xdd\xdd\xff\xff\xff\x7f"),
        ("full", b"\xfc\xff\xff\x7f\x00\x00\x00\x00"),
    ];
    for (name, bytes) in announcements {
        let mut socket = server.dial()?;
        socket.send(bytes)?;
        if socket.wait_for_close()? == End::Silence {
            return Ok(Verdict::Fail(format!(
                "{name}: the server waits for the frame instead of closing"
            )));
        }
    }
    Ok(Verdict::Pass)
}

fn speak_every_transport(server: &ServerUnderTest) -> Result<Verdict, DialError> {
    let transports = [
        ClientTransport::plain(Transport::Abridged),
        ClientTransport::plain(Transport::Intermediate),
        ClientTransport::plain(Transport::PaddedIntermediate),
        ClientTransport::plain(Transport::Full),
        ClientTransport::obfuscated(Transport::Abridged),
        ClientTransport::obfuscated(Transport::Intermediate),
        ClientTransport::obfuscated(Transport::PaddedIntermediate),
    ];
    for (number, transport) in (0..).zip(&transports) {
        if let Err(seen) = server.speak(transport, number)?.req_pq()? {
            return Ok(Verdict::Fail(format!(
                "{:?}{}: {seen}",
                transport.transport,
                if transport.obfuscated {
                    ", obfuscated"
                } else {
                    ""
                }
            )));
        }
    }
    Ok(Verdict::Pass)
}
