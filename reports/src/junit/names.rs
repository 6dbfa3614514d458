//! What test cases are called. CI servers know a test by its class and its name, through all runs,
//! and drop all but one of those that share both (GitLab says so: "only the first test is used").

use std::collections::{BTreeMap, BTreeSet};

use crate::run::Scenario;
use crate::text;

/// The longest class or name, in characters: GitLab keeps 255 of each.
const MAX: usize = 255;

/// What a name may need added to be unique: ` (line 4294967295) (99)`.
const ROOM: usize = 24;

/// The names of a run's test cases: no two cases have the same, and none is empty.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// For each feature's name the files that have one of that name.
    files: BTreeMap<String, BTreeSet<String>>,
    /// How many scenarios have a class and a name.
    shared: BTreeMap<(String, String), usize>,
    given: BTreeSet<(String, String)>,
    placebo: bool,
}

// === impl Names ===

impl Names {
    /// For these scenarios; those of a placebo run are no tests of the run with its faults.
    pub(super) fn of(scenarios: &[&Scenario], placebo: bool) -> Self {
        let mut names = Self { placebo, ..Self::default() };
        for scenario in scenarios {
            let files = names.files.entry(shown(&scenario.feature, "feature")).or_default();
            files.insert(text::line(&scenario.file));
        }
        // What is tried again is one case.
        for scenario in scenarios.iter().filter(|scenario| scenario.attempt == 0) {
            let key = (names.class(scenario), shown(&scenario.name, "scenario"));
            *names.shared.entry(key).or_default() += 1;
        }
        names
    }

    /// The class of a scenario: its feature, and the file where several have one of that name.
    pub(super) fn class(&self, scenario: &Scenario) -> String {
        let feature = shown(&scenario.feature, "feature");
        let twins = self.files.get(&feature).is_some_and(|files| files.len() > 1);
        let withheld = if self.placebo { " (placebo)" } else { "" };
        match twins {
            false => format!("{feature}{withheld}"),
            true => {
                let file = text::cut(&text::line(&scenario.file), MAX / 2);
                format!("{} ({file}){withheld}", text::cut(&feature, MAX / 2 - ROOM))
            }
        }
    }

    /// Class and name of a scenario's case. Examples of an outline, and others that share their
    /// name, have their line in it.
    pub(super) fn give(&mut self, scenario: &Scenario) -> (String, String) {
        let class = self.class(scenario);
        let name = shown(&scenario.name, "scenario");
        let shared = self.shared.get(&(class.clone(), name.clone())).is_some_and(|many| *many > 1);
        let name = if shared { format!("{name} (line {})", scenario.line) } else { name };
        self.unique(class, name)
    }

    /// The same for a case that is no scenario's.
    pub(super) fn unique(&mut self, class: String, name: String) -> (String, String) {
        let again = |number: usize| match number {
            1 => name.clone(),
            _ => format!("{name} ({number})"),
        };
        // It ends: of so many names one more than there are cases is free.
        let free = (1..=self.given.len() + 1)
            .map(|number| (class.clone(), again(number)))
            .find(|key| !self.given.contains(key))
            .unwrap_or((class.clone(), name.clone()));
        self.given.insert(free.clone());
        free
    }
}

/// A name as it is shown, never empty.
fn shown(name: &str, what: &str) -> String {
    match text::cut(&text::line(name), MAX - ROOM) {
        name if name.is_empty() => format!("({what} without a name)"),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(scenarios: &[(&str, &str, &str, u32)]) -> Vec<(String, String)> {
        let scenarios: Vec<_> = scenarios
            .iter()
            .map(|(file, feature, name, line)| Scenario {
                file: (*file).to_owned(),
                feature: (*feature).to_owned(),
                name: (*name).to_owned(),
                line: *line,
                ..Scenario::default()
            })
            .collect();
        let mut names = Names::of(&scenarios.iter().collect::<Vec<_>>(), false);
        scenarios.iter().map(|scenario| names.give(scenario)).collect()
    }

    #[test]
    fn twins_are_told_apart_in_one_file_and_in_two() {
        let named = given(&[
            ("a.feature", "Delays", "seen", 3),
            ("a.feature", "Delays", "seen", 9),
            ("b.feature", "Delays", "seen", 3),
            ("b.feature", "Delays", "once", 7),
            ("c.feature", "Aborts", "seen", 3),
        ]);
        let named: Vec<_> = named.iter().map(|(class, name)| (&class[..], &name[..])).collect();
        assert_eq!(
            named,
            [
                ("Delays (a.feature)", "seen (line 3)"),
                ("Delays (a.feature)", "seen (line 9)"),
                ("Delays (b.feature)", "seen"),
                ("Delays (b.feature)", "once"),
                ("Aborts", "seen"),
            ]
        );
    }

    #[test]
    fn what_only_looks_alike_is_told_apart_too() {
        let long = "x".repeat(400);
        let named = given(&[
            ("a", "F", "\u{1b}", 1),
            ("a", "F", "\u{7}", 1),
            ("a", "F", " \t\n", 2),
            ("a", "F", "", 3),
            ("a", "F", &format!("{long}1"), 4),
            ("a", "F", &format!("{long}2"), 5),
            ("a", "F", "seen", 6),
            ("a", "F", "seen (line 6)", 8),
            ("a", "F", "seen", 7),
        ]);
        assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "{named:?}");
        assert!(named.iter().all(|(_, name)| !name.is_empty() && name.chars().count() <= MAX));
        assert_eq!(named[2].1, "(scenario without a name) (line 2)");
        assert_eq!(named[7].1, "seen (line 6) (2)");
    }
}
