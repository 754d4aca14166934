//! Statistics as a table for people and as JSON Lines.

use std::fmt::Write as _;
use std::time::Duration;

use super::escape;
use crate::stats::{MethodStats, Stats};

/// Appends the table of methods, with a line of headings.
pub fn stats_text(stats: &Stats, out: &mut String) {
    let methods = stats.methods();
    let width = methods
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default()
        .max("method".len());
    let _ = writeln!(
        out,
        "{:width$} {:>8} {:>8} {:>7} {:>6} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9}",
        "method",
        "queries",
        "results",
        "errors",
        "waits",
        "sent B",
        "received B",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "max ms"
    );
    for (name, method) in methods {
        let mut shown = String::new();
        escape::terminal(&mut shown, name);
        let _ = writeln!(
            out,
            "{shown:width$} {:>8} {:>8} {:>7} {:>6} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9}",
            method.queries,
            method.results,
            method.errors,
            method.flood_waits,
            method.query_bytes,
            method.result_bytes,
            percentile(method, 50),
            percentile(method, 95),
            percentile(method, 99),
            millis(Some(method.latency.max()).filter(|_| method.results > 0)),
        );
    }
}

fn percentile(method: &MethodStats, percent: u32) -> String {
    millis(method.latency.percentile(percent))
}

fn millis(duration: Option<Duration>) -> String {
    duration.map_or_else(
        || "-".to_owned(),
        |duration| {
            let micros = duration.as_micros();
            format!("{}.{:03}", micros / 1000, micros % 1000)
        },
    )
}

/// Appends one object per method, of kind `method`.
pub fn stats_json(stats: &Stats, out: &mut String) {
    for (name, method) in stats.methods() {
        out.push_str("{\"v\":1,\"kind\":\"method\",\"name\":");
        escape::json(out, name);
        let _ = write!(
            out,
            ",\"queries\":{},\"results\":{},\"errors\":{},\"flood_waits\":{},\"query_bytes\":{},\"result_bytes\":{}",
            method.queries,
            method.results,
            method.errors,
            method.flood_waits,
            method.query_bytes,
            method.result_bytes
        );
        for (key, percent) in [
            ("p50_us", 50),
            ("p95_us", 95),
            ("p99_us", 99),
            ("max_us", 100),
        ] {
            if let Some(latency) = method.latency.percentile(percent) {
                let _ = write!(out, ",\"{key}\":{}", latency.as_micros());
            }
        }
        out.push_str("}\n");
    }
}
