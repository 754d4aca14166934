//! Whole messages sealed and opened, and whole key exchanges of both roles.
//!
//! `cargo bench -p mtkit-benches --bench message`

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::{DhParams, GeneratorTable, PrimeCache};
use mtproto_core::crypto::kdf::Direction;
use mtproto_core::crypto::rsa::RsaPrivateKey;
use mtproto_core::handshake::{
    ClientConfig, ClientHandshake, ClientStep, RunLimits, ServerConfig, ServerHandshakes,
};
use mtproto_core::ids::{DcId, MsgId, SeqNo, ServerSalt, SessionId};
use mtproto_core::message::container::{self, Builder};
use mtproto_core::message::{Header, encrypted, gzip};
use mtproto_core::random::ChaChaRandom;
use mtproto_core::time::{Instant, UnixTime};
use mtproto_core::tl::service::MsgContainer;
use mtproto_core::tl::{Combinator, Reader};

const SIZES: [usize; 4] = [128, 1024, 64 * 1024, 512 * 1024];
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

const HEADER: Header = Header {
    salt: ServerSalt(1),
    session_id: SessionId(2),
    msg_id: MsgId(4),
    seq_no: SeqNo(1),
};

fn key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|i| i as u8))
}

fn seal(c: &mut Criterion) {
    let mut group = c.benchmark_group("seal");
    let (key, mut random) = (key(), ChaChaRandom::from_number(1));
    for size in SIZES {
        let body = vec![0x42; size];
        let mut out = Vec::with_capacity(size + 1100);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                out.clear();
                encrypted::seal(
                    &key,
                    Direction::ClientToServer,
                    &HEADER,
                    black_box(&body),
                    &mut random,
                    &mut out,
                )
            });
        });
    }
    group.finish();
}

fn open(c: &mut Criterion) {
    let mut group = c.benchmark_group("open");
    let (key, mut random) = (key(), ChaChaRandom::from_number(1));
    for size in SIZES {
        let mut frame = Vec::new();
        encrypted::seal(
            &key,
            Direction::ClientToServer,
            &HEADER,
            &vec![0x42; size],
            &mut random,
            &mut frame,
        );
        let mut buffer = frame.clone();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                // Opening is done in place, so each round begins with the copy that a driver's read makes.
                buffer.copy_from_slice(&frame);
                let opened =
                    encrypted::open(&key, Direction::ClientToServer, black_box(&mut buffer));
                opened.expect("what was sealed opens").body.len()
            });
        });
    }
    group.finish();
}

fn containers(c: &mut Criterion) {
    let mut group = c.benchmark_group("container");
    for count in [10, 1000] {
        let mut body = Vec::new();
        let mut builder = Builder::new(&mut body);
        for i in 0..count {
            assert!(builder.push(MsgId(i * 4), SeqNo(1), &[0x42; 64]));
        }
        let container = MsgContainer::read(&mut Reader::new(&body)).expect("a container");
        group.bench_function(BenchmarkId::new("read", count), |b| {
            b.iter(|| {
                let messages = container::read(MsgId(i64::MAX), black_box(container));
                messages
                    .expect("all rules hold")
                    .map(|message| message.body.len())
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

fn packing(c: &mut Criterion) {
    let mut group = c.benchmark_group("gzip");
    let text: Vec<u8> = (0..64 * 1024_u32)
        .map(|i| (i.wrapping_mul(i) >> 9) as u8 & 0x3f)
        .collect();
    let packed = gzip::deflate(&text);
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("deflate", |b| b.iter(|| gzip::deflate(black_box(&text))));
    group.bench_function("inflate", |b| {
        b.iter(|| gzip::inflate(black_box(&packed), text.len()))
    });
    group.finish();
}

/// Both roles with one source of randomness.
struct Exchange {
    client: ClientConfig,
    server: ServerHandshakes,
    random: ChaChaRandom,
    primes: PrimeCache,
}

impl Exchange {
    fn new() -> Self {
        const PEM: &str = include_str!("../../mock-server/keys/test_rsa_private.pem");
        let private = RsaPrivateKey::from_pem(PEM).expect("the published test key");
        let client = ClientConfig::new(vec![private.public().clone()], DcId(2));
        let table = GeneratorTable::new(DhParams::known(3).expect("3 generates"));
        let server = ServerConfig::new(vec![private], Arc::new(table));
        Self {
            client,
            server: ServerHandshakes::new(server, RunLimits::default()),
            random: ChaChaRandom::from_number(1),
            primes: PrimeCache::new(),
        }
    }

    fn answer(&mut self, query: &[u8]) -> Vec<u8> {
        let step = self
            .server
            .handle(Instant::ZERO, NOW, query, &|_| false, &mut self.random);
        step.expect("the client obeys").reply.to_bytes()
    }

    fn run(&mut self) -> AuthKey {
        let (mut run, mut query) = ClientHandshake::new(self.client.clone(), &mut self.random);
        loop {
            let answer = self.answer(&query);
            let step = run.handle(NOW, &answer, &mut self.primes, &mut self.random);
            match step.expect("the server obeys") {
                ClientStep::Send(next) => query = next,
                ClientStep::Done(key) => return key.auth_key,
            }
        }
    }
}

fn handshake(c: &mut Criterion) {
    let mut group = c.benchmark_group("handshake");
    let mut exchange = Exchange::new();
    group.bench_function("both roles", |b| b.iter(|| exchange.run()));

    // One role at a time: the other side's messages are made outside the measured part.
    group.bench_function("client", |b| {
        b.iter_batched(
            || {
                let mut replay = Exchange::new();
                replay.random = ChaChaRandom::from_number(2);
                let (mut run, mut query) =
                    ClientHandshake::new(replay.client.clone(), &mut replay.random);
                let mut random = ChaChaRandom::from_number(3);
                let mut answers = Vec::new();
                loop {
                    answers.push(replay.answer(&query));
                    let answer = answers.last().expect("just pushed");
                    match run.handle(NOW, answer, &mut replay.primes, &mut random) {
                        Ok(ClientStep::Send(next)) => query = next,
                        other => break assert!(other.is_ok()),
                    }
                }
                (replay.client, answers)
            },
            |(config, answers)| {
                let (mut run, _) = ClientHandshake::new(config, &mut ChaChaRandom::from_number(2));
                let (mut random, mut primes) = (ChaChaRandom::from_number(3), PrimeCache::new());
                for answer in &answers {
                    let step = run.handle(NOW, answer, &mut primes, &mut random);
                    black_box(step.expect("the replayed server obeys"));
                }
                assert!(run.is_finished());
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, seal, open, containers, packing, handshake);
criterion_main!(benches);
