//! Queries from a client to a server and back without IO: both sessions, both ciphers, framing, events. One core.
//!
//! `cargo bench -p mtkit-benches --bench session`

use std::sync::Arc;

use benches::duo;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn round_trips(c: &mut Criterion) {
    let mut group = c.benchmark_group("queries");
    let config = Arc::new(testkit::client_config());
    for (count, size) in [(1, 128), (1, 1024), (1, 64 * 1024), (64, 128)] {
        let mut server = duo::server(1);
        let mut client = duo::client(0, &config);
        let stream = duo::accept(&mut server);
        let mut wire = Vec::new();
        duo::settle(&mut client, &mut server, stream, &mut wire);
        group.throughput(Throughput::Elements(count as u64));
        let name = format!("{count} at once, {size} B");
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                duo::round_trip(&mut client, &mut server, stream, (count, size), &mut wire);
            });
        });
    }
    group.finish();
}

criterion_group!(suite, round_trips);
criterion_main!(suite);
