//! The table of ratios that closes a run, from the estimates that criterion leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

/// Prints medians and ratios of (group, ours, peer), where both were measured.
pub fn print(pairs: &[(&str, &str, &str)]) {
    let mut rows = Vec::new();
    for (group, ours, peer) in pairs {
        if let (Some(mine), Some(theirs)) = (median(group, ours), median(group, peer)) {
            rows.push(format!(
                "| {group} | {ours} | {:.1} | {peer} | {:.1} | {:.2} |",
                mine / 1e3,
                theirs / 1e3,
                theirs / mine
            ));
        }
    }
    if rows.is_empty() {
        eprintln!("no peers were measured: `--features peers`");
        return;
    }
    eprintln!("| what | ours | µs | peer | µs | times as fast |\n|---|---|---|---|---|---|");
    for row in rows {
        eprintln!("{row}");
    }
}

/// The median in nanoseconds that criterion last measured.
fn median(group: &str, name: &str) -> Option<f64> {
    let path = folder()?.join(group).join(name).join("new/estimates.json");
    let text = fs::read_to_string(path).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&text).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

/// Where criterion keeps its results: `criterion/` in the folder of build results.
fn folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    // target/release/deps/program
    Some(
        program
            .ancestors()
            .nth(3)
            .map(Path::to_owned)?
            .join("criterion"),
    )
}
