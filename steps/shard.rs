//! One part of a suite, where several machines share it: each scenario belongs to one part, and
//! which does not depend on what the others do. Neighbours go to different parts, because the
//! scenarios of a feature take about as long as each other.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use cucumber::gherkin;

/// What Kubernetes tells a pod of an Indexed Job: which one it is, from 0.
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// The word for a part that follows from `INDEX`.
const OF_JOB: &str = "job";

/// The I-th of N parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 1.
    part: u32,
    parts: NonZeroU32,
}

// === impl Shard ===

impl Shard {
    /// Leaves the scenarios of this part, and the features and rules that have some; answers how
    /// many scenarios there were.
    pub(crate) fn keep(self, features: &mut Vec<gherkin::Feature>) -> u32 {
        let mut count = 0;
        let mut ours = |_: &gherkin::Scenario| {
            count += 1;
            (count - 1) % self.parts == self.part - 1
        };
        for feature in features.iter_mut() {
            feature.scenarios.retain(&mut ours);
            feature.rules.iter_mut().for_each(|rule| rule.scenarios.retain(&mut ours));
            feature.rules.retain(|rule| !rule.scenarios.is_empty());
        }
        features.retain(|feature| !feature.scenarios.is_empty() || !feature.rules.is_empty());
        count
    }

    fn parse(text: &str, index: Option<&str>) -> Result<Self, String> {
        let (part, parts) = text.split_once('/').ok_or("it reads I/N, 2/4 say")?;
        let parts: NonZeroU32 =
            parts.parse().map_err(|_| format!("`{parts}` is no number of parts"))?;
        let part = match part {
            OF_JOB => {
                let index =
                    index.ok_or(format!("the variable {INDEX} is not set: no Indexed Job"))?;
                let index: u32 = index.parse().map_err(|_| format!("{INDEX} is `{index}`"))?;
                index.saturating_add(1)
            }
            part => part.parse().map_err(|_| format!("`{part}` is no part"))?,
        };
        match part {
            1.. if part <= parts.get() => Ok(Self { part, parts }),
            _ => Err(format!("there is no part {part} of {parts}: they count from 1")),
        }
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, std::env::var(INDEX).ok().as_deref())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.parts)
    }
}

#[cfg(test)]
mod tests {
    use cucumber::gherkin::GherkinEnv;

    use super::*;

    /// A feature with so many scenarios, and a rule with two.
    fn feature(name: &str, scenarios: u32) -> gherkin::Feature {
        let some = |prefix: &str, count| -> String {
            (0..count).map(|at| format!("  Scenario: {prefix}{at}\n    Given a\n")).collect()
        };
        let (lone, ruled) = (some(name, scenarios), some(&format!("{name}r"), 2));
        let text = format!("Feature: {name}\n{lone}  Rule: always\n{ruled}");
        gherkin::Feature::parse(&text, GherkinEnv::default()).expect("Gherkin")
    }

    fn names(features: &[gherkin::Feature]) -> Vec<String> {
        let all = features.iter().flat_map(|feature| {
            let ruled = feature.rules.iter().flat_map(|rule| &rule.scenarios);
            feature.scenarios.iter().chain(ruled).map(|scenario| scenario.name.clone())
        });
        all.collect()
    }

    #[test]
    fn each_scenario_is_in_one_part() {
        let suite = || vec![feature("a", 3), feature("b", 0), feature("c", 1)];
        let all = names(&suite());
        for parts in 1..=12 {
            let mut together = Vec::new();
            for part in 1..=parts {
                let mut features = suite();
                let shard: Shard = format!("{part}/{parts}").parse().expect("a part");
                assert_eq!(shard.keep(&mut features), 10);
                let own = names(&features);
                let most = all.len().div_ceil(parts);
                assert!(own.len() + 1 >= most && own.len() <= most, "{part}/{parts}: {own:?}");
                assert!(
                    features.iter().all(|feature| !names(std::slice::from_ref(feature)).is_empty())
                );
                together.extend(own);
            }
            together.sort_unstable();
            let mut sorted = all.clone();
            sorted.sort_unstable();
            assert_eq!(together, sorted, "in {parts} parts");
        }
    }

    #[test]
    fn a_pod_of_an_indexed_job_knows_its_part() {
        let parse = |text, index| Shard::parse(text, index).map(|shard| shard.to_string());
        assert_eq!(parse("job/3", Some("0")), Ok("1/3".to_owned()));
        assert_eq!(parse("job/3", Some("2")), Ok("3/3".to_owned()));
        assert!(parse("job/3", Some("3")).unwrap_err().contains("no part 4 of 3"));
        assert!(parse("job/3", None).unwrap_err().contains("JOB_COMPLETION_INDEX is not set"));
        assert!(parse("job/3", Some("x")).is_err());
        for odd in ["", "1", "0/3", "4/3", "1/0", "-1/3", "a/b", "1/3/5", "4294967296/4294967297"] {
            assert!(parse(odd, None).is_err(), "{odd}");
        }
    }
}
