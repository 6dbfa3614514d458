//! Sending load that fits: what a load asks for, what the mesh carries of it, and what is sent.
//!
//! What the mesh carries is looked for once per kind of load and mesh, before the mesh is
//! disturbed: one request at a time first, then more and more (`evidence::fit`). It is told before
//! anything is judged.

use std::collections::BTreeMap;
use std::time::Duration;

use reports::{Event, Phase};

use super::run::Run;
use super::state::Scenario;
use crate::error::{Error, Result};
use crate::evidence::{Claim, Load, Observer, Sent, Step, drain, rounded, witness};
use crate::faults;
use crate::load::{Shape, StreamSpec};
use crate::verdict::Confidence;

/// How long the evidence for the claims of one observation should take to come in. Shorter would
/// ask for more load than they are worth, longer for more patience.
const EVIDENCE_IN: Duration = Duration::from_millis(1_200);

/// What a load without a number asks of each client at least and at most, per second.
const RATE_MIN: f64 = 20.0;
const RATE_MAX: f64 = 100.0;

/// How long one step of rising load lasts, and how many requests it has at least.
const STEP: Duration = Duration::from_millis(1_200);
const STEP_REQUESTS: f64 = 5.0;

/// So many requests, one at a time, are the measure; no longer than this.
const ALONE: u32 = 10;
const ALONE_TIME: Duration = Duration::from_millis(600);

impl Scenario {
    /// Given: this load is sent through a client (`None`: through every one) while the scenario
    /// looks. It replaces what was sent through it before.
    pub async fn send(&mut self, client: Option<&str>, load: Load) -> Result<()> {
        self.step(async |this| {
            load.check()?;
            let clients: Vec<String> = match client {
                Some(name) => this.application.client(name).map(|_| vec![name.to_owned()])?,
                None => this.application.clients.keys().cloned().collect(),
            };
            let through = client.unwrap_or("every client");
            this.enter(Phase::Prepare, format!("{load} through {through}"))?;
            this.loads.extend(clients.into_iter().map(|name| (name, load.clone())));
            // What the agents would refuse is refused here.
            for (name, load) in &this.loads {
                let sent = Sent { rate: 1.0, ..Sent::default() };
                let spec = load.spec(&this.application, name, STEP, sent)?;
                spec.target().map_err(|cause| {
                    Error::feature(format!("sending {load} through {name}"), cause)
                })?;
            }
            this.forget_evidence();
            let Some(run) = this.run.clone() else { return Ok(()) };
            let asked = this.asked(&this.plan.all(), run.options.confidence);
            this.fit(&run, &asked).await
        })
        .await
    }

    /// What each client's load asks for, per second; `claims` are those that it is for.
    pub(crate) fn asked(&self, claims: &[Claim], confidence: Confidence) -> BTreeMap<String, f64> {
        let clients = self.loads.len().max(1) as f64;
        let burst = faults::burst(&self.objects());
        let needed = |claim: &Claim| {
            if claim.is_about_others() {
                return 0.0;
            }
            let shared = match claim {
                Claim::Share(expectation) => match &expectation.observer {
                    Observer::EachClient | Observer::Client(_) => 1.0,
                    Observer::AllClients | Observer::Proxies { .. } => clients,
                },
                Claim::Alike(_) => clients,
            };
            claim.effort(burst, confidence) as f64 / EVIDENCE_IN.as_secs_f64() / shared
        };
        let needed = claims.iter().map(needed).fold(RATE_MIN, f64::max).min(RATE_MAX);
        self.loads.iter().map(|(name, load)| (name.clone(), load.per_second(needed))).collect()
    }

    /// Raises what is asked for where it says no number, so that so many more requests come in as
    /// fast as evidence should.
    pub(crate) fn ask_for(&self, more: u64, asked: &mut BTreeMap<String, f64>) {
        let needed = (more as f64 / EVIDENCE_IN.as_secs_f64()).min(RATE_MAX);
        for (name, rate) in asked {
            let load = self.loads.get(name).filter(|load| load.is_open());
            *rate = load.map_or(*rate, |load| load.per_second(rate.max(needed)));
        }
    }

    /// What is sent of what is asked for, per second, by client. Loads that wait for their answers
    /// fit by themselves. A machine that was starved is spared only while times are looked at.
    pub(crate) fn fitting(
        &self,
        run: &Run,
        asked: &BTreeMap<String, f64>,
    ) -> BTreeMap<String, f64> {
        let wanted = self.total(asked);
        let timed = self.expected.iter().any(|claim| witness::limit(claim.property()).is_some());
        let allowed = run.fit(&self.kind_of_load(), |fit| match timed {
            true => fit.allowed(wanted),
            false => fit.carriable(wanted),
        });
        let part = if wanted > 0.0 { allowed / wanted } else { 1.0 };
        let sent = |(name, rate): (&String, &f64)| {
            let open = self.loads.get(name).is_some_and(Load::is_open);
            (name.clone(), if open { rate * part } else { *rate })
        };
        asked.iter().map(sent).collect()
    }

    /// The sum of what can be chosen.
    pub(crate) fn total(&self, rates: &BTreeMap<String, f64>) -> f64 {
        let open = |name: &String| self.loads.get(name).is_some_and(Load::is_open);
        rates.iter().filter(|(name, _)| open(name)).map(|(_, rate)| rate).sum()
    }

    /// Which loads cost the mesh alike: those that ask for the same pages.
    pub(crate) fn kind_of_load(&self) -> String {
        let one = |(name, load): (&String, &Load)| {
            format!("{name} {} {}", load.host().unwrap_or_default(), load.paths.join(" "))
        };
        self.loads.iter().map(one).collect::<Vec<_>>().join("; ")
    }

    /// Finds out what the mesh carries of what is asked for, as far as that is not known; tells
    /// what is going to be sent, and why. A mesh that is disturbed is not asked: its answers would
    /// say what the disturbance does.
    pub(crate) async fn fit(&mut self, run: &Run, asked: &BTreeMap<String, f64>) -> Result<()> {
        let (kind, wanted) = (self.kind_of_load(), self.total(asked));
        if wanted <= 0.0 {
            return Ok(());
        }
        let known = run.fit(&kind, |fit| fit.has_measure() && fit.next(wanted).is_none());
        if !known && self.objects().is_empty() {
            tokio::time::sleep_until(run.quiet_from().into()).await;
            // Of lanes that want to know the same, one finds it out, and nobody disturbs it.
            let _alone = run.room.enter(true).await;
            if !run.fit(&kind, |fit| fit.has_measure()) {
                let step = self.alone(run).await?;
                run.fit(&kind, |fit| fit.measure(step));
            }
            while let Some(rate) = run.fit(&kind, |fit| fit.next(wanted)) {
                let step = self.rising(run, asked, rate / wanted).await?;
                run.fit(&kind, |fit| fit.note(rate, &step));
            }
        }
        let sent = self.fitting(run, asked);
        let rates: Vec<_> =
            sent.iter().map(|(name, rate)| format!("{} through {name}", rounded(*rate))).collect();
        run.sink.emit(Event::LoadChosen {
            scenario: self.id,
            load: format!("{} requests per second", rates.join(", ")),
            why: run.fit(&kind, |fit| fit.why(wanted)),
            short: self.total(&sent) < wanted * 0.99,
        });
        Ok(())
    }

    /// One request at a time, through the first client.
    async fn alone(&self, run: &Run) -> Result<Step> {
        let Some((name, load)) = self.loads.iter().find(|(_, load)| load.is_open()) else {
            return Ok(Step::default());
        };
        let sent = Sent { rate: 1.0, ..Sent::default() };
        let spec = load.spec(&run.application, name, ALONE_TIME, sent)?;
        let shape = Shape::Closed { concurrency: 1, requests: Some(ALONE) };
        let duration_ms = u64::try_from(ALONE_TIME.as_millis()).ok();
        self.try_out(run, [(name.clone(), StreamSpec { shape, duration_ms, ..spec })].into()).await
    }

    /// So much of what is asked for, for a moment.
    async fn rising(&self, run: &Run, asked: &BTreeMap<String, f64>, part: f64) -> Result<Step> {
        let total = self.total(asked) * part;
        let time = STEP.max(Duration::from_secs_f64(STEP_REQUESTS / total));
        let mut specs = BTreeMap::new();
        let open = self.loads.iter().filter(|(_, load)| load.is_open());
        for (at, (name, load)) in open.enumerate() {
            let phase = at as f64 / self.loads.len() as f64;
            let rate = asked.get(name).copied().unwrap_or_default() * part;
            let mut spec =
                load.spec(&run.application, name, time, Sent { rate, phase, seed: 0 })?;
            spec.duration_ms = u64::try_from(time.as_millis()).ok();
            if let Shape::Open { ramp_ms, .. } = &mut spec.shape {
                *ramp_ms = 0;
            }
            specs.insert(name.clone(), spec);
        }
        self.try_out(run, specs).await
    }

    async fn try_out(&self, run: &Run, specs: BTreeMap<String, StreamSpec>) -> Result<Step> {
        let longest = specs.values().filter_map(StreamSpec::duration).max().unwrap_or(STEP);
        let ids = run.agents.send(&run.cluster, specs).await?;
        let mut step = Step::default();
        for report in drain(run.place(), &ids, longest).await?.values() {
            step.tally.add(&report.tally);
            step.conditions.add(&report.conditions);
        }
        Ok(step)
    }
}
