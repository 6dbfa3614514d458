//! R8: files do not need each other in a circle. Who names what is read off the paths in the code;
//! what is called on a value, or written by a macro, is not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Breaker, HouseRule};
use super::source::Source;

pub(super) const RULE: HouseRule = HouseRule {
    name: "R8 no circle of files",
    why: "files that need each other are one file in pieces: none can be read, or moved, alone",
    check: circles,
    known: KNOWN,
    bad: &[
        &[("src/a.rs", "use crate::b::B;"), ("src/b.rs", "fn f() { crate::a::f() }")],
        &[
            ("src/a.rs", "use super::b;"),
            ("src/b.rs", "use crate::{c, d};"),
            ("src/c.rs", "use crate::a;"),
        ],
        &[("src/a.rs", "mod b;\npub use b::B;"), ("src/a/b.rs", "use super::A;")],
        &[("src/a.rs", "mod b;\nfn f() { b::f() }"), ("src/a/b.rs", "use super::*;")],
        &[
            ("src/a.rs", "mod b;"),
            ("src/a/b.rs", "use crate::c;"),
            ("src/c.rs", "use super::a;\nfn f() { a::b::f() }"),
        ],
        &[("crates/istio/src/lib.rs", "pub use a::A;"), ("crates/istio/src/a.rs", "use crate::B;")],
        &[("src/istio.rs", "pub use self::a::A;"), ("src/istio/a.rs", "use crate::istio::B;")],
        &[("steps/a.rs", "use crate::b;"), ("steps/b.rs", "use crate::a;")],
        &[("tests/it/a.rs", "use crate::b;"), ("tests/it/b.rs", "use crate::a;")],
    ],
    good: &[
        &[("src/a.rs", "use crate::b::B;"), ("src/b.rs", "//! Below `crate::a`.\nuse crate::c;")],
        &[("src/a.rs", "mod b;\nmod c;"), ("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", "")],
        &[
            ("src/a.rs", "mod b;\nmod c;"),
            ("src/a/b.rs", "use super::{c, d};"),
            ("src/a/c.rs", "use super::A;"),
        ],
        &[
            ("src/a.rs", "use crate::b;\n#[cfg(test)]\nmod tests;"),
            ("src/b.rs", "#[cfg(test)]\nmod tests {\n    use crate::a;\n}"),
            ("src/a/tests.rs", "use super::*;"),
        ],
        &[("src/a.rs", "use crate::b;"), ("src/b.rs", "pub(in crate::a) fn f() {}")],
        &[("src/a.rs", "use std::b;\nfn f() { b::g() }"), ("src/b.rs", "use crate::a;")],
        &[("src/load.rs", "use crate::x;"), ("steps/x.rs", "use faultless::load;")],
    ],
};

/// Each circle of today, by its files. A file that is renamed takes its entry along.
const KNOWN: &[&[&str]] = &[];

/// The homes that a file names, each with the first line where it does.
type Named = BTreeMap<String, usize>;

/// Every file in a circle, with what it names there.
fn circles(sources: &[Source]) -> Vec<Breaker> {
    let files = || sources.iter().filter(|source| source.is_rust() && !source.is_unit_tests());
    let homes: BTreeSet<String> = files().map(Source::home).collect();
    let graph: BTreeMap<String, Named> =
        files().map(|file| (file.home(), named(file, &homes))).collect();
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|home| (home, reached(&graph, home))).collect();
    let mut found = Vec::new();
    for file in files() {
        let home = file.home();
        let closing = graph[&home].iter().filter(|(to, _)| reached[to].contains(&home));
        let names: Vec<String> =
            closing.map(|(to, line)| format!("`{to}` in line {line}")).collect();
        if !names.is_empty() {
            found.push((home, format!("{} names {}", file.path, names.join(", "))));
        }
    }
    found
}

/// All that a file leads to.
fn reached<'a>(graph: &'a BTreeMap<String, Named>, from: &'a String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(home) = next.pop() {
        next.extend(graph[home].keys().filter(|to| reached.insert(*to)));
    }
    reached
}

/// What a file names outside of its tests, itself excepted.
fn named(file: &Source, homes: &BTreeSet<String>) -> Named {
    let mut names = file.names();
    names.retain(|name| !file.in_unit_tests(name.line));
    // What a `use` brings in, by the word that it is used by.
    let imports: BTreeMap<String, Vec<String>> = names
        .iter()
        .filter(|name| name.imported)
        .filter_map(|name| file.absolute(name))
        .filter_map(|path| Some((path.last()?.clone(), path)))
        .collect();
    let own = file.home();
    let mut found = Named::new();
    for name in &names {
        let path = file.absolute(name).unwrap_or_else(|| {
            // By an import or from this module down. What is no file of ours ends here.
            let import = imports.get(&name.parts[0]).map(|path| [path, &name.parts[1..]].concat());
            import.unwrap_or_else(|| [file.module(name.line), name.parts.clone()].concat())
        });
        // The file that holds it is the longest part that is one.
        let parts = (1..=path.len()).rev().map(|length| path[..length].join("::"));
        let holder = parts.into_iter().find(|part| homes.contains(part));
        if let Some(holder) = holder.filter(|holder| *holder != own) {
            found.entry(holder).or_insert(name.line);
        }
    }
    found
}
