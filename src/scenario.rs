//! The conductor: prepare, disturb, observe, judge, restore. Only this file sequences; a step says
//! what it wants in one call, and the phases' legal order is kept here, in `enter`.

pub mod agents;
pub mod application;
mod count;
mod evidence;
pub mod expectation;
mod journal;
mod judging;
mod raw;
pub mod run;
mod workloads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reports::{Event, Outcome, Phase, ScenarioId};
use serde_json::{Value, json};

use self::application::Application;
use self::evidence::Evidence;
pub use self::evidence::{Headers, Load};
use self::journal::{Journal, Undo};
use self::judging::Proven;
use self::run::Run;
use crate::error::{Blame, Error, Result};
use crate::faults::{self, Configuration, Disturbance, RUN_LABEL, Subject};
use crate::target::Target;
use crate::target::objects::ObjectRef;
use crate::units::ServiceName;

/// What an undisturbed request may take at most before a change is relied on: the services answer
/// in tens of milliseconds, and a request under the old configuration must have ended.
const QUIET: Duration = Duration::from_millis(300);

/// No step takes longer: the longest load plus the longest answer fits in it several times.
const STEP_LIMIT: Duration = Duration::from_mins(10);

/// One scenario on its way.
pub struct Scenario {
    id: ScenarioId,
    application: Arc<Application>,
    /// `None` while a scenario is only planned: then every call checks what it is asked for and
    /// touches nothing.
    run: Option<Arc<Run>>,
    phase: Phase,
    /// By portal.
    loads: BTreeMap<String, Load>,
    configurations: BTreeMap<(String, String), Configuration>,
    /// Objects that a step brought as they are.
    raw: Vec<Value>,
    proven: Proven,
    /// Whether anything was done to the mesh's configuration at all.
    disturbed: bool,
    journal: Journal,
    evidence: Option<Evidence>,
    outcome: Outcome,
}

// === impl Scenario ===

impl Scenario {
    /// Begins a scenario.
    #[must_use]
    pub fn begin(run: Arc<Run>, id: ScenarioId) -> Self {
        let application = Arc::clone(&run.application);
        Self::new(application, Some(run), id)
    }

    /// A scenario that is only tried for sense: names, numbers and what cannot be combined.
    #[must_use]
    pub fn plan(application: Arc<Application>) -> Self {
        Self::new(application, None, ScenarioId::default())
    }

    fn new(application: Arc<Application>, run: Option<Arc<Run>>, id: ScenarioId) -> Self {
        let journal = Journal::new(run.as_ref().map_or("", |run| &run.id));
        Self {
            id,
            application,
            run,
            phase: Phase::Prepare,
            loads: BTreeMap::new(),
            configurations: BTreeMap::new(),
            raw: Vec::new(),
            proven: Proven::new(),
            disturbed: false,
            journal,
            evidence: None,
            outcome: Outcome::Passed,
        }
    }

    /// How it went so far. A scenario that changes no configuration has nothing that a placebo run
    /// could withhold: its pass there is as good as not run.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let placebo = self.run.as_ref().is_some_and(|run| run.options.placebo);
        match self.outcome {
            Outcome::Passed if placebo && !self.disturbed => Outcome::Skipped,
            outcome => outcome,
        }
    }

    /// Given: this load is sent through a portal (`None`: through every one) while the scenario
    /// looks. It replaces what was sent through it before.
    pub async fn send(&mut self, portal: Option<&str>, load: Load) -> Result<()> {
        self.step(async |this| {
            let portals: Vec<String> = match portal {
                Some(name) => this.application.portal(name).map(|_| vec![name.to_owned()])?,
                None => this.application.portals.keys().cloned().collect(),
            };
            let through = portal.unwrap_or("every portal");
            this.enter(Phase::Prepare, format!("{} through {through}", load.rate))?;
            this.loads.extend(portals.into_iter().map(|name| (name, load.clone())));
            this.evidence = None;
            Ok(())
        })
        .await
    }

    /// When: something is done to a service. An earlier disturbance of the same sort is replaced.
    pub async fn disturb(&mut self, service: &ServiceName, disturbance: Disturbance) -> Result<()> {
        self.step(async |this| {
            let subject = this.subject(service)?;
            let key = (subject.namespace.clone(), subject.name.clone());
            let mut configuration = match this.configurations.get(&key) {
                Some(configuration) => configuration.clone(),
                None => Configuration::new(subject),
            };
            configuration.disturb(&disturbance)?;
            let earlier = this.objects();
            let objects = configuration.objects(&this.run_id());
            this.make_sense(&objects)?;
            if let Some(run) = this.run.clone() {
                this.write(&run, &objects).await?;
                run.quiet_not_before(Instant::now() + faults::lingers(&earlier) + QUIET);
            }
            this.configurations.insert(key, configuration);
            this.disturbed = true;
            Ok(())
        })
        .await
    }

    /// When: whatever this scenario did to a service is taken back.
    pub async fn withdraw(&mut self, service: &ServiceName) -> Result<()> {
        self.step(async |this| {
            let subject = this.subject(service)?;
            this.enter(Phase::Disturb, format!("withdrawing what was done to {service}"))?;
            let earlier = this.objects();
            let mut gone = this.withdraw_raw(&subject)?;
            if let Some(configured) = this.configurations.remove(&(subject.namespace, subject.name))
            {
                for object in configured.objects("") {
                    gone.push(ObjectRef::of(&object)?);
                }
            }
            if gone.is_empty() {
                return Err(Error::feature(
                    format!("withdrawing the configuration of {service}"),
                    "this scenario did nothing to it so far",
                ));
            }
            this.evidence = None;
            let Some(run) = this.run.clone() else { return Ok(()) };
            let left = this.take_back(&run, |object| gone.contains(object)).await;
            run.quiet_not_before(Instant::now() + faults::lingers(&earlier) + QUIET);
            match left.is_empty() {
                true => Ok(()),
                false => Err(Error::left_behind("withdrawing a configuration", left.join("; "))),
            }
        })
        .await
    }

    /// Puts everything back and tells so. Never fails: what is left is in the event and in the
    /// outcome.
    pub async fn restore(&mut self) {
        let Some(run) = self.run.clone() else { return };
        let started = Instant::now();
        let lingers = faults::lingers(&self.objects());
        let undone = self.journal_len();
        if undone > 0 {
            self.tell_phase(Phase::Restore, "putting everything back".to_owned());
        }
        let mut left_behind = self.take_back(&run, |_| true).await;
        left_behind.extend(self.take_workloads_away(&run, |_| true).await);
        run.quiet_not_before(Instant::now() + lingers + QUIET);
        self.configurations.clear();
        self.raw.clear();
        if !left_behind.is_empty() {
            self.outcome = Outcome::LeftBehind;
        }
        run.sink.tell(Event::Restored {
            scenario: self.id,
            undone: undone - u32::try_from(left_behind.len()).unwrap_or(undone).min(undone),
            left_behind,
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }

    /// Marks a panic or anything else that ended the scenario outside of a step's own result.
    pub fn broke(&mut self) {
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::Broken;
        }
    }

    // --- the phases ---

    /// Every step's frame: stops at the run's wish, bounds the time, notes how it ended.
    async fn step<T>(&mut self, work: impl AsyncFnOnce(&mut Self) -> Result<T>) -> Result<T> {
        // Lets the narrator tell that the step has begun before the step itself tells anything.
        tokio::task::yield_now().await;
        let stop = self.run.as_ref().map(|run| run.stop.clone()).unwrap_or_default();
        let limited = async {
            let limit = Error::runner("running a step", "it took longer than 10 minutes");
            tokio::time::timeout(STEP_LIMIT, work(self)).await.unwrap_or(Err(limit))
        };
        let (result, stopped) = tokio::select! {
            biased;
            () = stop.cancelled() => (Err(Error::runner("running a step", "interrupted")), true),
            result = limited => (result, false),
        };
        if let Err(error) = &result
            && self.outcome == Outcome::Passed
        {
            self.outcome = if stopped { Outcome::Skipped } else { outcome_of(error.blame()) };
        }
        result
    }

    /// The legal order: anything may follow preparing; after a judgement the mesh may be disturbed
    /// or observed again; nothing follows the restore.
    fn enter(&mut self, next: Phase, detail: String) -> Result<()> {
        let legal = match (self.phase, next) {
            (Phase::Restore, _) => false,
            (
                Phase::Prepare | Phase::Disturb | Phase::Converge | Phase::Observe | Phase::Judge,
                Phase::Prepare
                | Phase::Disturb
                | Phase::Converge
                | Phase::Observe
                | Phase::Judge
                | Phase::Restore,
            ) => true,
        };
        if !legal {
            let doing = format!("entering the phase {next:?}");
            return Err(Error::runner(doing, "the scenario was restored already"));
        }
        self.tell_phase(next, detail);
        Ok(())
    }

    fn tell_phase(&mut self, phase: Phase, detail: String) {
        self.phase = phase;
        if let Some(run) = &self.run {
            run.sink.tell(Event::PhaseEntered { scenario: self.id, phase, detail });
        }
    }

    fn subject(&self, service: &ServiceName) -> Result<Subject> {
        let found = self.application.service(service)?;
        Ok(Subject {
            name: found.name.clone(),
            namespace: found.namespace.clone(),
            tcp: found.protocol == application::Protocol::Tcp,
            versions: found.versions.clone(),
        })
    }

    /// Writes objects in order, each behind a barrier: a VirtualService must never name subsets
    /// that a proxy does not know yet.
    async fn write(&mut self, run: &Run, objects: &[Value]) -> Result<()> {
        let names: Vec<_> = objects.iter().map(ObjectRef::of).collect::<Result<_>>()?;
        let list = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.enter(Phase::Disturb, list.join(", "))?;
        self.evidence = None;
        let (mut proxies, mut converged_ms, mut told) = (0, 0, Vec::new());
        if run.options.placebo {
            told = list.iter().map(|name| format!("{name} (withheld)")).collect();
        } else {
            for (object, name) in objects.iter().zip(&names) {
                let (version, how) = self.write_one(&run.target, object, name).await?;
                self.tell_phase(Phase::Converge, name.to_string());
                let converged = run.target.converged(&version, &[name.to_string()]).await?;
                proxies = converged.proxies;
                let took = u64::try_from(converged.took.as_millis()).unwrap_or(u64::MAX);
                converged_ms = converged_ms.max(took);
                told.push(format!("{name} ({how})"));
            }
        }
        run.sink.tell(Event::Disturbed { scenario: self.id, objects: told, proxies, converged_ms });
        Ok(())
    }

    async fn write_one(
        &mut self,
        target: &Target,
        object: &Value,
        name: &ObjectRef,
    ) -> Result<(String, &'static str)> {
        let ours = self.journal.added().any(|added| added == name);
        let written = if ours {
            let patch = json!([{"op": "replace", "path": "/spec", "value": object["spec"]}]);
            let patch = serde_json::from_value(patch)
                .map_err(|cause| Error::runner(format!("changing {name}"), cause))?;
            (target.patch(name, patch).await?, "changed")
        } else {
            free_to_add(target, object, name).await?;
            self.journal.intend(Undo::Delete(name.clone()));
            (target.create(object).await?, "added")
        };
        let version = written.0.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        Ok((version.unwrap_or_default().to_owned(), written.1))
    }

    /// Undoes what is selected: VirtualServices before the DestinationRules they name, with the
    /// barrier between. Answers what is left behind.
    async fn take_back(&mut self, run: &Run, which: impl Fn(&ObjectRef) -> bool) -> Vec<String> {
        let mut left_behind = Vec::new();
        let target = &run.target;
        for kind in ["VirtualService", "DestinationRule"] {
            let selected = |object: &ObjectRef| object.kind == kind && which(object);
            let names: Vec<_> =
                self.journal.added().filter(|o| selected(o)).map(ToString::to_string).collect();
            if names.is_empty() {
                continue;
            }
            let restored = self.journal.undo(target, selected).await;
            left_behind.extend(restored.left_behind);
            let settled = async {
                let (_, version) = target.list("networking.istio.io/v1", kind, "", "").await?;
                target.converged(&version, &names).await
            };
            if let Err(error) = settled.await {
                left_behind
                    .push(format!("the proxies may still act on {}: {error}", names.join(", ")));
            }
        }
        left_behind
    }

    fn journal_len(&self) -> u32 {
        u32::try_from(self.journal.added().count()).unwrap_or(u32::MAX)
    }
}

/// A second object for a host does nothing in a mesh, or undoes what is there: the oldest wins.
async fn free_to_add(target: &Target, object: &Value, name: &ObjectRef) -> Result<()> {
    let (there, _) = target.list(&name.api_version, &name.kind, &name.namespace, "").await?;
    let hosts = hosts(object);
    let Some(other) = there.iter().find(|other| hosts.iter().any(|host| concerns(other, host)))
    else {
        return Ok(());
    };
    let other_name = ObjectRef::of(other)?;
    let run = other.pointer("/metadata/labels").and_then(|labels| labels[RUN_LABEL].as_str());
    let cause = format!("{other_name} configures that host already");
    let error = Error::runner(format!("adding {name}"), cause);
    Err(match run {
        Some(run) => {
            let command = other_name.delete_command();
            error.hint(format!("it was left behind by run {run}: {command}"))
        }
        None => error.hint("this version only adds configuration, it changes none"),
    })
}

fn outcome_of(blame: Blame) -> Outcome {
    match blame {
        Blame::Feature => Outcome::Wrong,
        Blame::Mesh => Outcome::Failed,
        Blame::Runner => Outcome::Broken,
        Blame::LeftBehind => Outcome::LeftBehind,
    }
}

/// The hosts that an object is about.
fn hosts(object: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match object["kind"].as_str() {
        Some("VirtualService") => {
            object["spec"]["hosts"].as_array().into_iter().flatten().filter_map(text).collect()
        }
        _ => text(&object["spec"]["host"]).into_iter().collect(),
    }
}

/// Whether an object is about this fully qualified host, however it spells it.
fn concerns(object: &Value, host: &str) -> bool {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    hosts(object).iter().any(|spelled| {
        spelled == host
            || format!("{spelled}.svc.cluster.local") == host
            || format!("{spelled}.cluster.local") == host
            || format!("{spelled}.{namespace}.svc.cluster.local") == host
    })
}
