//! What a run does to its mesh: it is made ready, everything runs, and it is put back.

use std::sync::{Arc, OnceLock};

use faultless::application::Application;
use faultless::cluster::AgentImage;
use faultless::error::Result;
use faultless::evidence::Source;
use faultless::evidence::room::Room;
use faultless::safety::{Applier, Protection};
use faultless::scenario::run::{Carries, Run};
use faultless::scenario::{Options, Sink};
use reports::{Event, Outcome};
use tokio_util::sync::CancellationToken;

use super::hooks;
use crate::check::{Problem, ScenarioPlans};
use crate::cli::RunArgs;
use crate::cucumber_writer;
use crate::features::Suite;
use crate::lanes;
use crate::lanes::{Lanes, Plan, TargetChoice};

/// How a run ended.
pub(super) struct Ended {
    pub outcomes: Vec<Outcome>,
    pub left_behind: bool,
    /// Whether all is put back, but not proven to be known by every proxy.
    pub unproven: bool,
}

/// Where scenarios run, and how many at once.
pub(super) fn place(
    args: &RunArgs,
    (image, source): (AgentImage, Source),
    scenarios: u32,
) -> TargetChoice {
    let lanes = || args.lanes.map_or_else(|| lanes::lanes_for(scenarios), usize::from);
    match args.context.clone() {
        Some(name) => {
            let kubeconfig = args.kubeconfig.clone();
            TargetChoice::Context { name, kubeconfig, image, source }
        }
        None => TargetChoice::Local { lanes: lanes(), envoy: args.envoy.clone() },
    }
}

fn protection(args: &RunArgs) -> Protection {
    Protection {
        dead_man: (!args.no_dead_man).then(|| args.dead_man.duration()),
        wait: args.wait.map(faultless::units::Span::duration).unwrap_or_default(),
        adopt: args.adopt,
        recover: args.recover,
    }
}

/// Makes the mesh ready, runs everything, and puts the mesh back.
pub(super) async fn conduct(
    (args, place): (&RunArgs, &TargetChoice),
    (suite, plans, noted, objects): (Suite, ScenarioPlans, Vec<Problem>, Vec<istio::Object>),
    application: Arc<Application>,
    sink: Sink,
    stop: CancellationToken,
    appliers: &OnceLock<Vec<Applier>>,
) -> Result<Ended> {
    let id = Run::new_id();
    let mut target = args.context.clone().unwrap_or_else(|| "a local mesh".to_owned());
    if args.no_dead_man {
        target.push_str(" (unprotected: --no-dead-man)");
    }
    sink.emit(Event::RunStarted {
        run: id.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target,
        scenarios: suite.scenarios(),
        placebo: args.placebo,
        suite: cucumber_writer::told(&suite.features),
    });
    // The warnings of Istio itself come with each change.
    for what in &noted {
        sink.emit(Event::TargetProgress { what: what.brief() });
    }
    let options = Options {
        confidence: args.confidence,
        max_load_time: args.max_load_time,
        placebo: args.placebo,
    };
    let protection = protection(args);
    let (room, carries) = (Room::default(), Carries::default());
    let plan = Plan {
        id,
        application,
        objects: objects.into(),
        options,
        protection,
        sink: sink.clone(),
        stop,
        room,
        carries,
    };
    let lanes = Lanes::open(place, &plan).await?;
    let _ = appliers.set(lanes.appliers());
    let outcomes = lanes.kept(hooks::scenarios(suite.features, plans, &lanes, sink.clone())).await;
    let lost = lanes.lost();
    let doubts = [Outcome::LeftBehind, Outcome::Unproven];
    let doubt = outcomes.iter().any(|outcome| doubts.contains(outcome));
    let restored = lanes.close(doubt).await;
    for what in &restored.left_behind {
        sink.emit(Event::TargetProgress { what: format!("left behind: {what}") });
    }
    for what in &restored.unproven {
        sink.emit(Event::TargetProgress { what: format!("put back, not yet proven: {what}") });
    }
    let (left_behind, unproven) = (!restored.left_behind.is_empty(), !restored.unproven.is_empty());
    if doubt && !left_behind && !unproven {
        let what = "what scenarios did not put back, or not provably, is put back by now, and \
                    every proxy knows it";
        sink.emit(Event::TargetProgress { what: what.to_owned() });
    }
    if let Some(lost) = lost
        && !left_behind
    {
        return Err(lost);
    }
    Ok(Ended { outcomes, left_behind, unproven })
}
