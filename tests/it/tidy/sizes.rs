//! How long files and functions may be. The goal for files is the same everywhere; where one is not
//! reached, a limit stands between, and may only fall.

use super::repository::repository;
use super::rule::{Finding, Rule};
use super::source::Source;

const FUNCTION_LINES_MAX: usize = 70;

/// What is limited: the middle one of a group's files, nine of ten, and all of them, in lines.
type Lines = [usize; 3];
const FIGURES: [&str; 3] = ["the median", "the ninetieth percentile", "the largest"];

const GOAL: Lines = [110, 300, 600];
/// No limit.
const ANY: usize = usize::MAX;

/// Files that are measured together.
struct Group {
    name: &'static str,
    /// What is small enough: a limit that stands here is no longer lowered.
    goal: Lines,
    /// What is allowed today.
    limit: Lines,
}

/// Every group of `group_of`.
const GROUPS: &[Group] = &[
    Group { name: "runner", goal: GOAL, limit: GOAL },
    Group { name: "istio", goal: GOAL, limit: GOAL },
    Group { name: "exposition", goal: GOAL, limit: GOAL },
    Group { name: "gherkin_parser", goal: GOAL, limit: GOAL },
    Group { name: "localmesh", goal: GOAL, limit: GOAL },
    Group { name: "manifests", goal: GOAL, limit: GOAL },
    // Read one at a time, when they fail: how long most of them are does not matter.
    Group { name: "tests", goal: [ANY, ANY, 400], limit: [ANY, ANY, 400] },
];

pub(super) const RULES: &[Rule] = &[Rule {
    name: "function size",
    why: "a function of more than 70 lines does not fit on a screen",
    check: function_size,
    bad: &[("src/a.rs", SEVENTY_ONE)],
    good: &[("src/a.rs", "fn a();\n\nfn b() {}\nfn c() {\n}\n")],
}];

#[test]
fn files_are_small() {
    let sources = repository();
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        if !GROUPS.iter().any(|group| group.name == group_of(source)) {
            wrong.push(format!("{} is in no group: `{}`", source.path, group_of(source)));
        }
    }
    for group in GROUPS {
        let ours =
            sources.iter().filter(|source| source.is_rust() && group_of(source) == group.name);
        let mut files: Vec<(usize, &str)> =
            ours.map(|source| (source.size(), source.path.as_str())).collect();
        files.sort_unstable();
        let lines: Vec<usize> = files.iter().map(|(lines, _)| *lines).collect();
        wrong.extend(judged(group, figures(&lines)));
        let large = files.iter().filter(|(lines, _)| *lines > group.limit[2]);
        wrong.extend(large.map(|(lines, path)| format!("  {path}: {lines}")));
    }
    assert!(
        wrong.is_empty(),
        "a file that is read in one sitting is changed with less fear, and what has become smaller \
         stays so:\n{}",
        wrong.join("\n"),
    );
}

#[test]
fn a_limit_holds_and_only_falls() {
    let group = |limit| Group { name: "x", goal: [110, 300, 600], limit };
    let judged = |limit, figures| judged(&group(limit), figures);
    assert!(judged([158, 351, 639], [158, 351, 639]).is_empty());
    assert!(judged([158, 351, 639], [151, 340, 620]).is_empty(), "a little less needs no change");
    assert!(judged([110, 300, 600], [1, 2, 3]).is_empty(), "the goal is enough");
    let said = judged([158, 351, 639], [159, 351, 640]);
    assert_eq!(said[0], "x: the median is 159 lines, more than 158");
    assert_eq!(said[1..], ["x: the largest is 640 lines, more than 639"]);
    let said = judged([158, 351, 639], [140, 290, 639]);
    assert_eq!(said[0], "x: the median has fallen to 140 lines: lower its limit from 158");
    assert_eq!(
        said[1..],
        ["x: the ninetieth percentile has fallen to 290 lines: lower its limit from 351"]
    );
    assert_eq!(judged([110, 300, 900], [1, 2, 3]).len(), 1);
}

#[test]
fn figures_are_of_sorted_lines() {
    assert_eq!(figures(&[]), [0, 0, 0]);
    assert_eq!(figures(&[7]), [7, 7, 7]);
    assert_eq!(figures(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), [6, 10, 10]);
}

/// The group that a file is measured with.
fn group_of(source: &Source) -> String {
    let home = source.home();
    let name = home.split("::").next().unwrap_or_default();
    match name {
        "faultless" | "steps" | "reports" => "runner",
        // What lies beside a crate's `src/` has no module of its own.
        "it" | "benches" | "crates" | "fuzz" => "tests",
        own => own,
    }
    .to_owned()
}

/// The figures of sorted lines. Between two files the larger counts, so that an even number of them
/// is not judged more mildly.
fn figures(lines: &[usize]) -> Lines {
    let at = |index: usize| lines.get(index).copied().unwrap_or(0);
    [at(lines.len() / 2), at(lines.len() * 9 / 10), lines.last().copied().unwrap_or(0)]
}

/// What exceeds its limit, and which limit is more than a twentieth above both figure and goal:
/// with less play than that, each commit would have to write this table anew.
fn judged(group: &Group, figures: Lines) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, name) in FIGURES.iter().enumerate() {
        let (figure, limit, goal) = (figures[index], group.limit[index], group.goal[index]);
        let said = format!("{}: {name}", group.name);
        if figure > limit {
            wrong.push(format!("{said} is {figure} lines, more than {limit}"));
        } else if limit > goal.max(figure + figure / 20) {
            wrong
                .push(format!("{said} has fallen to {figure} lines: lower its limit from {limit}"));
        }
    }
    wrong
}

/// Finds a function's end by its indentation, which rustfmt keeps equal to its beginning's.
fn function_size(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        let body = line.trim_start();
        if !source.is_rust() || source.in_unit_tests(at + 1) || !is_function(body) {
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

/// Ten lines of code, for the samples that are too long.
macro_rules! ten {
    () => {
        "  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n  f();\n"
    };
}
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
