//! The repository as it lies on the disk: every text file of it, for rules to read.

use std::path::{Path, PathBuf};

use super::source::{Source, mark_unit_tests};

/// The repository's root.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file of the repository, by path. Walked, not asked of git, so that it works in an
/// unpacked archive and sees a file before it is committed.
pub(super) fn repository() -> Vec<Source> {
    // Of hidden folders only these are ours; the others are git's, an editor's, a tool's.
    const HIDDEN: &[&str] = &[".ci", ".config"];
    let ignored = std::fs::read_to_string(root().join(".gitignore")).unwrap_or_default();
    let ours = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let hidden = path.is_dir() && name.starts_with('.') && !HIDDEN.contains(&name);
        // In a git worktree `.git` is a file, and no part of the repository.
        !hidden && name != ".git" && !ignored.lines().any(|line| line == format!("/{name}"))
    };
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the repository is readable") {
            let path = entry.expect("the repository is readable").path();
            if folder == root() && !ours(&path) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    assert!(files.len() > 20, "only {} files: the walk is broken", files.len());
    let mut sources: Vec<Source> = files
        .iter()
        .filter_map(|file| {
            let path = file.strip_prefix(root()).expect("walked from the root");
            // What is not UTF-8 is not text, and no rule is about it.
            let text = std::fs::read_to_string(file).ok()?;
            Some(Source::new(path.to_str()?, &text))
        })
        .collect();
    mark_unit_tests(&mut sources);
    sources
}
