//! The cryptography of a message and of a key exchange.
//!
//! `cargo bench -p mtkit-benches --bench crypto --features peers` measures the peers in the same run.
//! "ours" takes the kernels where the processor has AES-NI and SHA-NI; "portable" is the same work on the RustCrypto
//! crates, which is what other processors get.

use std::hint::black_box;

use aes::Aes256;
use cipher::array::Array;
use cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mtproto_core::crypto::auth_key::AuthKey;
use mtproto_core::crypto::dh::{self, DhParams, GeneratorTable, KNOWN_PRIME, PrimeCache};
use mtproto_core::crypto::envelope::{self, Job};
use mtproto_core::crypto::kdf::{self, Direction};
use mtproto_core::crypto::rsa::{self, RsaPrivateKey};
use mtproto_core::crypto::{aes_ige, hash, pq};
use mtproto_core::ids::MsgKey;
use mtproto_core::random::SecureRandom;

const SIZES: [usize; 4] = [128, 1024, 64 * 1024, 512 * 1024];
const SERVER: Direction = Direction::ServerToClient;
const CLIENT: Direction = Direction::ClientToServer;

/// Products of a 31-bit and a 32-bit prime, as servers send them.
const PQ: [u64; 8] = [
    0x17ed_4894_1a08_f981,
    0x2565_95ed_b776_6797,
    1_724_114_033_281_923_457,
    2_090_522_174_869_285_481,
    1_470_626_929_934_143_021,
    2_804_275_833_720_261_793,
    1_512_271_926_327_123_781,
    2_694_724_800_268_887_959,
];

/// Bytes that only have to differ from call to call.
struct Counter(u64);

impl SecureRandom for Counter {
    fn fill(&mut self, dest: &mut [u8]) {
        for chunk in dest.chunks_mut(8) {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            chunk.copy_from_slice(&self.0.to_be_bytes()[..chunk.len()]);
        }
    }
}

fn auth_key() -> AuthKey {
    AuthKey::new(std::array::from_fn(|i| (i * 7) as u8))
}

fn portable_encrypt(key: &[u8; 32], iv: &[u8; 32], buf: &mut [u8]) {
    let (blocks, _) = Array::slice_as_chunks_mut(buf);
    ige::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_blocks(blocks);
}

fn portable_decrypt(key: &[u8; 32], iv: &[u8; 32], buf: &mut [u8]) {
    let (blocks, _) = Array::slice_as_chunks_mut(buf);
    ige::Decryptor::<Aes256>::new(key.into(), iv.into()).decrypt_blocks(blocks);
}

fn ciphers(c: &mut Criterion) {
    let (key, iv) = ([7; 32], [9; 32]);
    for (name, ours, portable) in [
        (
            "ige_encrypt",
            aes_ige::encrypt as fn(&[u8; 32], &[u8; 32], &mut [u8]) -> Result<(), _>,
            portable_encrypt as fn(&[u8; 32], &[u8; 32], &mut [u8]),
        ),
        ("ige_decrypt", aes_ige::decrypt, portable_decrypt),
    ] {
        let mut group = c.benchmark_group(name);
        for size in SIZES {
            let mut buf = vec![1; size];
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(BenchmarkId::new("ours", size), |b| {
                b.iter(|| ours(&key, &iv, black_box(&mut buf)));
            });
            group.bench_function(BenchmarkId::new("portable", size), |b| {
                b.iter(|| portable(&key, &iv, black_box(&mut buf)));
            });
            #[cfg(feature = "peers")]
            group.bench_function(BenchmarkId::new("grammers", size), |b| {
                let peer = if name == "ige_encrypt" {
                    grammers_crypto::aes::ige_encrypt
                } else {
                    grammers_crypto::aes::ige_decrypt
                };
                b.iter(|| peer(black_box(&mut buf), &key, &iv));
            });
        }
    }
    let mut group = c.benchmark_group("sha256");
    for size in SIZES {
        let buf = vec![1; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("ours", size), |b| {
            b.iter(|| hash::sha256(&[black_box(&buf)]))
        });
    }
}

fn key_derivation(c: &mut Criterion) {
    let key = auth_key();
    let msg_key = MsgKey([3; 16]);
    c.bench_function("keys_v2", |b| {
        b.iter(|| kdf::keys_v2(&key, black_box(&msg_key), SERVER))
    });
    c.bench_function("keys_v1", |b| {
        b.iter(|| kdf::keys_v1(&key, black_box(&msg_key), SERVER))
    });
}

fn messages(c: &mut Criterion) {
    let key = auth_key();
    let mut group = c.benchmark_group("message_encrypt");
    for size in SIZES {
        let mut buf = vec![1; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("ours", size), |b| {
            b.iter(|| envelope::encrypt(&key, CLIENT, black_box(&mut buf)));
        });
        group.bench_function(BenchmarkId::new("portable", size), |b| {
            b.iter(|| {
                let large = kdf::msg_key_large(&key, &buf, CLIENT);
                let keys = kdf::keys_v2(&key, &kdf::msg_key(&large), CLIENT);
                portable_encrypt(&keys.key, &keys.iv, black_box(&mut buf));
                large
            });
        });
        #[cfg(feature = "peers")]
        group.bench_function(BenchmarkId::new("grammers", size), |b| {
            let key = grammers_crypto::AuthKey::from_bytes(*key.as_bytes());
            // The padding brings the plaintext to the same size.
            let mut plain = grammers_crypto::DequeBuffer::with_capacity(size + 32, 32);
            b.iter_batched_ref(
                || {
                    plain.clear();
                    (0..size - 16).for_each(|_| plain.push(1));
                    plain.clone()
                },
                |plain| grammers_crypto::encrypt_data_v2(black_box(plain), &key),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();

    let mut group = c.benchmark_group("message_decrypt");
    for size in SIZES {
        let mut frame = vec![1; size];
        let msg_key =
            kdf::msg_key(&envelope::encrypt(&key, SERVER, &mut frame).expect("whole blocks"));
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::new("ours", size), |b| {
            b.iter_batched_ref(
                || frame.clone(),
                |frame| envelope::decrypt(&key, SERVER, &msg_key, black_box(frame)),
                BatchSize::SmallInput,
            );
        });
        group.bench_function(BenchmarkId::new("portable", size), |b| {
            b.iter_batched_ref(
                || frame.clone(),
                |frame| {
                    let keys = kdf::keys_v2(&key, &msg_key, SERVER);
                    portable_decrypt(&keys.key, &keys.iv, black_box(frame));
                    kdf::msg_key_large(&key, frame, SERVER)
                },
                BatchSize::SmallInput,
            );
        });
        #[cfg(feature = "peers")]
        group.bench_function(BenchmarkId::new("grammers", size), |b| {
            let peer_key = grammers_crypto::AuthKey::from_bytes(*key.as_bytes());
            let whole = [&key.id().0[..], &msg_key.0, &frame].concat();
            b.iter_batched_ref(
                || whole.clone(),
                |whole| grammers_crypto::decrypt_data_v2(black_box(whole), &peer_key).is_ok(),
                BatchSize::SmallInput,
            );
        });
    }
}

/// Sixteen messages at once; the time is for all of them.
fn batches(c: &mut Criterion) {
    type Work = for<'a, 'b> fn(&'a mut [Job<'b>]);
    let key = auth_key();
    for (name, work) in [
        ("sixteen_encrypt", envelope::encrypt_many as Work),
        ("sixteen_decrypt", envelope::decrypt_many as Work),
    ] {
        let mut group = c.benchmark_group(name);
        for size in SIZES {
            let mut buffers = vec![vec![1; size]; 16];
            group.throughput(Throughput::Bytes(16 * size as u64));
            group.bench_function(BenchmarkId::new("ours", size), |b| {
                b.iter(|| {
                    let mut jobs: Vec<Job<'_>> = buffers
                        .iter_mut()
                        .map(|buf| {
                            Job::new(&key, SERVER, MsgKey([3; 16]), buf).expect("whole blocks")
                        })
                        .collect();
                    work(black_box(&mut jobs));
                });
            });
        }
    }
}

fn key_exchange(c: &mut Criterion) {
    let params = DhParams::known(3).expect("3 obeys its rule");
    let table = GeneratorTable::new(params.clone());
    let (base, exponent) = ([0x5a; 256], [0xa5; 256]);
    let mut group = c.benchmark_group("power_2048");
    group.sample_size(20);
    group.bench_function("ours", |b| {
        b.iter(|| params.pow(black_box(&base), &exponent))
    });
    group.bench_function("ours, fixed base", |b| {
        b.iter(|| table.g_pow(black_box(&exponent)))
    });
    group.bench_function("ours, table of a fixed base", |b| {
        b.iter(|| GeneratorTable::new(params.clone()))
    });
    #[cfg(feature = "peers")]
    group.bench_function("num-bigint", |b| {
        use num_bigint::BigUint;
        let number = BigUint::from_bytes_be;
        let (base, exponent, prime) = (number(&base), number(&exponent), number(&KNOWN_PRIME));
        b.iter(|| black_box(&base).modpow(&exponent, &prime));
    });
    group.finish();

    let mut group = c.benchmark_group("check_params");
    group.sample_size(10);
    group.bench_function("known prime", |b| {
        b.iter(|| dh::check_params(&KNOWN_PRIME, 3, &mut PrimeCache::new(), &mut Counter(1)));
    });
    let other = other_safe_prime();
    group.bench_function("other prime", |b| {
        b.iter(|| dh::check_params(&other, 4, &mut PrimeCache::new(), &mut Counter(1)));
    });
    group.finish();

    let private =
        RsaPrivateKey::from_pem(include_str!("../../mock-server/keys/test_rsa_private.pem"))
            .expect("the published test key");
    let mut group = c.benchmark_group("rsa_2048");
    group.sample_size(20);
    let mut random = Counter(1);
    group.bench_function("pad_encrypt", |b| {
        b.iter(|| rsa::pad_encrypt(private.public(), black_box(&[1; 144]), &mut random));
    });
    let encrypted =
        rsa::pad_encrypt(private.public(), &[1; 144], &mut Counter(1)).expect("144 bytes fit");
    group.bench_function("decrypt_either", |b| {
        b.iter(|| rsa::decrypt_either(&private, black_box(&encrypted)))
    });
    group.finish();

    let mut group = c.benchmark_group("factorize_eight");
    group.bench_function("ours", |b| {
        b.iter(|| PQ.map(|pq| pq::factorize(black_box(pq))))
    });
    #[cfg(feature = "peers")]
    group.bench_function("grammers", |b| {
        b.iter(|| PQ.map(|pq| grammers_crypto::factorize(black_box(pq))))
    });
}

/// The prime of RFC 3526, group 14: 2^2048 − 2^1984 − 1 + 2^64 (⌊2^1918 π⌋ + 124476).
fn other_safe_prime() -> [u8; 256] {
    let digits = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
                  020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
                  4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
                  ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05\
                  98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb\
                  9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
                  e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718\
                  3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff";
    std::array::from_fn(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("hexadecimal"))
}

criterion_group!(
    benches,
    ciphers,
    key_derivation,
    messages,
    batches,
    key_exchange
);
criterion_main!(benches);
