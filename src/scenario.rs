//! The conductor: prepare, disturb, observe, judge, restore. Only this file sequences; a step says
//! what it wants in one call, and the phases' legal order is kept here, in `enter`.

pub mod agents;
pub mod application;
pub mod changes;
mod clean_slate;
mod compare;
mod count;
mod dead_man;
mod evidence;
pub mod expectation;
mod fit;
pub mod guard;
pub mod healer;
pub mod journal;
mod judging;
mod lease;
pub mod load;
pub mod outlook;
mod raw;
mod reconcile;
pub mod recover;
pub mod room;
pub mod run;
mod scaling;
mod scrape;
mod sending;
mod settings;
pub mod sweep;
mod witness;
mod workloads;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reports::{Event, Outcome, Phase, ScenarioId};

use self::application::Application;
use self::clean_slate::Slate;
use self::evidence::Evidence;
use self::expectation::Claim;
use self::judging::Proven;
use self::load::Load;
use self::outlook::Outlook;
use self::run::{Patience, Run};
use crate::error::{Blame, Error, Result};
use crate::faults::{self, Configuration, Disturbance, Subject};
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
    /// What the run is going to be like for which this one is planned.
    patience: Option<Patience>,
    phase: Phase,
    /// By portal.
    loads: BTreeMap<String, Load>,
    configurations: BTreeMap<(String, String), Configuration>,
    /// Objects that a step brought as they are.
    raw: Vec<istio::Object>,
    /// What the step that is made now configures, and what Istio would warn of in it.
    configured: Vec<istio::Object>,
    warnings: Vec<String>,
    proven: Proven,
    /// Whether anything was done to the mesh's configuration at all.
    disturbed: bool,
    /// What was there before this scenario's first change.
    before: Option<Slate>,
    evidence: Option<Evidence>,
    /// The claims that the evidence is for.
    expected: Vec<Claim>,
    /// What is going to be claimed, as far as it was noted in plan.
    outlook: Outlook,
    outcome: Outcome,
}

// === impl Scenario ===

impl Scenario {
    /// Begins a scenario of which this was noted in plan.
    #[must_use]
    pub fn begin(run: Arc<Run>, id: ScenarioId, outlook: Outlook) -> Self {
        let application = Arc::clone(&run.application);
        Self { outlook, ..Self::new(application, Some(run), id) }
    }

    /// A scenario that is only tried for sense: names, numbers, what cannot be combined, and what
    /// cannot be decided in the time that a run gives it.
    #[must_use]
    pub fn plan(application: Arc<Application>, patience: Patience) -> Self {
        Self { patience: Some(patience), ..Self::new(application, None, ScenarioId::default()) }
    }

    /// What was noted of a scenario in plan.
    #[must_use]
    pub fn into_outlook(mut self) -> Outlook {
        self.outlook.lingers = faults::lingers(&self.objects());
        self.outlook
    }

    fn new(application: Arc<Application>, run: Option<Arc<Run>>, id: ScenarioId) -> Self {
        Self {
            id,
            application,
            run,
            patience: None,
            phase: Phase::Prepare,
            loads: BTreeMap::new(),
            configurations: BTreeMap::new(),
            raw: Vec::new(),
            configured: Vec::new(),
            warnings: Vec::new(),
            proven: Proven::new(),
            disturbed: false,
            before: None,
            evidence: None,
            expected: Vec::new(),
            outlook: Outlook::default(),
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
            let earlier = this.configurations.get(&key).map(Configuration::objects);
            let objects = configuration.objects();
            this.make_sense(&objects)?;
            this.forget_evidence();
            if let Some(run) = this.run.clone() {
                let labelled = this.labelled(&objects);
                this.write(&run, &labelled).await?;
                let lingers = faults::lingers(&earlier.unwrap_or_default());
                run.quiet_not_before(Instant::now() + lingers + QUIET);
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
                for object in configured.objects() {
                    gone.push(ObjectRef::of(&object.to_value())?);
                }
            }
            if gone.is_empty() {
                return Err(Error::feature(
                    format!("withdrawing the configuration of {service}"),
                    "this scenario did nothing to it so far",
                ));
            }
            this.forget_evidence();
            let Some(run) = this.run.clone() else { return Ok(()) };
            let gone: Vec<_> = gone.iter().map(ToString::to_string).collect();
            let left = this
                .take_back(&run, |subject| gone.iter().any(|one| one == subject))
                .await
                .left_behind;
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
        if self.changes_left(&run) > 0 {
            self.tell_phase(Phase::Restore, "putting everything back".to_owned());
        }
        let restored = self.take_back(&run, |_| true).await;
        let changed = self.give_back(&run).await;
        let workloads = self.take_workloads_away(&run, |_| true).await;
        let undone = restored.undone + changed.undone + workloads.undone;
        let mut left_behind = restored.left_behind;
        left_behind.extend(changed.left_behind);
        left_behind.extend(workloads.left_behind);
        left_behind.extend(self.stains(&run).await);
        run.quiet_not_before(Instant::now() + lingers + QUIET);
        self.configurations.clear();
        self.raw.clear();
        if !left_behind.is_empty() {
            self.outcome = Outcome::LeftBehind;
        }
        run.sink.tell(Event::Restored {
            scenario: self.id,
            undone,
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
        let run = self.run.clone();
        let work = Box::pin(work(self));
        let (result, stopped) = match run {
            None => (work.await, false),
            Some(run) => {
                let over = async {
                    tokio::select! {
                        biased;
                        () = run.stop.cancelled() => {}
                        () = tokio::time::sleep(STEP_LIMIT) => {}
                    }
                };
                let done = run.changes.until(over, work).await;
                let why = match run.stop.is_cancelled() {
                    true => "interrupted",
                    false => "it took longer than 10 minutes",
                };
                let stopped = done.is_none() && run.stop.is_cancelled();
                (done.unwrap_or_else(|| Err(Error::runner("running a step", why))), stopped)
            }
        };
        // A run that was lost meanwhile has seen nothing that counts.
        let lost = self.run.as_ref().and_then(|run| run.lost());
        let (result, stopped) = match lost {
            Some(lost) => (Err(lost), false),
            None => (result, stopped),
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

    /// Something is about to change: what was seen so far says nothing about what comes.
    fn forget_evidence(&mut self) {
        self.evidence = None;
        self.outlook.close();
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
}

fn outcome_of(blame: Blame) -> Outcome {
    match blame {
        Blame::Feature => Outcome::Wrong,
        Blame::Mesh => Outcome::Failed,
        Blame::Runner => Outcome::Broken,
        Blame::LeftBehind => Outcome::LeftBehind,
    }
}
