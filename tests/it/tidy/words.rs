//! Rules about what may not be written in a file.

use super::rule::{Finding, Rule, each_line};
use super::source::Source;

/// Who may start a task or a thread outside a `JoinSet`, and why.
pub(super) const SPAWNS: &[(&str, &str)] = &[
    (
        "crates/localmesh/src/envoy/spawner.rs",
        "children die with the thread that forked them, so that one lives as long as the program",
    ),
    ("benches/load.rs", "the server has a core of its own, and ends with the benchmark"),
    ("tests/it/program.rs", "a child's output is read beside the test, which joins the reader"),
    ("tests/it/translate/envoy.rs", "small servers that end with the test's process"),
    ("tests/it/translate/server.rs", "a small server that ends with the test's process"),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "unsafe",
        why: "nothing here needs it, and a mesh test that corrupts memory proves nothing",
        check: |source| tokens(source, &["unsafe"]),
        bad: &[("src/a.rs", "unsafe { f() }"), ("tests/it/a.rs", "unsafe fn f() {}")],
        good: &[("src/a.rs", "// unsafe\nlet unsafe_ = \"unsafe\";"), ("README.md", "unsafe")],
    },
    Rule {
        name: "unwrap",
        why: "bad input never panics; where a value must be there, `expect` says why it is",
        check: unwrap,
        bad: &[("src/a.rs", "let x = y.unwrap();"), ("steps/a.rs", "y\n    .unwrap_err()")],
        good: &[
            ("src/a.rs", "y.unwrap_or(0); // .unwrap()\n#[cfg(test)]\nmod tests { x.unwrap(); }"),
            ("tests/it/a.rs", "y.unwrap()"),
        ],
    },
    Rule {
        name: "unfinished",
        why: "a stub that compiles looks done; leave it out or finish it",
        check: |source| tokens(source, &["todo!", "unimplemented!", "dbg!"]),
        bad: &[("src/a.rs", "todo!()"), ("src/a.rs", "dbg!(x)"), ("src/a.rs", "unimplemented!()")],
        good: &[("src/a.rs", "let todo = \"todo!\"; // dbg!")],
    },
    Rule {
        name: "ignored tests",
        why: "a test that does not run protects nothing; make it quick or delete it",
        check: |source| tokens(source, &["#[ignore"]),
        bad: &[("src/a.rs", "#[ignore]\nfn t() {}"), ("tests/it/a.rs", "#[ignore = \"slow\"]")],
        good: &[("src/a.rs", "// #[ignore]")],
    },
    Rule {
        name: "exceptions have reasons",
        why: "without its reason nobody can tell when a lint's exception may go",
        check: reasons,
        bad: &[
            ("src/a.rs", "#[allow(dead_code)]"),
            ("src/a.rs", "#![allow(\n    dead_code\n)]"),
            ("tests/it/a.rs", "#[expect(clippy::x)]\nlet a = 1; // reason = none"),
        ],
        good: &[("src/a.rs", "#[expect(\n    clippy::x,\n    reason = \"because\"\n)]")],
    },
    Rule {
        name: "no detached task",
        why: "it outlives its phase and hides its panic: spawn into a JoinSet that somebody owns",
        check: spawns,
        bad: &[
            ("src/a.rs", "tokio::spawn(f())"),
            ("src/a.rs", "use tokio::task;\ntask::spawn(f())"),
            ("steps/a.rs", "use std::{fs, thread::{self, spawn}};"),
            ("tests/it/a.rs", "std::thread::spawn(f)"),
            ("src/a.rs", "tokio::task::spawn_local(f())"),
        ],
        good: &[("src/a.rs", "set.spawn(f()); std::thread::scope(f); // tokio::spawn")],
    },
    Rule {
        name: "foreign words",
        why: "where it was built, and through which mirror, is nobody else's business",
        check: foreign_words,
        bad: &[
            ("README.md", concat!("see /wo", "rk/x")),
            (".ci/run", concat!("cd /ro", "ot/x")),
            ("src/a.rs", concat!("//! \"/ho", "me/x\"")),
            ("deny.toml", concat!("https://py", "pi.org/simple")),
        ],
        good: &[("README.md", concat!("net", "wo", "rk/x and $HO", "ME/x"))],
    },
];

/// Each of these words in code, not in comments or strings, and not as part of a longer word.
fn tokens(source: &Source, words: &[&str]) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let part = |c: char| c.is_alphanumeric() || c == '_';
    each_line(&source.code, |line| {
        let alone = |word: &str, at: usize| {
            let longer = word.ends_with(part) && line[at + word.len()..].starts_with(part);
            !longer && !line[..at].ends_with(part)
        };
        let word =
            words.iter().find(|word| line.match_indices(**word).any(|(at, _)| alone(word, at)))?;
        Some(format!("`{word}`"))
    })
}

fn unwrap(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for word in [".unwrap()", ".unwrap_err()"] {
        found.extend(each_line(&source.code, |line| line.contains(word).then(|| word.to_owned())));
    }
    found.retain(|(line, _)| source.is_rust() && !source.in_tests(*line));
    found
}

fn reasons(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        let opens = ["#[allow(", "#![allow(", "#[expect(", "#![expect("];
        let Some(start) = opens.iter().find_map(|open| line.find(open)) else { continue };
        let rest = format!("{}\n{}", &line[start..], source.code[at + 1..].join("\n"));
        let attribute = rest.split(']').next().unwrap_or("");
        if !attribute.contains("reason =") {
            found.push((at + 1, format!("`{}` without `reason = \"…\"`", line.trim())));
        }
    }
    found
}

fn spawns(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || SPAWNS.iter().any(|(path, _reason)| *path == source.path) {
        return Vec::new();
    }
    let banned = |parts: &[String]| {
        let last_two = parts.len().checked_sub(2).map(|from| &parts[from..]);
        last_two.is_some_and(|last| {
            matches!(last[0].as_str(), "tokio" | "task" | "thread")
                && matches!(last[1].as_str(), "spawn" | "spawn_local")
        })
    };
    let names = source.names().into_iter().filter(|name| banned(&name.parts));
    names.map(|name| (name.line, format!("`{}`", name.parts.join("::")))).collect()
}

fn foreign_words(source: &Source) -> Vec<Finding> {
    // In pieces, so that this file keeps its own rule.
    const FOLDERS: &[&str] = &[
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/Us", "ers/"),
    ];
    const HOSTS: &[&str] = &[
        concat!("py", "pi.org"),
        concat!("python", "hosted.org"),
        concat!("npm", "js.org"),
        concat!("static.", "crates.io"),
        concat!("index.", "crates.io"),
        concat!("arti", "factory"),
    ];
    each_line(&source.lines, |line| {
        let folder = FOLDERS.iter().find(|folder| {
            let inner = |c: char| c.is_alphanumeric() || matches!(c, '.' | '}' | '_' | '-');
            line.match_indices(**folder).any(|(at, _)| !line[..at].ends_with(inner))
        });
        let host = HOSTS.iter().find(|host| line.contains(**host));
        folder.or(host).map(|word| format!("`{word}`"))
    })
}
