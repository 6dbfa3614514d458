//! Rules about one file at a time: how it begins, how long it is, and what may not be in it.

use super::source::Source;
use super::{CODE_LINES_MAX, Finding, Rule};

const WIDTH_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;

/// A header shorter than this says less than the file's name.
const HEADER_CHARS_MIN: usize = 15;

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

/// A sentence of a feature, which has no second line to go on in.
const LONG_SENTENCE: &str = "Then the source of \"travels\" from workload \"loadtester\" sees at \
                             least 30% of requests carry flag UO and more";

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "header",
        why: "a file opens by saying what it is for and where it stands in the house",
        check: header,
        bad: &[("src/a.rs", "use b;\n"), ("src/a.rs", ""), ("src/a.rs", "//! TBD\n\nfn f() {}\n")],
        good: &[("src/a.rs", "//! The words below which there are no bare numbers.\n")],
    },
    Rule {
        name: "no mod.rs",
        why: "ten tabs called `mod.rs` cannot be told apart: use `x.rs` beside `x/`",
        check: no_mod_rs,
        bad: &[("src/load/mod.rs", "")],
        good: &[("src/load/modes.rs", "")],
    },
    Rule {
        name: "width",
        why: "100 columns fit two files side by side; rustfmt leaves comments and strings alone",
        check: width,
        bad: &[(
            "src/a.rs",
            "//! xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
             xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        )],
        good: &[("src/a.rs", "//! short"), ("features/a.feature", LONG_SENTENCE)],
    },
    Rule {
        name: "blanks",
        why: "blanks at a line's end, and a missing last line break, only make noise in a diff",
        check: blanks,
        bad: &[("README.md", "a \n"), ("README.md", "a\t\n"), ("README.md", "a")],
        good: &[("README.md", "a b\n"), ("reports/samples/out.txt", "as it came \n")],
    },
    Rule {
        name: "file size",
        why: "nobody keeps more than 600 lines of code in mind; unit tests and comments are free",
        check: file_size,
        bad: &[("src/a.rs", SIX_HUNDRED_AND_ONE)],
        good: &[("README.md", SIX_HUNDRED_AND_ONE)],
    },
    Rule {
        name: "function size",
        why: "a function of more than 70 lines does not fit on a screen",
        check: function_size,
        bad: &[("src/a.rs", SEVENTY_ONE)],
        good: &[("src/a.rs", "fn a();\n\nfn b() {}\nfn c() {\n}\n")],
    },
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
    Rule {
        name: "snapshots are accepted",
        why: "a snapshot that waits for a decision is a test that says nothing",
        check: |source| {
            let waiting =
                [".snap.new", ".pending-snap"].iter().any(|end| source.path.ends_with(end));
            if waiting { vec![(1, "read it, then accept or delete it".to_owned())] } else { vec![] }
        },
        bad: &[("src/snapshots/a.snap.new", ""), ("src/.a.rs.pending-snap", "")],
        good: &[("src/snapshots/a.snap", "")],
    },
];

fn header(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let words: String = source.lines.iter().map_while(|line| line.strip_prefix("//!")).collect();
    if words.is_empty() {
        return vec![(1, "does not open with `//!`".to_owned())];
    }
    if words.trim().chars().count() < HEADER_CHARS_MIN {
        return vec![(1, format!("`{}` says nothing", words.trim()))];
    }
    Vec::new()
}

fn no_mod_rs(source: &Source) -> Vec<Finding> {
    if source.path.ends_with("/mod.rs") { vec![(1, "rename it".to_owned())] } else { Vec::new() }
}

fn width(source: &Source) -> Vec<Finding> {
    // Not features: a sentence has no way to go on in the next line.
    let checked = source.is_rust() || source.path == ".ci/run";
    if !checked || source.is_data() {
        return Vec::new();
    }
    let mut found = each_line(&source.lines, |line| {
        let width = line.chars().count();
        (width > WIDTH_MAX).then(|| format!("{width} columns, more than {WIDTH_MAX}"))
    });
    // Tests may quote long lines as they were recorded: a line that is all inside a raw string.
    let quoted = |line: usize| {
        let code = source.code[line - 1].trim_start_matches('~');
        code.chars().all(|c| matches!(c, ';' | ')' | ','))
    };
    found.retain(|(line, _)| !(source.in_tests(*line) && quoted(*line)));
    found
}

fn blanks(source: &Source) -> Vec<Finding> {
    if source.is_data() {
        return Vec::new();
    }
    let mut found = each_line(&source.lines, |line| {
        line.ends_with([' ', '\t', '\r']).then(|| "blanks at the end".to_owned())
    });
    if !source.ends_well {
        found.push((source.lines.len(), "no line break at the end".to_owned()));
    }
    found
}

fn file_size(source: &Source) -> Vec<Finding> {
    let lines = source.code_lines();
    if source.is_rust() && lines > CODE_LINES_MAX {
        return vec![(1, format!("{lines} lines of code, more than {CODE_LINES_MAX}"))];
    }
    Vec::new()
}

/// Finds a function's end by its indentation, which rustfmt keeps equal to its beginning's.
fn function_size(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        let body = line.trim_start();
        let unit_test = source.in_tests(at + 1) && !source.path.starts_with("tests/");
        if !source.is_rust() || unit_test || !is_function(body) {
            continue;
        }
        let indent = &line[..line.len() - body.len()];
        let closes = |line: &String| {
            let inner = line.strip_prefix(indent).unwrap_or("");
            inner.starts_with('}') || (inner.ends_with(';') && !inner.starts_with(' '))
        };
        // A function on one line, and a declaration without a body, end where they begin.
        let length = if body.ends_with(['}', ';']) {
            1
        } else {
            1 + source.code[at + 1..].iter().position(closes).map_or(0, |end| end + 1)
        };
        if length > FUNCTION_LINES_MAX {
            found.push((at + 1, format!("{length} lines, more than {FUNCTION_LINES_MAX}")));
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let Some(before) = line.find("fn ").map(|at| &line[..at]) else { return false };
    before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async" | "extern" | "unsafe" | "default")
            || word.starts_with("pub(")
            || word.ends_with(')')
            || word.starts_with('~')
    })
}

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

fn each_line(lines: &[String], check: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let numbered = lines.iter().enumerate();
    numbered.filter_map(|(at, line)| Some((at + 1, check(line)?))).collect()
}

/// Ten lines of code, for the samples that are too long.
macro_rules! ten {
    () => {
        "  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n"
    };
}
/// A hundred lines of code.
macro_rules! hundred {
    () => {
        concat!(ten!(), ten!(), ten!(), ten!(), ten!(), ten!(), ten!(), ten!(), ten!(), ten!())
    };
}
const SIX_HUNDRED_AND_ONE: &str =
    concat!("f();\n", hundred!(), hundred!(), hundred!(), hundred!(), hundred!(), hundred!());
const SEVENTY_ONE: &str = concat!(
    "impl A {\npub(crate) async fn f(\n) {\n",
    ten!(),
    ten!(),
    ten!(),
    ten!(),
    ten!(),
    ten!(),
    ten!(),
    "}\n}\n"
);
