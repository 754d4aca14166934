//! The chapter on real clients shows what the scripts that drive them do.

use std::path::Path;

/// A block of code of the page, with the script and the region that it shows.
struct Shown<'a> {
    script: &'a str,
    region: &'a str,
    code: String,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(page: &str) -> Vec<Shown<'_>> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let named = line
            .strip_prefix("<!-- ")
            .and_then(|rest| rest.strip_suffix(" -->"));
        let Some((script, region)) = named.and_then(|named| named.split_once(' ')) else {
            continue;
        };
        let fence = lines.next().unwrap_or_default();
        assert!(
            fence.starts_with("```"),
            "{line} is not followed by a block"
        );
        let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        found.push(Shown {
            script,
            region,
            code: code.join("\n"),
        });
    }
    found
}

/// The lines of a script between `region: NAME` and `endregion`, moved to the left margin.
fn region(script: &str, name: &str) -> String {
    let text = read(&format!("interop/clients/{script}"));
    let begin = format!("region: {name}");
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.ends_with(&begin))
        .skip(1)
        .take_while(|line| !line.ends_with("endregion"))
        .collect();
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let moved = lines.iter().map(|line| line.get(indent..).unwrap_or(""));
    moved.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_chapter_on_clients_shows_the_code_that_runs() {
    let page = read("docs/src/clients.md");
    let shown = shown(&page);
    assert!(shown.len() >= 10, "only {} blocks found", shown.len());
    for block in shown {
        let code = region(block.script, block.region);
        assert!(
            !code.is_empty(),
            "{}: no region {}",
            block.script,
            block.region
        );
        assert_eq!(
            block.code, code,
            "docs/src/clients.md differs from region {} of {}",
            block.region, block.script
        );
    }
}
