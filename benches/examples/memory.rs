//! Memory of connections at rest: what the allocator gave for them, after a query on each and its answer.
//!
//! `cargo run -p mtkit-benches --example memory` prints bytes per connection for the client, and for the server a stream
//! with its session.
#![allow(clippy::print_stdout, reason = "the figures are the result")]

use std::alloc::System;
use std::sync::Arc;

use benches::duo;
use mtproto_core::connection::Connection;
use mtproto_core::endpoint::Endpoint;
use mtproto_core::time::Instant;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CLIENTS: u64 = 500;
/// Bytes per connection.
const GOAL: usize = 8 << 10;

fn in_use() -> usize {
    let stats = ALLOCATOR.stats();
    stats
        .bytes_allocated
        .saturating_sub(stats.bytes_deallocated)
}

fn main() {
    let config = Arc::new(testkit::client_config());
    let mut wire = Vec::with_capacity(1 << 20);
    // What all share is there before anything is counted.
    let mut server = duo::server(CLIENTS);
    let before = in_use();
    let mut pairs = Vec::with_capacity(CLIENTS as usize);
    let table = in_use();
    for number in 0..CLIENTS {
        let mut client = duo::client(number, &config);
        let stream = duo::accept(&mut server);
        duo::settle(&mut client, &mut server, stream, &mut wire);
        // A query of 100 kB, so that buffers had a reason to grow, and silence until nothing is owed.
        duo::round_trip(&mut client, &mut server, stream, (1, 100_000), &mut wire);
        duo::rest(&mut client, &mut server, stream, &mut wire);
        pairs.push(client);
    }
    let all = in_use() - table;
    let inline = CLIENTS as usize * size_of::<Connection>();
    drop(pairs);
    let server_bytes = in_use().saturating_sub(before);
    let client_bytes = all - server_bytes + inline;
    let per = |bytes: usize| bytes / CLIENTS as usize;
    println!("client: {} bytes", per(client_bytes));
    println!("server: {} bytes", per(server_bytes));
    assert!(per(client_bytes) <= GOAL && per(server_bytes) <= GOAL);
    keep(&server);
}

fn keep(server: &Endpoint) {
    assert_eq!(server.unix(Instant::ZERO).as_secs(), 1_700_000_000);
}
