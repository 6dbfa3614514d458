//! R9: a module with children in files of their own is their map and nothing else.

use super::rule::{Breaker, HouseRule};
use super::source::Source;

pub(super) const RULE: HouseRule = HouseRule {
    name: "R9 `x.rs` beside `x/` is a map",
    why: "children need what stands in it, and it needs its children: a circle",
    check: not_only_maps,
    known: KNOWN,
    bad: &[
        &[("src/a.rs", "//! A.\nmod b;\n\nfn f() {}\n"), ("src/a/b.rs", "")],
        &[("src/a.rs", "pub mod b;\n\npub(crate) struct A(u8);\n"), ("src/a/b.rs", "")],
        &[("src/a.rs", "mod b;\nimpl b::B {\n    fn f() {}\n}\n"), ("src/a/b.rs", "")],
        &[("src/a.rs", "mod b;\nmod c {\n    fn f() {}\n}\n"), ("src/a/b.rs", "")],
        &[("src/a.rs", "mod b;\nf!(x);\n"), ("src/a/b.rs", "")],
        &[("crates/istio/src/lib.rs", "mod a;\nconst B: u8 = 1;\n"), ("crates/istio/src/a.rs", "")],
        &[("tests/it/a.rs", "mod b;\n#[test]\nfn t() {}\n"), ("tests/it/a/b.rs", "")],
    ],
    good: &[
        &[("src/a.rs", MAP), ("src/a/b.rs", "fn f() {}")],
        &[("src/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests;\n"), ("src/a/tests.rs", "")],
        &[("src/a.rs", "fn f() {}\n"), ("src/a/snapshots/b.snap", "")],
        &[("src/a.rs", "fn f() {}\n"), ("src/ab/c.rs", "")],
        &[("steps/main.rs", "mod a;\nfn main() {}\n"), ("steps/a.rs", "")],
    ],
};

/// What is no map today, by crate. A file that is renamed takes its entry along.
const KNOWN: &[&[&str]] = &[];

/// All that may be in a map.
const MAP: &str = "\
//! A.
#![expect(
    x,
    reason = \"y\"
)]

macro_rules! m {
    () => {};
}

/// B.
pub mod b; // b
mod c;

use b::d;
pub(super) use b::{
    B,
};

#[cfg(test)]
mod tests {
    fn t() {}
}
";

/// The first line of each such module that does not belong in a map.
fn not_only_maps(sources: &[Source]) -> Vec<Breaker> {
    let files = || sources.iter().filter(|source| source.is_rust() && !source.is_unit_tests());
    let homes: Vec<String> = files().map(Source::home).collect();
    let mut found = Vec::new();
    // A program's root has to hold `main`.
    for file in files().filter(|file| !file.path.ends_with("/main.rs")) {
        let home = file.home();
        let inside = format!("{home}::");
        if !homes.iter().any(|other| other.starts_with(&inside)) {
            continue;
        }
        let mut lines = (1..).zip(&file.code);
        let strange = lines.find(|(at, line)| !file.in_unit_tests(*at) && !belongs_in_a_map(line));
        if let Some((at, _)) = strange {
            found.push((home, format!("{}:{at}: `{}`", file.path, file.lines[at - 1])));
        }
    }
    found
}

/// Whether a line of code is a module, an import, a macro or an attribute, or goes on with one:
/// rustfmt indents what stands inside of something.
fn belongs_in_a_map(line: &str) -> bool {
    if line.trim().is_empty() || line.starts_with([' ', '#', '}', ')']) {
        return true;
    }
    let item = match line.strip_prefix("pub") {
        Some(rest) => rest
            .strip_prefix('(')
            .and_then(|rest| rest.split_once(')'))
            .map_or(rest, |(_, item)| item),
        None => line,
    };
    let item = item.trim();
    let module = item.starts_with("mod ") && item.ends_with(';');
    module || item.starts_with("use ") || item.starts_with("macro_rules!")
}
