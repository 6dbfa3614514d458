//! That a step which ends in the middle of its work is restored, however it ends.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt as _;
use reports::{Outcome, ScenarioId};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::options::{Options, Patience};
use super::plan::ScenarioPlan;
use super::run::{Carries, Run};
use super::sink::Sink;
use super::state::Scenario;
use crate::application::Application;
use crate::application::manifest::Origin;
use crate::error::Result;
use crate::evidence::client_load::{Headers, Load, Pace};
use crate::evidence::{Claim, Expectation, Handles, Observer, Property, Room, Unit};
use crate::faults::Disturbance;
use crate::safety::deadman::DeadMan;
use crate::safety::journal::{Header, Journal};
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};
use crate::safety::testing::Fake;
use crate::safety::watchdog::Watchdogs;
use crate::safety::{Applier, Lost};
use crate::units::{Percent, ServiceName};
use crate::verdict::{Bound, Confidence};

const RUN: &str = "r1";

fn patient() -> Patience {
    Patience { confidence: Confidence::default(), max_load_time: "1m".parse().unwrap() }
}

/// How a step ends in the middle.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Panic,
    TimeLimit,
    Stop,
}

/// A mesh whose control plane is ready.
/// A mesh whose control plane answers nothing.
fn mesh_that_cannot_be_asked() -> Fake {
    let fake = Fake::default();
    let istiod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "istiod", "namespace": "istio-system"},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    });
    fake.put("/api/v1/namespaces/istio-system/pods/istiod", istiod);
    fake
}

fn run(fake: &Fake, journal: &Journal) -> Arc<Run> {
    let cluster = fake.cluster();
    let dead_man = DeadMan::new(RUN, None);
    let application = Application {
        application: "shop".to_owned(),
        namespaces: vec!["a".to_owned()],
        services: BTreeMap::new(),
        clients: BTreeMap::new(),
        manifests: Vec::new(),
        workloads: BTreeMap::new(),
        agent_image: None,
        folder: PathBuf::new(),
    };
    Arc::new(Run {
        source: crate::evidence::Source::default(),
        id: RUN.to_owned(),
        cluster: cluster.clone(),
        application: Arc::new(application),
        agents: Handles::default(),
        applier: Applier::new(
            RUN.to_owned(),
            cluster,
            journal.clone(),
            dead_man,
            Watchdogs::default(),
            false,
        ),
        lost: Lost::default(),
        options: Options {
            confidence: Confidence::default(),
            max_load_time: "1s".parse().unwrap(),
            placebo: false,
        },
        sink: Sink::new(Box::new(|_| {})),
        stop: CancellationToken::new(),
        quiet_from: Instant::now().into(),
        carries: Carries::default(),
        room: Room::default(),
    })
}

/// Adds an object, and then ends so.
async fn work(scenario: &mut Scenario, end: End) -> Result<()> {
    let run = scenario.run.clone().unwrap();
    scenario.remember(&run).await?;
    let object = json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {
            "name": "x",
            "namespace": "a",
            "labels": {MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: RUN},
        },
        "spec": {"hosts": ["x"]},
    });
    run.applier.add(scenario.scope(), "", &object).await?;
    match end {
        End::Panic => panic!("this step panics"),
        End::TimeLimit => {}
        End::Stop => run.stop.cancel(),
    }
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ends_in_the_middle_is_restored() {
    for (end, outcome) in [
        (End::Panic, Outcome::Broken),
        (End::TimeLimit, Outcome::Broken),
        (End::Stop, Outcome::Skipped),
    ] {
        let (fake, state) = (Fake::default(), TempDir::new().unwrap());
        let before = fake.contents();
        let header = Header { run: RUN.to_owned(), ..Header::unknown() };
        let journal = Journal::begin(state.path(), "k", header).unwrap();
        let mut scenario =
            Scenario::begin(run(&fake, &journal), ScenarioId(0), ScenarioPlan::default());
        let step = scenario.step(async |this| work(this, end).await);
        let ended = AssertUnwindSafe(step).catch_unwind().await;
        assert_eq!(ended.is_err(), end == End::Panic);
        if let Ok(Err(error)) = ended {
            let why = if end == End::Stop { "interrupted" } else { "longer than 10 minutes" };
            assert!(error.to_string().contains(why), "{error}");
        }
        assert_ne!(fake.contents(), before, "{end:?}: it was never done");
        // As the hook after a scenario does.
        scenario.broke();
        scenario.restore().await;
        assert_eq!(scenario.outcome(), outcome, "{end:?}");
        assert_eq!(fake.contents(), before, "{end:?}");
        assert!(journal.close().unwrap(), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_put_back_and_not_proven_is_not_left_behind() {
    let (fake, state) = (mesh_that_cannot_be_asked(), TempDir::new().unwrap());
    let before = fake.contents();
    let header = Header { run: RUN.to_owned(), ..Header::unknown() };
    let journal = Journal::begin(state.path(), "k", header).unwrap();
    let mut scenario =
        Scenario::begin(run(&fake, &journal), ScenarioId(0), ScenarioPlan::default());
    scenario.step(async |this| work(this, End::Stop).await).await.unwrap_err();
    scenario.restore().await;
    assert_eq!(scenario.outcome(), Outcome::Unproven);
    assert_eq!(fake.contents(), before);
    assert!(journal.close().unwrap(), "nothing is left to be undone");
}

/// Everything that changes the mesh makes what is claimed next a matter of new evidence.
#[tokio::test]
async fn a_plan_tells_claims_apart_by_the_changes_between_them() {
    let application = Application::read("features/application.yaml".as_ref()).unwrap();
    let mut scenario = Scenario::plan(Arc::new(application), patient());
    let hotels: ServiceName = "hotels".parse().unwrap();
    let delayed = Disturbance::Delay { share: Percent::ALL, delay: "1s".parse().unwrap() };
    let claim = Claim::Share(Expectation {
        observer: Observer::AllClients,
        unit: Unit::Requests,
        property: Property::Fails,
        bound: Bound::No,
    });
    let (pace, paths, headers) = (Pace::AtOnce(5), Vec::new(), Headers::Own);
    let load = Load { pace, lasting: None, paths, headers };
    let raw = "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: c, \
               namespace: travel-agency}, spec: {hosts: [cars], http: [{route: [{destination: \
               {host: cars}}]}]}}";
    let ratio = [("request_ratio".to_owned(), "60".to_owned())];
    scenario.send(None, load.clone()).await.unwrap();
    for change in 0..8 {
        scenario.expect(&claim).await.unwrap();
        scenario.expect(&claim).await.unwrap();
        match change {
            0 => scenario.disturb(&hotels, delayed.clone()).await,
            1 => scenario.withdraw(&hotels).await,
            2 => scenario.apply(raw, &Origin::default()).await,
            3 => scenario.deploy(&["travels-v2".to_owned()], &[]).await,
            4 => scenario.undeploy(&["travels-v2".to_owned()]).await,
            5 => scenario.scale("travels-v2", 2).await,
            6 => scenario.set(None, &ratio).await,
            _ => scenario.send(None, load.clone()).await,
        }
        .unwrap();
    }
    let mut plan = scenario.into_plan();
    for change in 0..8 {
        assert_eq!(plan.next().len(), 2, "before change {change}");
    }
    assert_eq!(plan.next(), []);
}
