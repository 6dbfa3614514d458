//! In which order scenarios run.

use std::mem::take;

use cucumber::gherkin;

use super::dry_run::ScenarioPlans;
use crate::location::location;

/// Puts scenarios whose delays outlast them last, the longest at the end: what is looked at after
/// them waits for that. Each comes as a feature of its own, because cucumber knows no other order.
pub(crate) fn quiet_first(
    features: Vec<gherkin::Feature>,
    plans: &ScenarioPlans,
) -> Vec<gherkin::Feature> {
    let mut alone: Vec<_> = features.into_iter().flat_map(each_alone).collect();
    alone.sort_by_cached_key(|feature| {
        let of_rules = feature.rules.iter().flat_map(|rule| &rule.scenarios);
        let scenarios = feature.scenarios.iter().chain(of_rules);
        scenarios
            .filter_map(|one| plans.get(&location(feature, one)))
            .map(|one| one.longest_delay)
            .max()
    });
    alone
}

/// A feature as features with one scenario each, with all that goes for it: background, rule, tags.
fn each_alone(mut feature: gherkin::Feature) -> Vec<gherkin::Feature> {
    let (scenarios, rules) = (take(&mut feature.scenarios), take(&mut feature.rules));
    let plain = scenarios
        .into_iter()
        .map(|one| gherkin::Feature { scenarios: vec![one], ..feature.clone() });
    let ruled = rules.into_iter().flat_map(|mut rule| {
        let scenarios = take(&mut rule.scenarios).into_iter();
        let alone = scenarios.map(|one| gherkin::Rule { scenarios: vec![one], ..rule.clone() });
        alone
            .map(|rule| gherkin::Feature { rules: vec![rule], ..feature.clone() })
            .collect::<Vec<_>>()
    });
    plain.chain(ruled).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cucumber::gherkin::GherkinEnv;
    use faultless::application::Application;
    use faultless::scenario::Patience;
    use faultless::verdict::Confidence;

    use super::*;
    use crate::check::dry_run;

    fn patience() -> Patience {
        Patience { confidence: Confidence::default(), max_load_time: "2m".parse().unwrap() }
    }

    #[tokio::test]
    async fn scenarios_whose_delays_outlast_them_come_last() {
        let feature = |name: &str, scenarios: &str| {
            let load = "Given every client sends 5 requests per second";
            let text = format!("Feature: {name}\n  Background:\n    {load}\n{scenarios}");
            let feature = gherkin::Feature::parse(text, GherkinEnv::default()).unwrap();
            gherkin::Feature { path: Some(name.into()), ..feature }
        };
        let slow = |delay: &str| {
            let step = format!("When every request to \"hotels\" is delayed by {delay}");
            format!("  Scenario: {delay}\n    {step}\n")
        };
        let deleted = slow("9s") + "    When the Istio configuration of \"hotels\" is deleted\n";
        let features = vec![
            feature("a", &(slow("5s") + &slow("1s") + "  Rule: r\n" + &slow("3s") + &slow("2s"))),
            feature("b", &(slow("4s") + &deleted)),
        ];
        let application = Application::read("features/application.yaml".as_ref()).unwrap();
        let checked = dry_run(&features, &Arc::new(application), patience()).await;
        assert_eq!(checked.problems, []);
        let sorted = quiet_first(features, &checked.plans);
        let told = |feature: &gherkin::Feature| {
            assert!(feature.background.is_some(), "{}", feature.name);
            let ruled = feature.rules.iter().map(|rule| (rule.name.as_str(), &rule.scenarios));
            let all = ruled.chain([("", &feature.scenarios)]);
            let names = all.flat_map(|(rule, all)| all.iter().map(move |one| (rule, &one.name)));
            let names: Vec<_> = names.map(|(rule, name)| format!("{rule}{name}")).collect();
            format!("{} {}", feature.name, names.join(" "))
        };
        let order: Vec<_> = sorted.iter().map(told).collect();
        assert_eq!(order, ["b 9s", "a 1s", "a r2s", "a r3s", "b 4s", "a 5s"]);
    }
}
