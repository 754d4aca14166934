//! Packed objects.

use mtproto_core::message::gzip::{self, GzipError};
use mtproto_core::tl::Combinator;
use mtproto_core::tl::service::GzipPacked;
use proptest::prelude::*;

/// "hello hello hello hello" with a zlib header, as zlib's `compress` writes it.
const ZLIB: &str = "789ccb48cdc9c957c8402701680308b1";

fn packed(data: &[u8]) -> Vec<u8> {
    GzipPacked { packed_data: data }.to_bytes()
}

#[test]
fn sv_13_packed_object_is_unpacked_and_another_is_left_alone() {
    let object = packed(&gzip::deflate(b"\xb5\x75\x72\x99"));
    assert_eq!(
        gzip::unpack(&object, 100),
        Ok(Some(b"\xb5\x75\x72\x99".to_vec()))
    );
    assert_eq!(gzip::unpack(b"\xb5\x75\x72\x99", 100), Ok(None));
    assert_eq!(gzip::unpack(b"", 100), Ok(None));
}

#[test]
fn zlib_header_is_read_as_well() {
    let bytes = hex::decode(ZLIB).unwrap();
    assert_eq!(
        gzip::inflate(&bytes, 100),
        Ok(b"hello hello hello hello".to_vec())
    );
    let mut wrong_checksum = bytes;
    *wrong_checksum.last_mut().unwrap() ^= 1;
    assert_eq!(gzip::inflate(&wrong_checksum, 100), Err(GzipError::Damaged));
}

#[test]
fn optional_fields_of_a_gzip_header_are_skipped() {
    let plain = gzip::deflate(b"abc");
    let header = b"\x1f\x8b\x08\x1e\x01\x02\x03\x04\x00\x03\x02\x00xxname\0comment\0hc";
    let full = [&header[..], &plain[10..]].concat();
    assert_eq!(gzip::inflate(&full, 100), Ok(b"abc".to_vec()));
    for cut in 0..header.len() {
        assert_eq!(gzip::inflate(&full[..cut], 100), Err(GzipError::Damaged));
    }
}

#[test]
fn sv_15_packed_object_in_a_packed_object_is_refused() {
    let inner = packed(&gzip::deflate(&[1; 8]));
    let outer = packed(&gzip::deflate(&inner));
    assert_eq!(gzip::unpack(&outer, 1000), Err(GzipError::Nested));
}

#[test]
fn sv_16_decompression_bomb_stops_at_the_limit() {
    let bomb = gzip::deflate(&vec![0; 4 << 20]);
    assert!(bomb.len() < 8192);
    assert_eq!(gzip::inflate(&bomb, 1 << 20), Err(GzipError::TooLarge));
    assert_eq!(
        gzip::inflate(&bomb, (4 << 20) - 1),
        Err(GzipError::TooLarge)
    );
    assert_eq!(
        gzip::inflate(&bomb, 4 << 20).map(|out| out.len()),
        Ok(4 << 20)
    );
    assert_eq!(gzip::inflate(&gzip::deflate(b""), 0), Ok(vec![]));
    assert_eq!(
        gzip::inflate(&gzip::deflate(b"x"), 0),
        Err(GzipError::TooLarge)
    );
}

#[test]
fn sv_17_broken_streams_are_damaged() {
    let good = gzip::deflate(b"some text that is packed, some text that is packed");
    for cut in 0..good.len() {
        assert_eq!(
            gzip::inflate(&good[..cut], 100),
            Err(GzipError::Damaged),
            "cut at {cut}"
        );
    }
    for at in [good.len() - 8, good.len() - 1] {
        let mut wrong = good.clone();
        wrong[at] ^= 1;
        assert_eq!(gzip::inflate(&wrong, 100), Err(GzipError::Damaged));
    }
    let raw = &good[10..good.len() - 8];
    assert_eq!(gzip::inflate(raw, 100), Err(GzipError::Damaged));
    let longer = [&good[..], &[0]].concat();
    assert_eq!(gzip::inflate(&longer, 100), Err(GzipError::Damaged));
    assert_eq!(gzip::unpack(&packed(b""), 100), Err(GzipError::Damaged));
}

#[test]
fn packing_carries_no_time() {
    assert_eq!(gzip::deflate(b"abc")[4..8], [0; 4]);
    assert_eq!(gzip::deflate(b"abc"), gzip::deflate(b"abc"));
}

proptest! {
    #[test]
    fn inflate_is_the_inverse_of_deflate(bytes: Vec<u8>, repeat in 1..50_usize) {
        let bytes = bytes.repeat(repeat);
        prop_assert_eq!(gzip::inflate(&gzip::deflate(&bytes), bytes.len()), Ok(bytes));
    }

    #[test]
    fn arbitrary_streams_stay_within_the_limit(bytes: Vec<u8>, kind in 0..3_usize) {
        let head: [&[u8]; 3] = [b"", b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"\x78\x9c"];
        if let Ok(out) = gzip::inflate(&[head[kind], &bytes].concat(), 1000) {
            prop_assert!(out.len() <= 1000);
        }
    }
}
