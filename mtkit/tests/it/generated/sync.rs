//! Every committed output against its recipe.

use std::fs;
use std::path::{Path, PathBuf};

use tl_parser::Layers;
use tl_parser::generate::{Recipe, SchemaName};

use crate::command::{Folder, mtkit, text};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the binary's folder is inside the workspace")
        .to_path_buf()
}

/// All recipes of the tree; the output of each stands beside it.
fn recipes(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            recipes(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "recipe")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_generated_file_is_what_its_recipe_gives_today() {
    let mut found = Vec::new();
    recipes(&root(), &mut found);
    assert!(found.len() >= 6, "only {} recipes found", found.len());
    for path in found {
        let recipe = Recipe::parse(&fs::read_to_string(&path).expect("a recipe is text"))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let schema = match recipe.schema {
            Some(name) => name.schema(),
            None => SchemaName::Api(Layers::bundled().newest()).schema(),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let run = || {
            recipe
                .generate(schema, &format!("mtkit tl gen --recipe {name}"))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let expected = run();
        assert_eq!(run(), expected, "{name}: two runs differ");
        let output = path.with_extension("rs");
        let committed = fs::read_to_string(&output).unwrap_or_default();
        let place = |path: &Path| {
            let place = path.strip_prefix(root()).unwrap_or(path);
            place.display().to_string()
        };
        assert!(
            committed == expected,
            "{} is not what its recipe gives; run\n  cargo run -- tl gen --recipe {} -o {}",
            place(&output),
            place(&path),
            place(&output)
        );
    }
}

#[test]
fn the_command_writes_what_the_library_does() {
    let folder = Folder::new("gen_recipe");
    let output = folder.file("wire.rs");
    let recipe = root().join("mtkit/tests/it/generated/wire.recipe");
    let arguments = [
        "tl".as_ref(),
        "gen".as_ref(),
        "--recipe".as_ref(),
        recipe.as_os_str(),
    ];
    let result = mtkit(arguments.iter().chain(&["-o".as_ref(), output.as_os_str()]));
    assert_eq!(result.status.code(), Some(0), "{}", text(&result.stderr));
    assert_eq!(text(&result.stdout), "");
    let written = fs::read_to_string(&output).expect("the output");
    assert_eq!(written, include_str!("wire.rs"));
    let printed = mtkit(arguments);
    assert_eq!(text(&printed.stdout), written);
}
