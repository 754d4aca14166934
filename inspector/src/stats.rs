//! Statistics per RPC method: how often, how large, how fast, how often in vain.

use std::collections::HashMap;
use std::time::Duration;

use tl_parser::Value;

use crate::record::{Direction, Message, Role, Row};

/// Methods that are counted apart; there are some 900 in a layer.
const MAX_METHODS: usize = 4096;
/// Under which name the rest is counted.
const OTHERS: &str = "(other methods)";

/// What was counted for one method.
#[derive(Clone, Debug, Default)]
pub struct MethodStats {
    /// Queries sent.
    pub queries: u64,
    /// Results received that belong to a query of the capture.
    pub results: u64,
    /// Results that are errors.
    pub errors: u64,
    /// Errors that ask to wait.
    pub flood_waits: u64,
    /// Bytes of all queries, without their wrappers' envelopes.
    pub query_bytes: u64,
    /// Bytes of all results as they were sent.
    pub result_bytes: u64,
    /// Times from query to result.
    pub latency: Latency,
}

/// Times in a fixed amount of memory, each known to one part in sixteen.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    /// Numbers of times by bucket, buckets in ascending order without gaps at their end.
    buckets: Vec<u32>,
    count: u64,
    max: Duration,
}

/// Buckets per doubling: 2^4.
const FRACTION_BITS: u32 = 4;

impl Latency {
    /// Counts a time.
    pub fn add(&mut self, latency: Duration) {
        let bucket = bucket_of(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] = self.buckets[bucket].saturating_add(1);
        self.count += 1;
        self.max = self.max.max(latency);
    }

    /// The longest time.
    #[must_use]
    pub const fn max(&self) -> Duration {
        self.max
    }

    /// The time within which `percent` of all results came; none if there were none.
    #[must_use]
    pub fn percentile(&self, percent: u32) -> Option<Duration> {
        let rank = (self.count * u64::from(percent)).div_ceil(100).max(1);
        let mut passed = 0;
        let bucket = self.buckets.iter().position(|number| {
            passed += u64::from(*number);
            passed >= rank
        })?;
        Some(Duration::from_micros(upper_end(bucket)).min(self.max))
    }
}

/// Times below 2^4 µs have a bucket each; above, each doubling has 2^4 buckets.
const fn bucket_of(micros: u64) -> usize {
    let exponent = (u64::BITS - micros.leading_zeros()).saturating_sub(FRACTION_BITS + 1);
    let fraction = (micros >> exponent) as usize;
    ((exponent as usize) << FRACTION_BITS) + fraction
}

/// The longest time of a bucket, in microseconds.
const fn upper_end(bucket: usize) -> u64 {
    let exponent = (bucket >> FRACTION_BITS).saturating_sub(1) as u32;
    let fraction = (bucket - ((exponent as usize) << FRACTION_BITS)) as u64;
    match (fraction + 1).checked_shl(exponent) {
        Some(next) => next.wrapping_sub(1),
        None => u64::MAX,
    }
}

/// Counts what passes.
#[derive(Debug, Default)]
pub struct Stats {
    methods: HashMap<String, MethodStats>,
}

impl Stats {
    /// Statistics of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a row.
    pub fn observe(&mut self, row: &Row<'_>) {
        let Row::Message(message) = row else {
            return;
        };
        match (message.direction, message.role) {
            (Direction::ClientToServer, Role::Query) => {
                let method = self.method(message.name);
                method.queries += 1;
                method.query_bytes += message.len as u64;
            }
            (Direction::ServerToClient, Role::Result) => self.result(message),
            _ => {}
        }
    }

    fn result(&mut self, message: &Message<'_>) {
        let Some(answered) = &message.answers else {
            return;
        };
        let (Some(name), Some(latency)) = (answered.method, answered.latency) else {
            return;
        };
        let error = message
            .body
            .tree()
            .and_then(Value::as_object)
            .filter(|object| object.name() == "rpc_error");
        let waits = error
            .and_then(|error| error.str("error_message"))
            .is_some_and(|text| text.contains("_WAIT_"));
        let method = self.method(name);
        method.results += 1;
        method.result_bytes += message.len as u64;
        method.errors += u64::from(error.is_some());
        method.flood_waits += u64::from(waits);
        method.latency.add(latency);
    }

    fn method(&mut self, name: &str) -> &mut MethodStats {
        let known = self.methods.contains_key(name) || self.methods.len() < MAX_METHODS;
        self.methods
            .entry(if known { name } else { OTHERS }.to_owned())
            .or_default()
    }

    /// Methods and their numbers, those with the most queries first.
    #[must_use]
    pub fn methods(&self) -> Vec<(&str, &MethodStats)> {
        let mut methods: Vec<(&str, &MethodStats)> = self
            .methods
            .iter()
            .map(|(name, method)| (name.as_str(), method))
            .collect();
        methods.sort_by_key(|(name, method)| (std::cmp::Reverse(method.queries), *name));
        methods
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_ascending_and_hold_what_falls_into_them() {
        let mut last = 0;
        for micros in (0..5000).chain((13..63).map(|bits| (1 << bits) + 12345)) {
            let bucket = bucket_of(micros);
            assert!(bucket >= last, "{micros}");
            last = bucket;
            let end = upper_end(bucket);
            assert!(
                end >= micros && end - micros <= micros / 16,
                "{micros} in a bucket up to {end}"
            );
        }
        assert_eq!(upper_end(bucket_of(u64::MAX)), u64::MAX);
    }

    #[test]
    fn percentiles_of_known_times() {
        let mut latency = Latency::default();
        assert_eq!(latency.percentile(50), None);
        for micros in 1..=1000 {
            latency.add(Duration::from_micros(micros));
        }
        let near = |percent, micros: u64| {
            let found = latency.percentile(percent).unwrap().as_micros() as u64;
            assert!(
                found >= micros && found <= micros + micros / 16,
                "p{percent} = {found}"
            );
        };
        near(50, 500);
        near(95, 950);
        assert_eq!(latency.percentile(100), Some(Duration::from_micros(1000)));
    }
}
