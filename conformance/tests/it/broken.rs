//! Servers that break one rule each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use mtproto_core::ids::{MsgId, Nonce};
use mtproto_core::message::plain;
use mtproto_core::tl::key_exchange::{ReqPqMulti, ResPq};
use mtproto_core::tl::{Combinator as _, Reader, Vector, Writer};

/// What is wrong with a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    WaitsForAnyFrame,
    SpeaksIntermediateOnly,
    RepeatsItsNonce,
}

/// A server whose threads end with the connections of the test.
pub(crate) struct Broken {
    address: SocketAddr,
}

impl Broken {
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream, fault));
            }
        });
        Self { address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Speaks the intermediate transport; ends when the client does, or with its first nonsense.
fn serve(mut stream: TcpStream, fault: Fault) -> Option<()> {
    let mut tag = [0; 4];
    stream.read_exact(&mut tag).ok()?;
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let length = u32::from_le_bytes(length);
        if matches!(fault, Fault::WaitsForAnyFrame) {
            // Patient to the end.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).ok()?;
            return None;
        }
        if tag != [0xee; 4] || length > 4096 {
            return None;
        }
        let mut frame = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut frame).ok()?;
        let message = plain::read(&frame).ok()?;
        let request = ReqPqMulti::read(&mut Reader::new(message.body)).ok()?;
        let (mut body, mut payload) = (Vec::new(), Vec::new());
        let answer = ResPq {
            nonce: request.nonce,
            server_nonce: Nonce([7; 16]),
            pq: &[0x17, 0xed, 0x48, 0x94, 0x1a, 0x08, 0xf9, 0x81],
            server_public_key_fingerprints: Vector::from(&[][..]),
        };
        answer.write(&mut Writer::new(&mut body));
        plain::write(MsgId((1 << 32) + 1), &body, &mut payload);
        let length = u32::try_from(payload.len()).ok()?;
        stream.write_all(&length.to_le_bytes()).ok()?;
        stream.write_all(&payload).ok()?;
    }
}
