//! Writes a capture for measuring with other tools: `capture chatty|bulk MEBIBYTES FILE` writes FILE and FILE.keys.

use benches::capture::{bulk, chatty};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, size, path] = arguments.as_slice() else {
        return Err("usage: capture chatty|bulk MEBIBYTES FILE".into());
    };
    let size = size.parse::<usize>()? << 20;
    let made = match kind.as_str() {
        "chatty" => chatty(size),
        "bulk" => bulk(size),
        _ => return Err(format!("no kind of capture: {kind}").into()),
    };
    std::fs::write(path, &made.pcap)?;
    std::fs::write(format!("{path}.keys"), &made.key_log)?;
    eprintln!("{} messages in {} frames", made.messages, made.frames.len());
    Ok(())
}
