//! The XML document and its suites.

use junit_report::{OffsetDateTime, Report, TestCase, TestResult, TestSuite};
use time::format_description::well_known::Rfc3339;

use super::case;
use super::finish::{Extra, finish};
use super::names::Names;
use crate::run::{Run, Scenario};
use crate::text;

/// How long the texts of all cases together may be, in bytes: GitLab reads files of up to 30 MB.
const TEXTS_MAX: usize = 24_000_000;

/// The longest text of a case, in characters, where there are not too many of them.
const TEXT_MAX: usize = 4_000;

/// The least that is kept of a text, in characters.
const TEXT_MIN: usize = 100;

/// The XML document.
///
/// # Panics
///
/// Never: writing to memory does not fail, and what is read back has just been written.
#[must_use]
pub fn render(run: &Run) -> String {
    let unbegun = run.unbegun();
    let all: Vec<&Scenario> = run.scenarios.iter().chain(&unbegun).collect();
    let mut features: Vec<(&str, &str)> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for scenario in &all {
        let feature = (scenario.file.as_str(), scenario.feature.as_str());
        if known.insert(feature) {
            features.push(feature);
        }
    }
    let room = room(all.len());
    let mut names = Names::of(&all, run.placebo);
    let (mut report, mut extras) = (Report::new(), Vec::new());
    for feature in features {
        let belongs = |s: &&&Scenario| (s.file.as_str(), s.feature.as_str()) == feature;
        let scenarios: Vec<&Scenario> = all.iter().filter(belongs).copied().collect();
        let cases: Vec<_> = tries(&scenarios)
            .iter()
            .map(|attempts| (case::of(run, attempts, (&mut names, room)), attempts[0].line))
            .collect();
        let lines = cases
            .iter()
            .map(|((case, _), line)| (format!("line: {}", case.name), line.to_string()));
        let file = text::line(feature.0);
        let properties = of_run(run).into_iter().chain([("file".to_owned(), file.clone())]);
        let properties = properties.chain(lines).collect();
        let (cases, earlier) = cases.into_iter().map(|(case, _)| case).unzip();
        let name = names.class(scenarios[0]);
        // One of which nothing began is from when the run did.
        let began = scenarios.iter().map(|one| one.at.as_str()).find(|at| !at.is_empty());
        report.add_testsuite(suite(name, began.unwrap_or(&run.started_at), cases));
        extras.push(Extra { file: Some(file), properties, earlier });
    }
    if let Some(problem) = case::problem(run, &mut names, room) {
        report.add_testsuite(suite("faultless".to_owned(), &run.started_at, vec![problem]));
        extras.push(Extra {
            properties: of_run(run),
            earlier: vec![Vec::<TestResult>::new()],
            file: None,
        });
    }
    finish(&report, &extras).expect("writing to memory does not fail")
}

/// How many characters each text of so many cases may have: a case has two, and a character at most
/// four bytes.
fn room(cases: usize) -> usize {
    (TEXTS_MAX / (8 * cases.max(1))).clamp(TEXT_MIN, TEXT_MAX)
}

/// The scenarios, each with all its attempts, in the order of the first ones.
fn tries<'a>(scenarios: &[&'a Scenario]) -> Vec<Vec<&'a Scenario>> {
    let mut places = std::collections::HashMap::new();
    let mut tries: Vec<Vec<&Scenario>> = Vec::new();
    for scenario in scenarios {
        let known = scenario.begun().then(|| places.get(&scenario.id)).flatten();
        if let Some(place) = known {
            let known: &mut Vec<&Scenario> = &mut tries[*place];
            known.push(*scenario);
        } else {
            places.insert(scenario.id, tries.len());
            tries.push(vec![*scenario]);
        }
    }
    tries
}

/// What a suite says of the run that it was part of.
fn of_run(run: &Run) -> Vec<(String, String)> {
    let mut said = vec![
        ("run".to_owned(), text::line(&run.id)),
        ("version".to_owned(), text::line(&run.version)),
        ("target".to_owned(), text::line(&run.target)),
    ];
    if run.placebo {
        said.push(("placebo".to_owned(), "true".to_owned()));
    }
    said
}

fn suite(name: String, at: &str, testcases: Vec<TestCase>) -> TestSuite {
    TestSuite {
        name,
        package: "faultless".to_owned(),
        timestamp: timestamp(at),
        hostname: "localhost".to_owned(),
        testcases,
        system_out: None,
        system_err: None,
    }
}

/// `2026-11-23T15:20:44.123Z` as a time, in whole seconds; the epoch if it is something else.
fn timestamp(at: &str) -> OffsetDateTime {
    OffsetDateTime::parse(at, &Rfc3339)
        .map_or(OffsetDateTime::UNIX_EPOCH, OffsetDateTime::truncate_to_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (at, seconds) in [
            ("2026-11-23T15:20:44.123Z", 1_795_447_244),
            ("2024-02-29T00:00:00Z", 1_709_164_800),
            ("1970-01-01T00:00:00Z", 0),
            ("yesterday", 0),
            ("9999-99-99T99:99:99", 0),
            ("ü026-11-23T15:20:44", 0),
        ] {
            let read = timestamp(at).unix_timestamp();
            assert!(read == seconds || at.starts_with("9999"), "{at}: {read}");
        }
    }
}
