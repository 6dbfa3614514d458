//! The direction rules R1 to R5 of the house, read off the paths that the code names: words enter
//! at the top, paper leaves at the bottom, imports point down.

use super::source::{Named, Source};
use super::{Finding, Rule};

/// Which modules of the library each of its modules may name besides itself. A new module finds its
/// place here first. `scenario` is missing on purpose: it conducts, and may name all but `local`.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("units", &["error"]),
    ("istio", &["units", "error"]),
    ("faults", &["istio", "units", "error"]),
    ("load", &["istio", "units", "error"]),
    ("telemetry", &["istio", "units", "error"]),
    ("verdict", &["istio", "units", "error"]),
    ("local", &["istio", "units", "error"]),
    // `load`, because the local mesh is handed the load agent as an image.
    ("target", &["local", "load", "istio", "units", "error"]),
];

/// Modules without clock, randomness, IO and async: they get those as arguments, so that every case
/// of theirs can be shown in a unit test. `x` means `x.rs` and everything in `x/`.
const PURE: &[&str] = &[
    "src/error",
    "src/faults",
    "src/istio",
    "src/load/plan",
    "src/local/kinds",
    "src/local/store",
    "src/local/translate",
    "src/telemetry/exposition",
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
        check: |source| banned(source, "src/", &["cucumber", "clap", "gherkin", "faultless"]),
        bad: &[
            ("src/a.rs", "use cucumber::World;"),
            ("src/local/b.rs", "#[derive(clap::Parser)]"),
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
            ("src/load/plan.rs", "use crate::{error::Error, telemetry};"),
            ("src/telemetry.rs", "use super::load;"),
            ("src/telemetry/a.rs", "use super::super::load;"),
            ("src/units.rs", "fn f() { crate::istio::g() }"),
            ("src/local/store.rs", "use crate::target::Target;"),
            ("src/istio.rs", "#[cfg(test)]\nmod tests { use crate::faults::Fault; }"),
            ("src/surprise.rs", "use crate::units;"),
        ],
        good: &[
            ("src/scenario.rs", "use crate::{faults, load, verdict};"),
            ("src/local/store.rs", "use super::kinds::Kind;\nuse crate::error::Error;"),
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
            ("src/istio/a.rs", "use std::{fmt, fs};"),
            ("src/local/store.rs", "use rand::Rng;"),
            ("src/local/store/watch.rs", "use tokio::sync::watch;"),
            ("src/verdict.rs", "async fn f() {}"),
            ("src/load/plan.rs", "let late = due.elapsed();"),
            ("src/any.rs", "//! A parser of text, as found in pods. Pure.\nuse std::fs;"),
        ],
        good: &[
            ("src/units.rs", "use std::time::{Duration, Instant};\nuse std::net::Ipv4Addr;"),
            ("src/local/cluster.rs", "//! The rim around the pure store.\nuse tokio::sync::watch;"),
            ("src/istio.rs", "//! Pure.\n#[cfg(test)]\nmod tests { use std::fs; }"),
        ],
    },
    Rule {
        name: "R4 only the target knows the local mesh",
        why: "above `target` there is no way to tell the local mesh from a cluster",
        check: only_target_knows_local,
        bad: &[
            ("src/scenario.rs", "use crate::local::Mesh;"),
            ("src/scenario/journal.rs", "use super::super::local;"),
            ("steps/cli.rs", "use faultless::local;"),
            ("src/load.rs", "use crate::{local, units};"),
        ],
        good: &[
            ("src/target.rs", "use crate::local::Mesh;"),
            ("src/target/up.rs", "use crate::local::Mesh;"),
            ("src/local/store.rs", "use crate::local::kinds::Kind;"),
            ("tests/it/mesh.rs", "use faultless::local::Mesh;"),
        ],
    },
    Rule {
        name: "the demo is an application like any other",
        why: "the sentences are general: what a file describes once is written nowhere else",
        check: demo_words,
        bad: &[
            ("src/scenario/a.rs", "let service = \"hotels\"; // the cart"),
            ("src/local/kubelet.rs", "fn travels() {}"),
            ("steps/a.rs", "if name == \"voyages.fr\" {}"),
        ],
        good: &[
            ("src/scenario/a.rs", "// Like the hotels.\nlet late = in_flight(); /* travels */"),
            ("src/local/demo/travels.rs", "let url = \"http://hotels:8000\";"),
            ("src/a.rs", "#[cfg(test)]\nmod tests { const HOST: &str = \"hotels\"; }"),
            ("tests/it/truth.rs", "let host = \"hotels\";"),
        ],
    },
    Rule {
        name: "R5 only the journal undoes",
        why: "a second road back is the one that nobody tests",
        check: only_the_conductor_sequences,
        bad: &[
            ("src/faults.rs", "use crate::scenario::Scenario;"),
            ("steps/faults.rs", "use faultless::scenario::journal::Journal;"),
        ],
        good: &[("steps/faults.rs", "use faultless::scenario::Scenario;")],
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
const KNOWS_THE_DEMO: &[&str] = &["src/local/demo", "steps/sentences/words"];

/// The demo's names in code or strings, unit tests and comments excepted.
fn demo_words(source: &Source) -> Vec<Finding> {
    let general = source.path.starts_with("src/") || source.path.starts_with("steps/");
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
    let pure = PURE.iter().chain(KNOWS_THE_DEMO).map(|module| format!("{module}.rs"));
    let spawns = super::manners::SPAWNS.iter().map(|(path, _reason)| (*path).to_owned());
    let missing: Vec<String> =
        pure.chain(spawns).filter(|path| !super::root().join(path).exists()).collect();
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

/// The modules at the top of the library that a file names: `(line, module)`.
fn library_modules(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for name in source.names() {
        let mut module = source.module(name.line);
        let parts: &[String] = match name.parts[0].as_str() {
            "crate" => {
                module.clear();
                &name.parts[1..]
            }
            "self" => &name.parts[1..],
            "super" => {
                let ups = name.parts.iter().take_while(|part| *part == "super").count();
                module.truncate(module.len().saturating_sub(ups));
                &name.parts[ups..]
            }
            _ => continue,
        };
        module.extend(parts.iter().cloned());
        // `crate::{…}` itself, and `Error` re-exported at the root, are no modules.
        let top = module.into_iter().next();
        let is_module = |top: &String| top.starts_with(|c: char| c.is_lowercase());
        found.extend(top.filter(is_module).map(|top| (name.line, top)));
    }
    found
}

fn peers(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || !source.path.starts_with("src/") || source.path == "src/lib.rs" {
        return Vec::new();
    }
    let own = source.module(0).into_iter().next().unwrap_or_default();
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

fn only_target_knows_local(source: &Source) -> Vec<Finding> {
    let mut found = banned(source, "steps/", &["faultless::local"]);
    let inside = ["src/target", "src/local"].iter().any(|own| in_module(&source.path, own));
    if source.is_rust() && source.path.starts_with("src/") && !inside {
        let named = library_modules(source).into_iter().filter(|(_, module)| module == "local");
        found.extend(named.map(|(line, _)| (line, "names `local`".to_owned())));
    }
    found
}

fn only_the_conductor_sequences(source: &Source) -> Vec<Finding> {
    let mut found = banned(source, "steps/", &["faultless::scenario::journal"]);
    if source.path.starts_with("src/") && !in_module(&source.path, "src/scenario") {
        let named = library_modules(source).into_iter().filter(|(_, module)| module == "scenario");
        found.extend(named.map(|(line, _)| (line, "names `scenario`".to_owned())));
    }
    found
}

/// Whether a file is `module.rs` or below `module/`.
fn in_module(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}
