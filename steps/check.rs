//! Features tried for sense before anything is touched: every sentence must be known once, and
//! every scenario is walked through in plan, where each step checks its names and numbers.

use std::collections::HashMap;
use std::fmt;
use std::mem::take;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use cucumber::gherkin;
use cucumber::step::{AmbiguousMatchError, Collection};
use faultless::error::{Error, ExitCode, Result};
use faultless::scenario::Scenario;
use faultless::scenario::application::Application;
use faultless::scenario::outlook::Outlook;
use faultless::scenario::run::Patience;
use futures::FutureExt as _;

use crate::cli::CheckArgs;
use crate::features::Suite;
use crate::narrator::{Place, place};
use crate::world::World;
use crate::{local, shows, vocabulary};

/// What is wrong with a step, or doubtful, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    file: String,
    line: usize,
    column: usize,
    text: String,
    cause: String,
}

/// What every scenario is going to claim.
pub(crate) type Outlooks = HashMap<Place, Outlook>;

/// Puts scenarios whose delays outlast them last, the longest at the end: what is looked at after
/// them waits for that. Each comes as a feature of its own, because cucumber knows no other order.
pub(crate) fn quiet_first(
    features: Vec<gherkin::Feature>,
    outlooks: &Outlooks,
) -> Vec<gherkin::Feature> {
    let mut alone: Vec<_> = features.into_iter().flat_map(each_alone).collect();
    alone.sort_by_cached_key(|feature| {
        let of_rules = feature.rules.iter().flat_map(|rule| &rule.scenarios);
        let scenarios = feature.scenarios.iter().chain(of_rules);
        scenarios.filter_map(|one| outlooks.get(&place(feature, one))).map(|one| one.lingers).max()
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

/// What there is to know of features before they run.
pub(crate) struct Checked {
    pub problems: Vec<Problem>,
    /// What may not do what was meant.
    pub warnings: Vec<Problem>,
    /// What has no effect on a local mesh.
    pub unsupported: Vec<Problem>,
    pub outlooks: Outlooks,
}

/// `faultless check`.
pub(crate) async fn check(args: &CheckArgs) -> Result<ExitCode> {
    let suite = Suite::read(&args.features)?;
    let application = Arc::new(suite.application.clone());
    let patience = Patience { confidence: args.confidence, max_load_time: args.max_load_time };
    let checked = walk(&suite.features, &application, patience).await;
    let Checked { problems, mut warnings, unsupported, .. } = checked;
    warnings.extend(unsupported);
    warnings.sort();
    for warning in &warnings {
        shows::note(&warning.to_string());
    }
    if problems.is_empty() {
        let count = u64::from(suite.scenarios());
        let make = if count == 1 { "makes" } else { "make" };
        shows::line(&format!("{} {make} sense", reports::text::counted(count, "scenario")));
        return Ok(ExitCode::Passed);
    }
    Err(refusal(&problems))
}

/// All problems as one error.
pub(crate) fn refusal(problems: &[Problem]) -> Error {
    let list: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    let what = match problems.len() {
        1 => "1 problem".to_owned(),
        several => format!("{several} problems"),
    };
    Error::feature("checking the features", format!("{what}{list}"))
}

/// Everything that is wrong with these features or doubtful, by file and line; and what each of
/// their scenarios is going to claim.
pub(crate) async fn walk(
    features: &[gherkin::Feature],
    application: &Arc<Application>,
    patience: Patience,
) -> Checked {
    walk_with(&World::steps(), features, application, patience).await
}

async fn walk_with(
    steps: &Collection<World>,
    features: &[gherkin::Feature],
    application: &Arc<Application>,
    patience: Patience,
) -> Checked {
    let (mut problems, mut warnings, mut unsupported) = (Vec::new(), Vec::new(), Vec::new());
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
                let doubt = |what| Problem::of(feature, step, format!("warning: {what}"));
                if let Some(scenario) = &mut world.scenario {
                    warnings.extend(scenario.take_warnings().into_iter().map(doubt));
                    unsupported.extend(without_effect(scenario).into_iter().map(doubt));
                }
            }
            let outlook = world.scenario.map(Scenario::into_outlook).unwrap_or_default();
            outlooks.insert(place(feature, scenario), outlook);
        }
    }
    // A background's mistake shows in every scenario.
    for all in [&mut problems, &mut warnings, &mut unsupported] {
        all.sort();
        all.dedup();
    }
    Checked { problems, warnings, unsupported, outlooks }
}

/// What of the last step's objects has no effect on a local mesh.
fn without_effect(scenario: &mut Scenario) -> Vec<String> {
    let objects = scenario.take_configured().into_iter();
    let each = objects.flat_map(|object| {
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
    // Cucumber's steps report by panicking; nobody else's hook must print it.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = AssertUnwindSafe(run(world, context)).catch_unwind().await;
    std::panic::set_hook(hook);
    done.map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        readable(text.unwrap_or("the step failed without a word"))
    })
}

/// What cucumber says of a parameter that it could not read is about its own code; what the
/// parameter says comes last.
pub(crate) fn readable(panic: &str) -> String {
    let last = panic.rsplit_once(": ").map_or(panic, |(_, last)| last);
    if panic.starts_with("Failed to parse element") || panic.contains("can not be parsed") {
        last.to_owned()
    } else {
        panic.to_owned()
    }
}

fn ambiguous(several: &AmbiguousMatchError) -> String {
    let fits = several.possible_matches.iter();
    let fits: Vec<_> =
        fits.map(|(regex, _)| format!("`{}`", vocabulary::text(regex.as_str()))).collect();
    format!("it fits {} sentences; say it so that it fits one of: {}", fits.len(), fits.join(", "))
}

fn unknown(step: &gherkin::Step) -> String {
    let keyword = format!("{:?}", step.ty);
    match vocabulary::nearest(&step.value) {
        Some(near) => format!(
            "no sentence of this kind ({keyword}) is known; the nearest is: {} {}",
            near.keyword, near.text
        ),
        None => format!("no such sentence ({keyword}) is known; `faultless steps` lists them"),
    }
}

// === impl Problem ===

impl Problem {
    /// Without the step's text, on one line.
    pub(crate) fn brief(&self) -> String {
        let Self { file, line, cause, .. } = self;
        format!("{file}:{line}: {cause}")
    }

    fn of(feature: &gherkin::Feature, step: &gherkin::Step, cause: String) -> Self {
        let text = format!("{}{}", step.keyword, step.value);
        Self::at(feature, step.position, text, cause)
    }

    /// A scenario without steps claims nothing, and would pass.
    fn empty(feature: &gherkin::Feature, scenario: &gherkin::Scenario) -> Self {
        let text = format!("{}: {}", scenario.keyword, scenario.name);
        Self::at(feature, scenario.position, text, "it has no steps, so it shows nothing".into())
    }

    fn at(
        feature: &gherkin::Feature,
        position: gherkin::LineCol,
        text: String,
        cause: String,
    ) -> Self {
        let file = feature.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        Self { file, line: position.line, column: position.col, text, cause }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, text, cause } = self;
        // A cause may bring a hint on a line of its own.
        let cause = cause.lines().map(str::trim_start).collect::<Vec<_>>().join("\n    ");
        write!(f, "{file}:{line}:{column}: {text}\n    {cause}")
    }
}

#[cfg(test)]
mod tests {
    use cucumber::gherkin::GherkinEnv;
    use cucumber::step::Context;
    use futures::future::LocalBoxFuture;

    use super::*;
    use faultless::verdict::Confidence;

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
        assert_eq!(walk(&features, &application, patience()).await.problems, []);

        let twin = regex::Regex::new("^every portal sends (.*)$").unwrap();
        let steps = World::steps().given(None, twin, nothing);
        let found = walk_with(&steps, &features, &application, patience()).await.problems;
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
            walk(&[feature], &application, patience()).await.problems
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
        let checked = walk(&[feature], &Arc::new(application), patience()).await;
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
    async fn scenarios_whose_delays_outlast_them_come_last() {
        let feature = |name: &str, scenarios: &str| {
            let load = "Given every portal sends 5 requests per second";
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
        let checked = walk(&features, &Arc::new(application), patience()).await;
        assert_eq!(checked.problems, []);
        let sorted = quiet_first(features, &checked.outlooks);
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
