//! Rules about a file's outside: how it begins and ends, what it is called, and how wide it is.

use super::rule::{Finding, Rule, each_line};
use super::source::Source;

const WIDTH_MAX: usize = 100;

/// A header shorter than this says less than the file's name.
const HEADER_CHARS_MIN: usize = 15;

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
