//! What the papers promise, held against the repository: the README's commands run, the map names
//! what is there, and every package is under the same lints.

use std::fs;
use std::process::Command;

use super::repository::{repository, root};

/// The two commands a newcomer types; `.ci/run` runs them as they stand here.
const PROMISED: &[&str] = &["cargo run --release -- run", "cargo test"];

#[test]
fn the_two_commands_are_promised_and_kept() {
    let readme = commands(&read("README.md"));
    let ci = read(".ci/run");
    for promised in PROMISED {
        assert!(readme.iter().any(|command| command == promised), "README.md lacks `{promised}`");
        let run = ci.lines().any(|line| line.trim().ends_with(promised));
        assert!(run, ".ci/run does not run `{promised}` as the README has it");
    }
}

#[test]
fn every_command_of_the_papers_exists() {
    let mut known = 0;
    let mut wrong = Vec::new();
    for paper in ["README.md", "CONTRIBUTING.md"] {
        for command in commands(&read(paper)) {
            let Some(arguments) = our_arguments(&command) else { continue };
            known += 1;
            if let Err(why) = accepted(&arguments) {
                wrong.push(format!("{paper}: `{command}`: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.join("\n  "));
    assert!(known > 3, "only {known} commands found: the papers are not read right");
}

#[test]
fn the_readme_quotes_a_feature_that_runs() {
    let readme = read("README.md");
    let quoted: Vec<&str> = quoted(&readme, "gherkin").collect();
    assert!(quoted.len() > 3, "README.md shows no feature");
    let features: Vec<_> =
        repository().into_iter().filter(|source| source.path.ends_with(".feature")).collect();
    let strange: Vec<&str> = quoted
        .into_iter()
        .filter(|line| !features.iter().any(|it| it.lines.iter().any(|l| l.trim() == *line)))
        .collect();
    assert!(strange.is_empty(), "in README.md and in no feature:\n  {}", strange.join("\n  "));
}

#[test]
fn the_readme_has_the_table_of_rights_that_is_asked_for() {
    let table = faultless::cluster::rights::markdown();
    assert!(table.lines().count() > 10, "{table}");
    assert!(read("README.md").contains(&table), "README.md should have this table:\n{table}");
}

#[test]
fn a_command_that_does_not_exist_is_noticed() {
    assert!(accepted(&["dance"]).is_err());
    assert!(accepted(&["run", "--no-such-flag"]).is_err());
}

#[test]
fn commands_are_the_fenced_lines() {
    let text =
        "`inline`\n```sh\n$ cargo test   # all\nfaultless run --tags '@a b'\n```\ncargo no\n";
    assert_eq!(quoted("a\n```x\n b\n\n```\nc\n```\nd\n```\n", "x").collect::<Vec<_>>(), ["b"]);
    assert_eq!(commands(text), ["cargo test", "faultless run --tags '@a b'"]);
    assert_eq!(our_arguments("cargo run --release -- run x"), Some(vec!["run", "x"]));
    assert_eq!(our_arguments("faultless up --empty"), Some(vec!["up", "--empty"]));
    assert_eq!(our_arguments("cargo test"), None);
}

#[test]
fn the_map_names_what_is_there() {
    let map = read("ARCHITECTURE.md");
    let named: Vec<&str> = map.split('`').skip(1).step_by(2).collect();
    let mut wrong = Vec::new();
    for path in &named {
        let ours = ["src/", "crates/", "steps/", "reports/", "tests/", "features/", ".ci/"];
        let ours = ours.iter().any(|folder| path.starts_with(folder));
        if ours && !path.contains(['*', ' ']) && !root().join(path).exists() {
            wrong.push(format!("names `{path}`, which is not there"));
        }
    }
    for source in repository() {
        // Inner parts are their parent's business: the map stops at each crate's first level.
        let depth = if source.path.starts_with("crates/") { 4 } else { 2 };
        let ours = ["src/", "crates/"].iter().any(|folder| source.path.starts_with(folder));
        let ours = source.is_rust() && ours;
        let inner = source.path.split('/').count() > depth;
        if !ours || inner || source.is_unit_tests() || source.path.ends_with("/lib.rs") {
            continue;
        }
        let file = source.path.rsplit('/').next().unwrap_or_default();
        let module = file.trim_end_matches(".rs");
        if !named.iter().any(|name| *name == module || *name == source.path) {
            wrong.push(format!("does not say what `{}` is for", source.path));
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md\n  {}", wrong.join("\n  "));
}

#[test]
fn every_package_is_under_the_same_lints() {
    let manifests = repository().into_iter().filter(|source| source.path.ends_with("Cargo.toml"));
    let mut packages = 0;
    for manifest in manifests {
        let inherits = manifest
            .lines
            .windows(2)
            .any(|pair| pair[0] == "[lints]" && pair[1] == "workspace = true");
        assert!(inherits, "{} lacks `[lints] workspace = true`", manifest.path);
        packages += 1;
    }
    assert_eq!(packages, 8, "the root package, `reports`, `fuzz`, and those of `crates/`");
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a paper's fenced blocks in one language, without indentation and empty ones.
fn quoted<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let opens = format!("```{language}");
    let mut inside = false;
    text.lines().map(str::trim).filter(move |line| {
        inside = if line.starts_with("```") { *line == opens } else { inside };
        inside && !line.is_empty() && !line.starts_with("```")
    })
}

/// The commands in a paper's fenced blocks, without prompt and comment.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let line = line.trim().trim_start_matches("$ ");
        let line = line.split("  #").next().unwrap_or_default().trim_end();
        if fenced && (line.starts_with("cargo ") || line.starts_with("faultless ")) {
            commands.push(line.to_owned());
        }
    }
    commands
}

/// What a command hands to our program, if it is one of ours.
fn our_arguments(command: &str) -> Option<Vec<&str>> {
    let ours = match command.strip_prefix("faultless ") {
        Some(ours) => ours,
        None => command.strip_prefix("cargo run ")?.split_once("-- ")?.1,
    };
    Some(ours.split_whitespace().collect())
}

/// Whether the program knows this sub-command and these flags. Its help is asked, so that nothing
/// is started.
fn accepted(arguments: &[&str]) -> Result<(), String> {
    let subcommand = arguments.first().filter(|first| !first.starts_with('-'));
    let output = Command::new(env!("CARGO_BIN_EXE_faultless"))
        .args(subcommand)
        .arg("--help")
        .output()
        .map_err(|error| error.to_string())?;
    let help = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !help.contains("Usage") {
        return Err("the program does not know it".to_owned());
    }
    for flag in arguments.iter().filter(|argument| argument.starts_with("--")) {
        let flag = flag.split('=').next().unwrap_or(flag);
        if flag != "--help" && !help.contains(flag) {
            return Err(format!("its help knows no `{flag}`"));
        }
    }
    Ok(())
}
