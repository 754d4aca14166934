//! Links the core without the standard library, and uses it: a frame there and back, a message sealed and opened, the
//! keys of the published sample exchange.
//!
//! If anything in the core's tree linked the standard library, its panic handler would collide with the one below.
//! The exit code is 0, or the number of the first thing that did not work.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::kdf::{self, Direction};
use mtproto_core::ids::{MsgId, Nonce, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::{Header, encrypted};
use mtproto_core::random::ChaChaRandom;
use mtproto_core::transport::{
    ClientTransport, Frame, FrameLimits, Framer, ServerTransport, Transport,
};

/// Memory that is handed out from one end to the other and never taken back: the program ends before it is used up.
struct Arena;

const ARENA: usize = 1 << 20;
static mut MEMORY: [u8; ARENA] = [0; ARENA];
static USED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: each call gets bytes of its own, since `USED` only rises, and they lie inside `MEMORY`, since the end is
// checked before it is stored.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = &raw mut MEMORY;
        let place = |used: usize| {
            let unaligned = base.addr() + used;
            let start = unaligned.next_multiple_of(layout.align()) - base.addr();
            let end = start.checked_add(layout.size())?;
            (end <= ARENA).then_some((start, end))
        };
        let taken = USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            place(used).map(|(_, end)| end)
        });
        match taken.ok().and_then(place) {
            Some((start, _)) => base.cast::<u8>().wrapping_add(start),
            None => core::ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Arena = Arena;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    abort()
}

/// The compiled `alloc` names what unwinds it. Nothing here unwinds, so that this is never called.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

// The C library starts the program and copies memory; it is what a host has instead of bare metal.
#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let steps: [fn() -> Option<()>; 3] = [frame, message, keys];
    for (step, number) in steps.into_iter().zip(1..) {
        if step().is_none() {
            return number;
        }
    }
    0
}

/// A payload travels over an obfuscated stream.
fn frame() -> Option<()> {
    let mut random = ChaChaRandom::from_number(1);
    let limits = FrameLimits::default();
    let transport = ClientTransport::obfuscated(Transport::PaddedIntermediate);
    let mut client = Framer::client(&transport, limits, &mut random).ok()?;
    let mut server = Framer::server(ServerTransport::default(), limits);
    let payload: Vec<u8> = (0..64).collect();
    let mut wire = Vec::new();
    client
        .write_payload(&payload, false, &mut random, &mut wire)
        .ok()?;
    server.handle_bytes(&wire).ok()?;
    match server.poll_frame().ok()?? {
        Frame::Payload { data, .. } => data.starts_with(&payload).then_some(()),
        _ => None,
    }
}

/// A message is sealed and opened.
fn message() -> Option<()> {
    let mut random = ChaChaRandom::from_number(2);
    let key = AuthKey::new([7; 256]);
    let header = Header {
        salt: ServerSalt(1),
        session_id: SessionId(2),
        msg_id: MsgId(4),
        seq_no: SeqNo(1),
    };
    let mut wire = Vec::new();
    let direction = Direction::ClientToServer;
    encrypted::seal(&key, direction, &header, b"body", &mut random, &mut wire);
    let opened = encrypted::open(&key, direction, &mut wire).ok()?;
    (opened.header == header && opened.body == b"body").then_some(())
}

/// The temporary keys of the exchange printed at <https://core.telegram.org/mtproto/samples-auth_key>.
fn keys() -> Option<()> {
    let new_nonce = 0xa8bb_c849_512d_ac6c_67b6_efd9_157d_6ca7_u128.to_be_bytes();
    let rest = 0x377a_1776_307d_8426_5c6b_e9bd_cf80_2ac1_u128.to_be_bytes();
    let mut whole = [0; 32];
    whole[..16].copy_from_slice(&new_nonce);
    whole[16..].copy_from_slice(&rest);
    let server_nonce = Nonce(0xe11d_bc3b_c97d_91a2_6154_f932_af01_9943_u128.to_be_bytes());
    let keys = kdf::tmp_keys(&whole, &server_nonce);
    let head = 0x5ea7_02f7_43e8_50f5_546e_857f_08b7_d533_u128.to_be_bytes();
    keys.key.starts_with(&head).then_some(())
}
