//! What keeps the house: its size, its directions and its manners as plain tests over the text of
//! the repository. Each rule carries its reason and samples that break it, and a test that every
//! sample does: a rule that cannot fail would be a decoration.

mod layers;
mod manners;
mod papers;
mod source;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use source::Source;

/// One thing every file must keep.
struct Rule {
    /// Its name in failures.
    name: &'static str,
    /// Why it is a rule.
    why: &'static str,
    /// Finds what breaks it.
    check: fn(&Source) -> Vec<Finding>,
    /// Files (path and text) that break it.
    bad: &'static [(&'static str, &'static str)],
    /// Files that look alike and keep it.
    good: &'static [(&'static str, &'static str)],
}

/// Where a rule is broken (line from 1) and how.
type Finding = (usize, String);

/// Files whose lines of code the numbers of the house are about, and the numbers.
const CODE_LINES_MAX: usize = 600;
const CODE_LINES_MEDIAN_MAX: usize = 150;

#[test]
fn every_file_keeps_every_rule() {
    let sources = repository();
    let mut report = String::new();
    for rule in rules() {
        let broken: Vec<String> = sources
            .iter()
            .flat_map(|source| {
                let found = (rule.check)(source);
                found.into_iter().map(|(line, what)| format!("  {}:{line}: {what}", source.path))
            })
            .collect();
        if !broken.is_empty() {
            let _ = writeln!(report, "{} ({}):\n{}", rule.name, rule.why, broken.join("\n"));
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn every_rule_can_fail() {
    for rule in rules() {
        assert!(!rule.bad.is_empty(), "{} has no sample that breaks it", rule.name);
        for (path, text) in rule.bad {
            let found = (rule.check)(&Source::new(path, text));
            assert!(!found.is_empty(), "{}: `{text}` in {path} was not noticed", rule.name);
        }
        for (path, text) in rule.good {
            let found = (rule.check)(&Source::new(path, text));
            assert!(found.is_empty(), "{}: `{text}` in {path} gave {found:?}", rule.name);
        }
    }
}

#[test]
fn most_files_are_small() {
    let sizes: Vec<usize> = repository()
        .iter()
        .filter(|source| source.is_rust() && !source.is_unit_tests())
        .map(Source::code_lines)
        .collect();
    let median = median(&sizes);
    assert!(
        median <= CODE_LINES_MEDIAN_MAX,
        "the median of {} files is {median} lines of code, more than {CODE_LINES_MEDIAN_MAX}: \
         a file that can be read in one sitting is changed with less fear",
        sizes.len(),
    );
}

#[test]
fn the_median_is_the_middle() {
    assert_eq!(median(&[]), 0);
    assert_eq!(median(&[900, 1, 2]), 2);
    assert_eq!(median(&[1, 200, 300, 400]), 300);
}

/// The middle one; of two the larger, so that an even number of files is not judged more mildly.
fn median(sizes: &[usize]) -> usize {
    let mut sizes = sizes.to_vec();
    sizes.sort_unstable();
    sizes.get(sizes.len() / 2).copied().unwrap_or(0)
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    manners::RULES.iter().chain(layers::RULES)
}

/// The repository's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file of the repository, by path. Walked, not asked of git, so that it works in an
/// unpacked archive and sees a file before it is committed.
fn repository() -> Vec<Source> {
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
    source::mark_unit_tests(&mut sources);
    sources
}
