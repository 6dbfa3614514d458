//! Every scenario walked through in plan, by the very functions that run its steps.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use cucumber::gherkin;
use cucumber::step::Collection;
use faultless::application::Application;
use faultless::scenario::Patience;
use faultless::scenario::Scenario;
use faultless::scenario::plan::Outlook;
use futures::FutureExt as _;

use super::problem::{Problem, ambiguous, unknown};
use crate::location::{Location, location};
use crate::panic_text;
use crate::world::World;

/// What every scenario is going to claim.
pub(crate) type Outlooks = HashMap<Location, Outlook>;

/// What there is to know of features before they run.
pub(crate) struct Checked {
    pub problems: Vec<Problem>,
    pub outlooks: Outlooks,
}

/// Everything that is wrong with these features, by file and line; and what each of their scenarios
/// is going to claim.
pub(crate) async fn dry_run(
    features: &[gherkin::Feature],
    application: &Arc<Application>,
    patience: Patience,
) -> Checked {
    dry_run_with(&World::steps(), features, application, patience).await
}

async fn dry_run_with(
    steps: &Collection<World>,
    features: &[gherkin::Feature],
    application: &Arc<Application>,
    patience: Patience,
) -> Checked {
    let mut problems = Vec::new();
    let mut outlooks = Outlooks::new();
    for feature in features {
        let rules = feature.rules.iter();
        let of_rules = rules.flat_map(|rule| rule.scenarios.iter().map(move |s| (Some(rule), s)));
        for (rule, scenario) in feature.scenarios.iter().map(|s| (None, s)).chain(of_rules) {
            let background = feature.background.iter().flat_map(|b| &b.steps);
            let of_rule = rule.and_then(|rule| rule.background.as_ref());
            let of_rule = of_rule.into_iter().flat_map(|b| &b.steps);
            if scenario.steps.is_empty() {
                problems.push(Problem::empty(feature, scenario));
            }
            let plan = Scenario::plan(Arc::clone(application), patience);
            let mut world = World { scenario: Some(plan), lane: None };
            for step in background.chain(of_rule).chain(&scenario.steps) {
                if let Err(cause) = try_step(steps, &mut world, step).await {
                    problems.push(Problem::of(feature, step, cause));
                }
            }
            let outlook = world.scenario.map(Scenario::into_outlook).unwrap_or_default();
            outlooks.insert(location(feature, scenario), outlook);
        }
    }
    // A background's mistake shows in every scenario.
    problems.sort();
    problems.dedup();
    Checked { problems, outlooks }
}

async fn try_step(
    steps: &Collection<World>,
    world: &mut World,
    step: &gherkin::Step,
) -> std::result::Result<(), String> {
    let found = match steps.find(step) {
        Ok(Some(found)) => found,
        Ok(None) => return Err(unknown(step)),
        Err(several) => return Err(ambiguous(&several)),
    };
    let (run, _, _, context) = found;
    // Nobody else's hook must print it.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = AssertUnwindSafe(run(world, context)).catch_unwind().await;
    std::panic::set_hook(hook);
    done.map_err(|panic| panic_text::of(&*panic, "the step failed without a word"))
}

#[cfg(test)]
mod tests {
    use cucumber::gherkin::GherkinEnv;
    use cucumber::step::Context;
    use faultless::error::ExitCode;
    use faultless::verdict::Confidence;
    use futures::future::LocalBoxFuture;

    use super::*;
    use crate::check::refusal;

    fn patience() -> Patience {
        Patience { confidence: Confidence::default(), max_load_time: "2m".parse().unwrap() }
    }

    fn nothing(_: &mut World, _: Context) -> LocalBoxFuture<'_, ()> {
        async {}.boxed_local()
    }

    #[tokio::test]
    async fn a_step_that_fits_two_sentences_is_refused_with_both() {
        let text =
            "Feature: f\n  Scenario: s\n    Given every portal sends 5 requests per second\n";
        let feature = gherkin::Feature::parse(text, GherkinEnv::default()).unwrap();
        let application = Application::read("features/application.yaml".as_ref()).unwrap();
        let (features, application) = ([feature], Arc::new(application));
        assert_eq!(dry_run(&features, &application, patience()).await.problems, []);

        let twin = regex::Regex::new("^every portal sends (.*)$").unwrap();
        let steps = World::steps().given(None, twin, nothing);
        let found = dry_run_with(&steps, &features, &application, patience()).await.problems;
        let said = refusal(&found);
        assert_eq!(said.exit_code(), ExitCode::Wrong);
        let said = said.to_string();
        for part in [":3:5: Given every", "fits 2 sentences", "`{portals} sends {load}`"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[tokio::test]
    async fn a_load_too_small_for_its_claim_is_told_with_one_that_would_do() {
        let application = Application::read("features/application.yaml".as_ref()).unwrap();
        let application = Arc::new(application);
        let problems = async |load: &str| {
            let text = format!(
                "Feature: f\n  Scenario: s\n    Given every client sends {load}\n    Then every \
                 client sees no request fail\n"
            );
            let feature = gherkin::Feature::parse(text, GherkinEnv::default()).unwrap();
            dry_run(&[feature], &application, patience()).await.problems
        };
        // 158 requests of each client in two minutes: 1.3 per second are too few.
        let [problem] = &problems("1 request per second").await[..] else { panic!("not told") };
        let said = problem.to_string();
        for part in [":4:5: Then", "158 requests", "158 s at 1.0/s", "send 2.0/s or more"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        for enough in ["2 requests per second", "requests", "1 request per second for 9s"] {
            assert_eq!(problems(enough).await, [], "{enough}");
        }
    }
}
