//! Runs that shared a suite, as one. Pure.

use std::collections::BTreeSet;

use super::run::{Finished, Run};
use crate::suite::Feature;

// === impl Run ===

impl Run {
    /// The runs as one: all their scenarios, all that they left behind, the worst of their exit
    /// codes, and how long the longest took, because they ran beside each other. It has ended if
    /// each of them has.
    ///
    /// # Errors
    ///
    /// If some withheld their changes and others did not: what passed is bad in the ones and good
    /// in the others.
    pub fn together(runs: Vec<Self>) -> Result<Self, String> {
        let placebos = runs.iter().filter(|run| run.placebo).count();
        if placebos > 0 && placebos < runs.len() {
            return Err(format!("{placebos} of {} runs are placebos", runs.len()));
        }
        let distinct = |of: fn(&Self) -> &str| {
            let all: BTreeSet<&str> = runs.iter().map(of).collect();
            all.into_iter().collect::<Vec<_>>().join(", ")
        };
        let mut whole = Self {
            id: distinct(|run| &run.id),
            version: distinct(|run| &run.version),
            target: distinct(|run| &run.target),
            placebo: placebos > 0,
            started_at: runs.iter().map(|run| run.started_at.clone()).min().unwrap_or_default(),
            finished: finished(&runs),
            ..Self::default()
        };
        for run in runs {
            // A run may have begun more scenarios than it said.
            whole.planned =
                whole.planned.saturating_add(u32::try_from(run.total()).unwrap_or(u32::MAX));
            whole.elapsed_ms = whole.elapsed_ms.max(run.elapsed_ms);
            whole.left_behind.extend(run.left_behind);
            whole.interrupted = whole.interrupted.or(run.interrupted);
            // One that was tried again keeps its id through all its attempts.
            let above = whole.scenarios.iter().map(|one| one.id.0.saturating_add(1)).max();
            let of_part = run.scenarios.into_iter().map(|mut scenario| {
                scenario.id.0 = scenario.id.0.saturating_add(above.unwrap_or(0));
                scenario
            });
            whole.scenarios.extend(of_part);
            for feature in run.suite {
                join(&mut whole.suite, feature);
            }
        }
        Ok(whole)
    }
}

/// A feature whose scenarios were parted is one again.
fn join(suite: &mut Vec<Feature>, part: Feature) {
    let same = |known: &&mut Feature| (&known.file, known.line) == (&part.file, part.line);
    match suite.iter_mut().find(same) {
        Some(known) => known.join(part),
        None => suite.push(part),
    }
}

/// The end of all of them; none if one has none.
fn finished(runs: &[Run]) -> Option<Finished> {
    let ends = runs.iter().map(|run| run.finished.as_ref()).collect::<Option<Vec<_>>>()?;
    let problems: Vec<_> = ends.iter().filter_map(|end| end.problem.clone()).collect();
    Some(Finished {
        exit_code: ends.iter().map(|end| end.exit_code).max_by_key(|code| badness(*code))?,
        problem: (!problems.is_empty()).then(|| problems.join("; ")),
        took_ms: ends.iter().map(|end| end.took_ms).max()?,
    })
}

/// What is in the mesh that should not be is worse than what is not known, and that worse than what
/// was seen.
const fn badness(exit_code: u8) -> u8 {
    match exit_code {
        0 => 0,
        1 => 1,
        2 => 2,
        // Stopped by a signal.
        128.. => 3,
        4 => 5,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ScenarioId;
    use crate::run::Scenario;

    fn run(id: &str, names: &[&str], exit_code: u8) -> Run {
        let scenario = |(id, name): (u32, &&str)| Scenario {
            id: ScenarioId(id),
            name: (*name).to_owned(),
            ..Scenario::default()
        };
        Run {
            id: id.to_owned(),
            target: "context kind".to_owned(),
            planned: 2,
            started_at: format!("2026-11-28T10:00:0{exit_code}Z"),
            scenarios: (0..).zip(names).map(scenario).collect(),
            finished: Some(Finished { exit_code, problem: None, took_ms: u64::from(exit_code) }),
            ..Run::default()
        }
    }

    #[test]
    fn parts_of_a_suite_are_one_run() {
        let whole = Run::together(vec![run("a", &["x", "y"], 1), run("b", &["z"], 0)]);
        let whole = whole.expect("two of a kind");
        assert_eq!((whole.id.as_str(), whole.target.as_str()), ("a, b", "context kind"));
        assert_eq!(whole.total(), 4, "one of b never began");
        let ids: Vec<_> = whole.scenarios.iter().map(|one| (one.id.0, one.name.as_str())).collect();
        assert_eq!(ids, [(0, "x"), (1, "y"), (2, "z")]);
        let end = whole.finished.expect("both have ended");
        assert_eq!((end.exit_code, end.took_ms), (1, 1));
        assert_eq!(whole.started_at, "2026-11-28T10:00:00Z");
    }

    #[test]
    fn the_worst_end_is_that_of_the_whole() {
        let worst = |codes: &[u8]| {
            let runs = codes.iter().map(|code| run("a", &[], *code)).collect();
            Run::together(runs).expect("runs").finished.expect("an end").exit_code
        };
        assert_eq!(worst(&[0, 4, 3]), 4);
        assert_eq!(worst(&[1, 130, 2]), 130);
        assert_eq!(worst(&[130, 3]), 3);
        assert_eq!(worst(&[0, 0]), 0);
        let torn = Run { finished: None, ..run("b", &[], 0) };
        assert_eq!(Run::together(vec![run("a", &[], 0), torn]).expect("runs").finished, None);
    }

    #[test]
    fn a_placebo_is_no_part_of_a_suite() {
        let placebo = Run { placebo: true, ..run("b", &[], 0) };
        let refused = Run::together(vec![run("a", &[], 0), placebo.clone()]).unwrap_err();
        assert_eq!(refused, "1 of 2 runs are placebos");
        assert!(Run::together(vec![placebo.clone(), placebo]).expect("placebos").placebo);
    }
}
