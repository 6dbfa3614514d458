//! Every scenario walked through in plan, by the very functions that run its steps.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use cucumber::gherkin;
use cucumber::step::Collection;
use faultless::application::Application;
use faultless::scenario::plan::ScenarioPlan;
use faultless::scenario::{Patience, Scenario};
use futures::FutureExt as _;

use super::problem::{Problem, ambiguous, unknown};
use crate::location::{Location, location};
use crate::world::World;
use crate::{local, panic_text};

/// What every scenario is going to claim.
pub(crate) type ScenarioPlans = HashMap<Location, ScenarioPlan>;

/// What there is to know of features before they run.
pub(crate) struct Checked {
    pub problems: Vec<Problem>,
    /// What may not do what was meant.
    pub warnings: Vec<Problem>,
    /// What has no effect on a local mesh.
    pub unsupported: Vec<Problem>,
    /// The Istio objects that scenarios configure, each once.
    pub objects: Vec<istio::Object>,
    pub plans: ScenarioPlans,
}

/// Everything that is wrong with these features or doubtful, by file and line; and what each of
/// their scenarios is going to claim.
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
    let (mut problems, mut warnings, mut unsupported) = (Vec::new(), Vec::new(), Vec::new());
    let (mut plans, mut objects) = (ScenarioPlans::new(), Vec::new());
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
            let mut world = World { scenario: Some(plan), lane: None, file: feature.path.clone() };
            for step in background.chain(of_rule).chain(&scenario.steps) {
                if let Err(cause) = try_step(steps, &mut world, step).await {
                    problems.push(Problem::of(feature, step, cause));
                }
                let doubt = |what| Problem::of(feature, step, format!("warning: {what}"));
                if let Some(scenario) = &mut world.scenario {
                    warnings.extend(scenario.take_warnings().into_iter().map(doubt));
                    let configured = scenario.take_configured();
                    unsupported.extend(without_effect(&configured).into_iter().map(doubt));
                    objects.extend(configured);
                }
            }
            let plan = world.scenario.map(Scenario::into_plan).unwrap_or_default();
            plans.insert(location(feature, scenario), plan);
        }
    }
    // A background's mistake shows in every scenario.
    for all in [&mut problems, &mut warnings, &mut unsupported] {
        all.sort();
        all.dedup();
    }
    let objects = objects.into_iter().fold(Vec::new(), |mut all, object| {
        if !all.contains(&object) {
            all.push(object);
        }
        all
    });
    Checked { problems, warnings, unsupported, objects, plans }
}

/// What of the last step's objects has no effect on a local mesh.
fn without_effect(objects: &[istio::Object]) -> Vec<String> {
    let each = objects.iter().flat_map(|object| {
        let fields = local::unsupported(&object.to_value()).into_iter();
        fields.map(move |what| format!("{object}: {what}"))
    });
    each.collect()
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
            "Feature: f\n  Scenario: s\n    Given every client sends 5 requests per second\n";
        let feature = gherkin::Feature::parse(text, GherkinEnv::default()).unwrap();
        let application = Application::read("features/application.yaml".as_ref()).unwrap();
        let (features, application) = ([feature], Arc::new(application));
        assert_eq!(dry_run(&features, &application, patience()).await.problems, []);

        let twin = regex::Regex::new("^every client sends (.*)$").unwrap();
        let steps = World::steps().given(None, twin, nothing);
        let found = dry_run_with(&steps, &features, &application, patience()).await.problems;
        let said = refusal(&found);
        assert_eq!(said.exit_code(), ExitCode::Wrong);
        let said = said.to_string();
        for part in [":3:5: Given every", "fits 2 sentences", "`{clients} sends {load}`"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }

    #[tokio::test]
    async fn what_may_not_be_meant_is_told_once_and_is_no_mistake() {
        let application = Application::read("features/application.yaml".as_ref()).unwrap();
        let text = "Feature: f\n  Background:\n    Given every client sends requests\n    When \
                    this Istio configuration is applied:\n      \"\"\"\n      {apiVersion: \
                    networking.istio.io/v1, kind: VirtualService, metadata: {name: hotels, \
                    namespace: travel-agency}, spec: {hosts: [hotels], http: [{fault: {abort: \
                    {httpStatus: 503}}, corsPolicy: {allowMethods: [GET]}, route: [{destination: \
                    {host: hotels}}]}]}}\n      \"\"\"\n  Scenario: a\n    When every request to \
                    \"cars\" is delayed by 1s\n  Scenario: b\n    When every request to \"cars\" \
                    is delayed by 1s\n";
        let feature = gherkin::Feature::parse(text, GherkinEnv::default()).unwrap();
        let checked = dry_run(&[feature], &Arc::new(application), patience()).await;
        assert_eq!(checked.problems, []);
        let brief = |all: &[Problem]| all.iter().map(Problem::brief).collect::<Vec<_>>();
        let object = ":4: warning: VirtualService travel-agency/hotels: spec.http[0]";
        let absent = "fault.abort.percentage: is absent, which means 0%: no request will be";
        let expected = format!("{object}.{absent} aborted");
        assert_eq!(brief(&checked.warnings), [expected]);
        let expected =
            format!("{object}.corsPolicy is accepted but has no effect on the local mesh");
        assert_eq!(brief(&checked.unsupported), [expected]);
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
