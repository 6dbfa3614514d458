//! The conductor: prepare, disturb, observe, judge, restore. Only this file sequences; a step says
//! what it wants in one call, and the phases' legal order is kept here, in `enter`.

pub mod agents;
pub mod application;
pub mod changes;
mod clean_slate;
mod compare;
mod dead_man;
mod evidence;
pub mod expectation;
pub mod guard;
pub mod journal;
mod lease;
pub mod recover;
pub mod run;
pub mod sweep;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reports::{Event, Outcome, Phase, ScenarioId};

use self::application::Application;
use self::clean_slate::Slate;
use self::evidence::Evidence;
pub use self::evidence::Load;
use self::expectation::Expectation;
use self::run::Run;
use crate::error::{Blame, Error, Result};
use crate::faults::{Configuration, Disturbance, Proof, Subject};
use crate::telemetry::{Filter, Reporter};
use crate::units::ServiceName;
use crate::verdict::{Decision, Verdict, judge};

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
    load: Option<Load>,
    configurations: BTreeMap<(String, String), Configured>,
    /// What was there before this scenario's first change.
    before: Option<Slate>,
    evidence: Option<Evidence>,
    outcome: Outcome,
}

/// A service with what is done to it.
struct Configured {
    configuration: Configuration,
    /// Proofs that its disturbances owe, with the source of each.
    proofs: Vec<Proof>,
    lingers: Duration,
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
        Self {
            id,
            application,
            run,
            phase: Phase::Prepare,
            load: None,
            configurations: BTreeMap::new(),
            before: None,
            evidence: None,
            outcome: Outcome::Passed,
        }
    }

    /// How it went so far.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Given: every portal sends this load while the scenario looks.
    pub async fn send(&mut self, load: Load) -> Result<()> {
        self.step(async |this| {
            this.enter(Phase::Prepare, format!("{} through every portal", load.rate))?;
            this.load = Some(load);
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
                Some(configured) => configured.configuration.clone(),
                None => Configuration::new(subject),
            };
            configuration.disturb(&disturbance)?;
            let proofs = disturbance.proofs();
            let lingers = disturbance.lingers();
            if let Some(run) = this.run.clone() {
                let subject = format!("{}/{}", key.0, configuration.object_name());
                this.write(&run, &subject, &configuration.objects(&run.id)).await?;
            }
            let entry = this.configurations.entry(key).or_insert_with(|| Configured {
                configuration: configuration.clone(),
                proofs: Vec::new(),
                lingers: Duration::ZERO,
            });
            let lingered = entry.lingers;
            entry.configuration = configuration;
            entry.lingers = lingers.max(entry.lingers);
            for proof in proofs {
                if !entry.proofs.contains(&proof) {
                    entry.proofs.push(proof);
                }
            }
            if let Some(run) = &this.run {
                run.quiet_not_before(Instant::now() + lingered + QUIET);
            }
            Ok(())
        })
        .await
    }

    /// When: whatever this scenario did to a service is taken back.
    pub async fn withdraw(&mut self, service: &ServiceName) -> Result<()> {
        self.step(async |this| {
            let subject = this.subject(service)?;
            this.enter(Phase::Disturb, format!("withdrawing what was done to {service}"))?;
            let key = (subject.namespace, subject.name);
            let Some(configured) = this.configurations.remove(&key) else {
                return Err(Error::feature(
                    format!("withdrawing the configuration of {service}"),
                    "this scenario did nothing to it so far",
                ));
            };
            this.evidence = None;
            let name = configured.configuration.object_name();
            let Some(run) = this.run.clone() else { return Ok(()) };
            let left = this.take_back(&run, Some(&format!("{}/{name}", key.0))).await.left_behind;
            run.quiet_not_before(Instant::now() + configured.lingers + QUIET);
            match left.is_empty() {
                true => Ok(()),
                false => Err(Error::left_behind("withdrawing a configuration", left.join("; "))),
            }
        })
        .await
    }

    /// Then: load is sent until the claim is decided, and it must be met.
    pub async fn expect(&mut self, expectation: &Expectation) -> Result<()> {
        self.step(async |this| {
            expectation.check(&this.application)?;
            let Some(load) = this.load else {
                return Err(Error::feature("observing the mesh", "no load is sent")
                    .hint("say `Given every portal sends 50 requests per second` before"));
            };
            this.enter(Phase::Observe, expectation.to_string())?;
            let Some(run) = this.run.clone() else { return Ok(()) };
            let mut evidence = match this.evidence.take() {
                Some(evidence) => evidence,
                None => Evidence::gather(&run, this.id, load).await?,
            };
            loop {
                let verdicts = judge_all(&run, expectation, &evidence)?;
                let undecided = verdicts.iter().any(|(_, v)| v.decision == Decision::Undecided);
                let violated = verdicts.iter().any(|(_, v)| v.decision == Decision::Violated);
                let time_left = evidence.load_time < run.options.max_load_time.duration();
                if undecided && !violated && time_left {
                    evidence.extend(&run, this.id, load).await?;
                    continue;
                }
                let told = this.tell(&run, expectation, &verdicts, &evidence);
                this.evidence = Some(evidence);
                return told;
            }
        })
        .await
    }

    /// Puts everything back and tells so. Never fails: what is left is in the event and in the
    /// outcome.
    pub async fn restore(&mut self) {
        let Some(run) = self.run.clone() else { return };
        let started = Instant::now();
        let lingers = self.configurations.values().map(|c| c.lingers).max();
        if self.changes_left(&run) > 0 {
            self.tell_phase(Phase::Restore, "putting everything back".to_owned());
        }
        let restored = self.take_back(&run, None).await;
        let mut left_behind = restored.left_behind;
        left_behind.extend(self.stains(&run).await);
        if let Some(lingers) = lingers {
            run.quiet_not_before(Instant::now() + lingers + QUIET);
        }
        self.configurations.clear();
        if !left_behind.is_empty() {
            self.outcome = Outcome::LeftBehind;
        }
        run.sink.tell(Event::Restored {
            scenario: self.id,
            undone: restored.undone,
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

    // --- judging ---

    /// Tells every observer's verdict and sums them up: one violation is a failure, one undecided
    /// claim is inconclusive, and without proof of the disturbance a pass is vacuous.
    fn tell(
        &mut self,
        run: &Run,
        expectation: &Expectation,
        verdicts: &[(String, Verdict)],
        evidence: &Evidence,
    ) -> Result<()> {
        let (proof, missing) = self.proof(evidence);
        let mut worst = Outcome::Passed;
        let mut numbers = Vec::new();
        for (who, verdict) in verdicts {
            let outcome = match verdict.decision {
                // Withheld on purpose, a change has no proof: that is no news.
                Decision::Met if missing.is_some() && run.options.placebo => Outcome::Failed,
                Decision::Met if missing.is_some() => Outcome::Vacuous,
                Decision::Met => Outcome::Passed,
                Decision::Undecided => Outcome::Inconclusive,
                Decision::Violated => Outcome::Failed,
            };
            let text = verdict.numbers(&format!("requests {}", expectation.property));
            run.sink.tell(Event::Judged {
                scenario: self.id,
                outcome,
                claim: expectation.to_string(),
                numbers: format!("{who}: {text}"),
                proof: proof.clone(),
            });
            if outcome != Outcome::Passed {
                numbers.push(format!("{who}: {text}"));
                worst = if worst == Outcome::Failed { worst } else { outcome };
            }
        }
        self.outcome = if self.outcome == Outcome::Passed { worst } else { self.outcome };
        let numbers = numbers.join("; ");
        match (worst, missing) {
            (Outcome::Passed, _) => Ok(()),
            (Outcome::Vacuous, Some(missing)) => Err(Error::mesh(
                "proving that the configuration took effect",
                format!("{missing}; {numbers}"),
            )),
            (Outcome::Inconclusive, _) => Err(Error::mesh("deciding", numbers)
                .hint("inconclusive: more load (--max-load-time) or a wider bound decides it")),
            _ => Err(Error::mesh("expectation violated", numbers)),
        }
    }

    /// What proves that the disturbances took effect, and the first proof that is missing.
    fn proof(&self, evidence: &Evidence) -> (Option<String>, Option<String>) {
        let (mut shown, mut missing) = (Vec::new(), None);
        for ((namespace, service), configured) in &self.configurations {
            for proof in &configured.proofs {
                let name = service.clone();
                let host = ServiceName { name, namespace: Some(namespace.clone()) };
                let mut filter = Filter::of(Reporter::Source, &host);
                let (count, what) = match proof {
                    Proof::Flag(flag) => {
                        let count = evidence.window.requests(&filter).with_flag(flag);
                        (count, format!("requests to {service} carry flag {flag}"))
                    }
                    Proof::Reached(version) => {
                        filter.reporter = Some(Reporter::Destination);
                        let count = evidence.window.requests(&filter).to_version(version)
                            + evidence.window.tcp(&filter).opened_to_version(version);
                        (count, format!("requests reached {service} {version}"))
                    }
                };
                if count == 0 {
                    missing.get_or_insert(format!("no {what}"));
                } else {
                    shown.push(format!("{count} {what}"));
                }
            }
        }
        ((!shown.is_empty()).then(|| shown.join(", ")), missing)
    }
}

fn judge_all(
    run: &Run,
    expectation: &Expectation,
    evidence: &Evidence,
) -> Result<Vec<(String, Verdict)>> {
    let counts = expectation.count(&run.application, evidence)?;
    let confidence = run.options.confidence;
    let judged = |(who, counts)| (who, judge(&expectation.bound, counts, confidence));
    Ok(counts.into_iter().map(judged).collect())
}

fn outcome_of(blame: Blame) -> Outcome {
    match blame {
        Blame::Feature => Outcome::Wrong,
        Blame::Mesh => Outcome::Failed,
        Blame::Runner => Outcome::Broken,
        Blame::LeftBehind => Outcome::LeftBehind,
    }
}
