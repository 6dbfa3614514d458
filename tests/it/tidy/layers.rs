//! The direction rules R1 to R5 of the house, read off the paths that the code names: words enter
//! at the top, paper leaves at the bottom, imports point down.

use super::lexer::Named;
use super::rule::{Finding, Rule};
use super::source::Source;

/// Which modules of the library each of its modules may name besides itself. A new module finds its
/// place here first. `scenario` is missing on purpose: it conducts, and may name all. What the
/// crates below may name, their manifests say.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("units", &["error"]),
    ("faults", &["istio", "units", "error"]),
    ("safety", &["cluster", "application", "istio", "units", "error"]),
    (
        "evidence",
        &[
            "safety",
            "cluster",
            "faults",
            "load",
            "telemetry",
            "verdict",
            "application",
            "exposition",
            "units",
            "error",
        ],
    ),
    ("preflight", &["evidence", "safety", "cluster", "application", "istio", "units", "error"]),
    ("load", &["units", "error"]),
    ("telemetry", &["exposition", "units", "error"]),
    ("verdict", &["units", "error"]),
    ("application", &["manifests", "units", "error"]),
    ("cluster", &["application", "units", "error"]),
];

/// Modules without clock, randomness, IO and async: they get those as arguments, so that every case
/// of theirs can be shown in a unit test. `x` means `x.rs` and everything in `x/`.
const PURE: &[&str] = &[
    "crates/exposition/src",
    "crates/gherkin_parser/src",
    "crates/istio/src",
    "crates/localmesh/src/kinds",
    "crates/localmesh/src/store",
    "crates/localmesh/src/translate",
    "crates/manifests/src",
    "src/error",
    "src/faults",
    "src/load/schedule",
    "src/telemetry/page",
    "src/units",
    "src/verdict",
];

/// What a pure module may not name, each with everything below it.
const IMPURE: &[&str] = &[
    "axum",
    "core::time::Instant::now",
    "futures",
    "hyper",
    "hyper_util",
    "kube::Client",
    "kube::client",
    "rand",
    "reqwest",
    "rustix",
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::os::unix::net",
    "std::process",
    "std::thread",
    "tempfile",
    "tokio",
    "tokio_util",
];

/// Words that give the same away without a path.
const IMPURE_WORDS: &[&str] = &["async fn", "async move", ".await", ".elapsed()"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "R1 the library knows no language and no command line",
        why: "what a sentence means is decided in `steps`; the library works for any caller",
        check: |source| {
            let below =
                |folder| banned(source, folder, &["cucumber", "clap", "gherkin", "faultless"]);
            [below("src/"), below("crates/")].concat()
        },
        bad: &[
            ("src/a.rs", "use cucumber::World;"),
            ("crates/localmesh/src/b.rs", "#[derive(clap::Parser)]"),
            ("src/a.rs", "use ::clap;"),
        ],
        good: &[("steps/a.rs", "use clap::Parser;"), ("src/a.rs", "//! Not for clap::Parser.")],
    },
    Rule {
        name: "R1 reports are data and text",
        why: "every report is a function of the events, so that it can be rendered again later",
        check: reports_are_pure,
        bad: &[
            ("reports/src/a.rs", "use std::fs::File;"),
            ("reports/src/a.rs", "async fn f() {}"),
            ("reports/src/a.rs", "use faultless::error;"),
            ("reports/src/a.rs", "let t = SystemTime::now();"),
        ],
        good: &[
            ("reports/src/a.rs", "use std::fmt;\nuse std::io::Write;"),
            ("steps/a.rs", "use std::fs::File;"),
        ],
    },
    Rule {
        name: "R2 peers do not know each other",
        why: "only `scenario` puts them together; a part that knows its peers cannot be read alone",
        check: peers,
        bad: &[
            ("src/faults.rs", "use crate::verdict::Verdict;"),
            ("src/load/schedule.rs", "use crate::{error::Error, telemetry};"),
            ("src/telemetry.rs", "use super::load;"),
            ("src/telemetry/a.rs", "use super::super::load;"),
            ("src/units.rs", "fn f() { crate::faults::g() }"),
            ("src/cluster.rs", "use crate::scenario::Scenario;"),
            ("src/load.rs", "#[cfg(test)]\nmod tests { use crate::faults::Fault; }"),
            ("src/surprise.rs", "use crate::units;"),
        ],
        good: &[
            ("src/scenario.rs", "use crate::{faults, load, verdict};"),
            ("src/load/schedule.rs", "use super::spec::Spec;\nuse crate::error::Error;"),
            ("src/telemetry.rs", "#[cfg(test)]\nmod tests { use super::*; }"),
            ("src/lib.rs", "pub use crate::error::Error;\npub mod load;"),
        ],
    },
    Rule {
        name: "R2 only the conductor reports",
        why: "all events leave through one sink, in one order",
        check: |source| {
            if in_module(&source.path, "src/scenario") {
                return Vec::new();
            }
            banned(source, "src/", &["reports"])
        },
        bad: &[("src/load.rs", "use reports::Event;")],
        good: &[("src/scenario/sink.rs", "use reports::Event;"), ("steps/a.rs", "use reports::x;")],
    },
    Rule {
        name: "R3 pure modules are pure",
        why: "what has no clock, no chance and no IO can be shown right by tests that take no time",
        check: pure,
        bad: &[
            ("src/units.rs", "use std::time::Instant;\nfn f() { Instant::now(); }"),
            ("crates/istio/src/a.rs", "use std::{fmt, fs};"),
            ("crates/localmesh/src/store.rs", "use rand::Rng;"),
            ("crates/localmesh/src/store/watch.rs", "use tokio::sync::watch;"),
            ("src/verdict.rs", "async fn f() {}"),
            ("src/load/schedule.rs", "let late = due.elapsed();"),
            ("src/any.rs", "//! A parser of text, as found in pods. Pure.\nuse std::fs;"),
        ],
        good: &[
            ("src/units.rs", "use std::time::{Duration, Instant};\nuse std::net::Ipv4Addr;"),
            (
                "crates/localmesh/src/registry.rs",
                "//! The rim around the pure store.\nuse tokio::sync::watch;",
            ),
            ("crates/istio/src/a.rs", "//! Pure.\n#[cfg(test)]\nmod tests { use std::fs; }"),
        ],
    },
    Rule {
        name: "R4 one file knows the local mesh",
        why: "below and beside it there is no way to tell the local mesh from a cluster",
        check: one_file_knows_local,
        bad: &[
            ("src/scenario.rs", "use localmesh::mesh::Mesh;"),
            ("src/a.rs", "fn f() { localmesh::f() }"),
            ("steps/cli.rs", "use localmesh;"),
        ],
        good: &[
            ("steps/local.rs", "use localmesh::mesh::Mesh;"),
            ("crates/localmesh/src/store.rs", "use crate::kinds::Kind;"),
            ("tests/it/mesh.rs", "use localmesh::mesh::Mesh;"),
        ],
    },
    Rule {
        name: "the demo is an application like any other",
        why: "the sentences are general: what a file describes once is written nowhere else",
        check: demo_words,
        bad: &[
            ("src/scenario/a.rs", "let service = \"hotels\"; // the cart"),
            ("crates/localmesh/src/kubelet.rs", "fn travels() {}"),
            ("steps/a.rs", "if name == \"voyages.fr\" {}"),
        ],
        good: &[
            ("src/scenario/a.rs", "// Like the hotels.\nlet late = in_flight(); /* travels */"),
            ("crates/localmesh/src/demo/travels.rs", "let url = \"http://hotels:8000\";"),
            ("src/a.rs", "#[cfg(test)]\nmod tests { const HOST: &str = \"hotels\"; }"),
            ("tests/it/false_claims.rs", "let host = \"hotels\";"),
        ],
    },
    Rule {
        name: "R5 only safety changes and undoes, only scenario sequences",
        why: "a second hand that writes is one that nobody undoes, and a second road back one that \
              nobody tests",
        check: only_safety_changes,
        bad: &[
            ("src/faults.rs", "use crate::scenario::Scenario;"),
            ("src/safety/a.rs", "use crate::scenario::run::Run;"),
            ("src/evidence/a.rs", "use crate::safety::undo::perform;"),
            ("src/evidence/a.rs", "run.cluster.patch(&name, patch).await"),
            ("src/scenario/a.rs", "self.cluster.delete(&name, uid).await"),
            ("steps/faults.rs", "use faultless::safety::journal::Journal;"),
        ],
        good: &[
            ("steps/faults.rs", "use faultless::scenario::Scenario;"),
            ("src/safety/a.rs", "self.cluster.patch(&name, patch).await"),
            ("src/scenario/a.rs", "self.cluster.get(&name).await; // .delete("),
        ],
    },
];

/// Names of the Travel Demo.
const DEMO: &[&str] = &[
    "travels",
    "hotels",
    "cars",
    "flights",
    "insurances",
    "discounts",
    "mysqldb",
    "loadtester",
    "voyages",
    "viaggi",
    "kiali",
];

/// Where the demo is known: its stand-ins, and the page with examples for people.
const KNOWS_THE_DEMO: &[&str] = &["crates/localmesh/src/demo", "steps/sentences/words"];

/// The demo's names in code or strings, unit tests and comments excepted.
fn demo_words(source: &Source) -> Vec<Finding> {
    let general = ["src/", "steps/", "crates/"].iter().any(|f| source.path.starts_with(f));
    let knows = KNOWS_THE_DEMO.iter().any(|module| in_module(&source.path, module));
    if !source.is_rust() || !general || knows {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, (line, code)) in source.lines.iter().zip(&source.code).enumerate() {
        // In `code` comments are blank, and strings are not.
        let said: String = line
            .chars()
            .zip(code.chars())
            .map(|(c, code)| if code == ' ' { ' ' } else { c })
            .collect();
        let words = said.split(|c: char| !c.is_ascii_alphanumeric());
        let word = words.map(str::to_ascii_lowercase).find(|word| DEMO.contains(&word.as_str()));
        found.extend(word.map(|word| (at + 1, format!("`{word}`"))));
    }
    found.retain(|(line, _)| !source.in_tests(*line));
    found
}

/// A list that names what is not there protects nothing, and nobody would notice.
#[test]
fn the_lists_name_what_is_there() {
    let root = super::repository::root();
    let there = |path: &str| {
        ["", ".rs", "/lib.rs", "/src/lib.rs"]
            .iter()
            .any(|end| root.join(format!("{path}{end}")).is_file())
    };
    let spawns = super::words::SPAWNS.iter().map(|(path, _reason)| path);
    let listed = PURE.iter().chain(KNOWS_THE_DEMO).chain(spawns);
    let missing: Vec<&&str> = listed.filter(|path| !there(path)).collect();
    assert!(missing.is_empty(), "listed and not there, perhaps renamed: {missing:?}");
}

/// Names below one of these, in files below `folder`.
fn banned(source: &Source, folder: &str, names: &[&str]) -> Vec<Finding> {
    if !source.is_rust() || !source.path.starts_with(folder) {
        return Vec::new();
    }
    let hit = |name: &Named| {
        let path = name.parts.join("::");
        let below =
            |n: &str| path == n || path.strip_prefix(n).is_some_and(|r| r.starts_with("::"));
        names.iter().any(|name| below(name))
    };
    let found = source.names().into_iter().filter(hit);
    found.map(|name| (name.line, format!("`{}`", name.parts.join("::")))).collect()
}

fn reports_are_pure(source: &Source) -> Vec<Finding> {
    if !source.path.starts_with("reports/") {
        return Vec::new();
    }
    let mut found = banned(source, "reports/", &["faultless", "kube", "cucumber", "clap"]);
    found.extend(impure(source));
    found
}

fn pure(source: &Source) -> Vec<Finding> {
    let header = source.lines.iter().map_while(|line| line.strip_prefix("//!"));
    // A header that ends a sentence with `Pure.`, or opens one with `Pure and …`, is a promise.
    let promised = header.clone().any(|line| line.contains(" Pure") || line.ends_with("Pure."));
    let listed = PURE.iter().any(|module| in_module(&source.path, module));
    if source.is_rust() && (listed || promised) { impure(source) } else { Vec::new() }
}

fn impure(source: &Source) -> Vec<Finding> {
    let mut found = banned(source, "", IMPURE);
    for name in source.names() {
        // Whatever the type: `now` is a clock.
        if name.parts.len() > 1 && name.parts.last().is_some_and(|last| last == "now") {
            found.push((name.line, format!("`{}` reads a clock", name.parts.join("::"))));
        }
    }
    for (at, line) in source.code.iter().enumerate() {
        let word = IMPURE_WORDS.iter().find(|word| line.contains(**word));
        found.extend(word.map(|word| (at + 1, format!("`{word}`"))));
    }
    found.retain(|(line, _)| !source.in_tests(*line));
    found
}

/// What a file names of ours: `(line, module)`, as `room` has it.
fn library_modules(source: &Source) -> Vec<(usize, String)> {
    let names = source.names().into_iter();
    names.filter_map(|name| Some((name.line, room(&source.absolute(&name)?)?))).collect()
}

/// The module at the top of the library that a path leads into, or another crate of ours.
fn room(path: &[String]) -> Option<String> {
    let top = if path[0] == "faultless" { path.get(1)? } else { &path[0] };
    // `Error` re-exported at the root is no module.
    top.starts_with(char::is_lowercase).then(|| top.clone())
}

fn peers(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || !source.path.starts_with("src/") || source.path == "src/lib.rs" {
        return Vec::new();
    }
    let own = room(&source.module(0)).unwrap_or_default();
    if own == "scenario" {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_NAME.iter().find(|(module, _)| *module == own) else {
        return vec![(1, format!("`{own}` has no place in MAY_NAME yet"))];
    };
    let mut found = library_modules(source);
    found.retain(|(_, module)| *module != own && !allowed.contains(&module.as_str()));
    found.into_iter().map(|(line, module)| (line, format!("names `{module}`"))).collect()
}

fn one_file_knows_local(source: &Source) -> Vec<Finding> {
    let mut found = banned(source, "src/", &["localmesh"]);
    if source.path != "steps/local.rs" {
        found.extend(banned(source, "steps/", &["localmesh"]));
    }
    found
}

fn only_safety_changes(source: &Source) -> Vec<Finding> {
    let mut found = banned(source, "steps/", &["faultless::safety::journal"]);
    found.extend(banned(source, "src/evidence/", &["crate::safety::undo"]));
    let library = source.path.starts_with("src/");
    if library && !in_module(&source.path, "src/scenario") {
        let named = library_modules(source).into_iter().filter(|(_, module)| module == "scenario");
        found.extend(named.map(|(line, _)| (line, "names `scenario`".to_owned())));
    }
    let writes = ["src/safety", "src/cluster"].iter().any(|room| in_module(&source.path, room));
    if library && !writes {
        for (at, line) in source.code.iter().enumerate() {
            let call = ["create", "patch", "delete"]
                .iter()
                .find(|verb| line.contains(&format!("cluster.{verb}(")));
            found.extend(call.map(|verb| (at + 1, format!("`cluster.{verb}`"))));
        }
    }
    found.retain(|(line, _)| !source.in_tests(*line));
    found
}

/// Whether a file is `module.rs` or below `module/`, which may be a crate's folder, too.
fn in_module(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}
