//! From a capture file in memory to JSON Lines with the whole TL tree, on one thread.
//!
//! `floor` is the cryptography of the same messages alone, one after another and several at once; nothing that decrypts
//! everything can be faster.

use std::hint::black_box;

use benches::capture::{Made, bulk, chatty};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use inspector::Inspector;
use inspector::keys::{KeyRing, Source};
use inspector::output::JsonLines;
use inspector::stats::Stats;
use mtproto_core::message::batch::{Frame, open_many};
use mtproto_core::message::encrypted;

const SIZE: usize = 16 << 20;
/// As a file is read.
const CHUNK: usize = 256 << 10;

fn keys(made: &Made) -> KeyRing {
    let mut keys = KeyRing::new();
    keys.add_key_log(made.key_log.as_bytes(), &Source::Given("bench".into()));
    keys
}

/// Length of the output.
fn json(made: &Made) -> usize {
    let mut inspector = Inspector::new(keys(made));
    let json = JsonLines::new(false);
    let (mut lines, mut total) = (String::new(), 0);
    let mut sink = |row: &inspector::record::Row<'_>| {
        json.row(row, &mut lines);
        if lines.len() >= 64 << 10 {
            total += lines.len();
            black_box(&lines);
            lines.clear();
        }
    };
    for chunk in made.pcap.chunks(CHUNK) {
        inspector.push(chunk, &mut sink);
    }
    let summary = inspector.finish(&mut sink);
    assert_eq!(summary.messages, made.messages);
    assert!(summary.is_complete(), "{summary:?}");
    assert_eq!(summary.findings, [0; 3]);
    total + lines.len()
}

fn stats(made: &Made) -> usize {
    let mut inspector = Inspector::new(keys(made));
    let mut stats = Stats::new();
    for chunk in made.pcap.chunks(CHUNK) {
        inspector.push(chunk, &mut |row| stats.observe(row));
    }
    inspector.finish(&mut |row| stats.observe(row));
    stats.methods().len()
}

fn floor(made: &Made, frames: &mut [Vec<u8>]) {
    for ((key, direction, _), frame) in made.frames.iter().zip(frames) {
        assert!(encrypted::open(key, *direction, frame).is_ok());
    }
}

fn floor_batched(made: &Made, frames: &mut [Vec<u8>]) {
    for (made, frames) in made.frames.chunks(64).zip(frames.chunks_mut(64)) {
        let jobs = made
            .iter()
            .zip(frames)
            .map(|((key, direction, _), bytes)| Frame {
                key,
                direction: *direction,
                bytes,
            });
        assert!(open_many(jobs.collect()).iter().all(Result::is_ok));
    }
}

fn suite(criterion: &mut Criterion) {
    for (name, made) in [("chatty", chatty(SIZE)), ("bulk", bulk(SIZE))] {
        let mut group = criterion.benchmark_group(format!("inspector-{name}"));
        group
            .sample_size(10)
            .throughput(Throughput::Bytes(made.pcap.len() as u64));
        group.bench_function("json", |bencher| bencher.iter(|| json(&made)));
        group.bench_function("stats", |bencher| bencher.iter(|| stats(&made)));
        let copy = || {
            made.frames
                .iter()
                .map(|(.., frame)| frame.clone())
                .collect::<Vec<_>>()
        };
        group.bench_function("floor", |bencher| {
            bencher.iter_batched(
                copy,
                |mut frames| floor(&made, &mut frames),
                BatchSize::LargeInput,
            );
        });
        group.bench_function("floor-batched", |bencher| {
            bencher.iter_batched(
                copy,
                |mut frames| floor_batched(&made, &mut frames),
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

criterion_group!(benches, suite);
criterion_main!(benches);
