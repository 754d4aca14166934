//! Frames written to and read from byte streams, per transport.
//!
//! Reading takes a stream of 32 frames in the pieces in which sockets deliver them, detection included, so a frame's
//! share is a 32nd; writing appends one frame to a buffer that is kept. "copy" is the floor: the same bytes copied.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::random::ChaChaRandom;
use mtproto_core::transport::carrier::tls::{self, RecordReader};
use mtproto_core::transport::carrier::websocket::{self, FrameReader};
use mtproto_core::transport::{
    ClientTransport, Frame, FrameLimits, Framer, ServerTransport, Transport,
};

/// Lengths of encrypted messages: an envelope of 24 bytes and whole blocks.
const SIZES: [usize; 4] = [24 + 128, 24 + 1024, 24 + 64 * 1024, 24 + 512 * 1024];
const FRAMES: usize = 32;
/// What a driver reads at once.
const PIECE: usize = 64 * 1024;

fn transports() -> Vec<(&'static str, ClientTransport)> {
    vec![
        ("abridged", ClientTransport::plain(Transport::Abridged)),
        (
            "intermediate",
            ClientTransport::plain(Transport::Intermediate),
        ),
        (
            "padded",
            ClientTransport::plain(Transport::PaddedIntermediate),
        ),
        ("full", ClientTransport::plain(Transport::Full)),
        (
            "obfuscated abridged",
            ClientTransport::obfuscated(Transport::Abridged),
        ),
        (
            "obfuscated intermediate",
            ClientTransport::obfuscated(Transport::Intermediate),
        ),
        (
            "obfuscated padded",
            ClientTransport::obfuscated(Transport::PaddedIntermediate),
        ),
    ]
}

fn client(config: &ClientTransport) -> Framer {
    let mut random = ChaChaRandom::from_number(1);
    Framer::client(config, FrameLimits::default(), &mut random)
        .expect("these transports have these forms")
}

fn server() -> Framer {
    Framer::server(ServerTransport::default(), FrameLimits::default())
}

/// Reads all frames of `wire` and counts them.
fn read(server: &mut Framer, wire: &[u8]) -> usize {
    let mut frames = 0;
    for piece in wire.chunks(PIECE) {
        server.handle_bytes(piece).expect("our own client wrote it");
        while let Some(frame) = server.poll_frame().expect("our own client wrote it") {
            if let Frame::Payload { data, .. } = frame {
                black_box(data);
            }
            frames += 1;
        }
    }
    frames
}

fn writing(c: &mut Criterion) {
    let mut group = c.benchmark_group("write_frame");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        let payload = vec![0x5a; size];
        let mut out = Vec::new();
        group.bench_function(BenchmarkId::new("copy", size), |b| {
            b.iter(|| {
                out.clear();
                out.extend_from_slice(black_box(&payload));
            });
        });
        for (name, config) in transports() {
            let mut client = client(&config);
            let mut random = ChaChaRandom::from_number(2);
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| {
                    out.clear();
                    client.write_payload(black_box(&payload), false, &mut random, &mut out)
                });
            });
        }
    }
    group.finish();
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("read_32_frames");
    for size in SIZES {
        group.throughput(Throughput::Bytes((size * FRAMES) as u64));
        let payload = vec![0x5a; size];
        let mut random = ChaChaRandom::from_number(3);
        for (name, config) in transports() {
            let mut client = client(&config);
            let mut wire = Vec::new();
            for _ in 0..FRAMES {
                client
                    .write_payload(&payload, false, &mut random, &mut wire)
                    .expect("the payload is whole words");
            }
            assert_eq!(read(&mut server(), &wire), FRAMES);
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter_batched(
                    server,
                    |mut server| read(&mut server, black_box(&wire)),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

fn carriers(c: &mut Criterion) {
    let mut group = c.benchmark_group("carriers_64_kib");
    let stream = vec![0x5a; 64 * 1024];
    group.throughput(Throughput::Bytes(stream.len() as u64));
    let mut out = Vec::new();
    group.bench_function("websocket write", |b| {
        b.iter(|| {
            out.clear();
            websocket::write_message(black_box(&stream), Some([1, 2, 3, 4]), &mut out);
        });
    });
    let mut message = Vec::new();
    websocket::write_message(&stream, Some([1, 2, 3, 4]), &mut message);
    let mut reader = FrameReader::new(Direction::ClientToServer);
    group.bench_function("websocket read", |b| {
        b.iter(|| {
            out.clear();
            reader.read(black_box(&message), &mut out)
        });
    });
    group.bench_function("fake TLS write", |b| {
        b.iter(|| {
            out.clear();
            tls::write_records(black_box(&stream), tls::SERVER_RECORD, &mut out);
        });
    });
    let mut records = Vec::new();
    tls::write_records(&stream, tls::SERVER_RECORD, &mut records);
    let mut reader = RecordReader::default();
    group.bench_function("fake TLS read", |b| {
        b.iter(|| {
            out.clear();
            reader.read(black_box(&records), &mut out)
        });
    });
    group.finish();
}

criterion_group!(framing, writing, reading, carriers);
criterion_main!(framing);
