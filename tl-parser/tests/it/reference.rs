//! Schema files that are not part of the repository, where a folder with them is given.

use std::path::{Path, PathBuf};

/// The folder named by `MTKIT_REFERENCE_DATA`, and a word on stderr where there is none.
pub(crate) fn reference_data() -> Option<PathBuf> {
    let folder = std::env::var_os("MTKIT_REFERENCE_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: no reference data");
    }
    folder
}

/// Every schema text in the folder, with its name.
pub(crate) fn schema_texts(folder: &Path) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for folder in [folder.join("tl"), folder.join("tl/api")] {
        let mut paths: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            if path.extension().is_some_and(|extension| extension == "tl") {
                texts.push((
                    path.display().to_string(),
                    std::fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }
    assert!(
        texts.len() >= 10,
        "the folder holds too few schemas to test anything"
    );
    texts
}
