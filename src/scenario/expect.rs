//! Then: load is sent until a claim is decided, and what is claimed under a configuration counts
//! only if the proxies show that the configuration took effect.

use std::collections::BTreeMap;
use std::time::Duration;

use reports::{Event, Phase, ScenarioId};

use crate::error::{Error, Result};
use crate::evidence::{
    Claim, ClaimVerdict, Evidence, Expectation, Load, Observer, Progress, Property, Setup, Shown,
    Unit, first_chunk, next_chunk, rounded, shown,
};
use crate::faults;
use crate::scenario::options::Patience;
use crate::scenario::run::Run;
use crate::scenario::state::Scenario;
use crate::units::Span;
use crate::verdict::{Confidence, Decision};

/// Everything that is known when a claim is looked at.
pub(crate) struct Look {
    pub(crate) judged: Vec<ClaimVerdict>,
    pub(crate) proof: Shown,
    /// How many trials there are of what is open, and how many it is likely to need.
    open: Vec<(u64, u64)>,
}

impl Scenario {
    /// Then: load is sent until the claim is decided, and it must be met.
    pub async fn expect(&mut self, claim: &Claim) -> Result<()> {
        self.step(async |this| {
            claim.check(&this.application)?;
            this.loaded(claim)?;
            this.enter(Phase::Observe, claim.to_string())?;
            let Some(run) = this.run.clone() else {
                this.plan.note(claim);
                return this.decidable(claim);
            };
            if this.evidence.is_none() {
                this.expected = this.plan.next();
            }
            if this.expected.is_empty() {
                this.expected.push(claim.clone());
            }
            let loads = this.loads.clone();
            let (scenario, sink) = (this.id, run.sink.clone());
            let on_progress = move |progress| sink.emit(loading(scenario, progress));
            let setup = Setup {
                place: run.place(),
                room: &run.room,
                quiet_from: run.quiet_from(),
                on_progress: &on_progress,
                loads: &loads,
                amplified: faults::amplified(&this.objects()),
                bursty: faults::burst(&this.objects()) > 1,
                timed: this.expected.iter().any(Claim::is_timed_by_proxies),
            };
            let mut evidence = match this.evidence.take() {
                Some(evidence) => evidence,
                None => Evidence::begin(&setup).await?,
            };
            loop {
                let look = this.look(&run, claim, &evidence)?;
                if evidence.is_empty() || this.wants_more(&run, &look, &evidence) {
                    this.observe(&run, &setup, claim, &look, &mut evidence).await?;
                    continue;
                }
                let told = this.tell(&run, claim, look);
                this.evidence = Some(evidence);
                return told;
            }
        })
        .await
    }

    /// Whether a load with a number of its own can bring what the claim is likely to need at least,
    /// in the time that it is given.
    fn decidable(&self, claim: &Claim) -> Result<()> {
        let Some(Patience { confidence, max_load_time }) = self.patience else { return Ok(()) };
        // A proxy may see requests that are not the load's.
        let by_client = matches!(
            claim,
            Claim::Share(Expectation {
                observer: Observer::EachClient | Observer::AllClients | Observer::Client(_),
                ..
            })
        );
        if !by_client {
            return Ok(());
        }
        let needed = claim.effort(faults::burst(&self.objects()), confidence);
        let asked = self.asked(std::slice::from_ref(claim), confidence);
        let per_second = Self::per_second(claim, &asked);
        let given = max_load_time.duration();
        let takes =
            Duration::try_from_secs_f64(needed as f64 / per_second).unwrap_or(Duration::MAX);
        // A load that says how long it lasts brings what it brings.
        if self.lasting().is_some() || takes <= given {
            return Ok(());
        }
        let (takes, given) = (takes.as_secs_f64().ceil(), given.as_secs_f64());
        let cause = format!(
            "it needs about {needed} requests of each observer, which take {takes:.0} s at \
             {}/s; it is given {given:.0} s",
            rounded(per_second),
        );
        let enough = rounded((per_second * takes / given).ceil());
        let doing = format!("planning the load for the claim that {claim}");
        Err(Error::feature(doing, cause).hint(format!(
            "send {enough}/s or more, or say --max-load-time {takes:.0}s; without a number the \
             rate is chosen"
        )))
    }

    /// What the evidence so far says of a claim, and of the configuration under which it was seen.
    fn look(&mut self, run: &Run, claim: &Claim, evidence: &Evidence) -> Result<Look> {
        let confidence = run.options.confidence;
        let burst = faults::burst(&self.objects());
        let mut judged = claim.judge(&run.application, evidence, burst, confidence)?;
        if claim.is_of_proxies()
            && let Some(uncertainty) = run.source.uncertainty()
        {
            for one in &mut judged {
                one.numbers = format!("{}; {uncertainty}", one.numbers);
            }
        }
        let proofs = faults::proofs(&self.objects());
        let proof = shown(&proofs, &evidence.all(), &mut self.proven, confidence);
        let undecided = judged.iter().filter(|one| one.decision == Decision::Undecided);
        let open = undecided.map(|one| one.trials).chain(proof.open).collect();
        Ok(Look { judged, proof, open })
    }

    fn wants_more(&self, run: &Run, look: &Look, evidence: &Evidence) -> bool {
        let violated = look.judged.iter().any(|one| one.decision == Decision::Violated);
        let time_left =
            self.lasting().is_none() && evidence.load_time < run.options.max_load_time.duration();
        !look.open.is_empty() && !violated && time_left
    }

    /// Sends one more piece of load: as long as what is open is likely to need, at the rate that
    /// fits. After a piece in which the machine was starved it is less, and alone.
    async fn observe(
        &mut self,
        run: &Run,
        setup: &Setup<'_>,
        claim: &Claim,
        look: &Look,
        evidence: &mut Evidence,
    ) -> Result<()> {
        let confidence = run.options.confidence;
        let mut asked = self.asked(&self.expected, confidence);
        // What was seen may foretell that more is needed than a true claim would.
        if let Some(more) =
            look.open.iter().map(|(seen, needed)| needed.saturating_sub(*seen)).max()
        {
            self.ask_for(more, &mut asked);
        }
        let starved = evidence.just_starved(claim.property());
        let kind = self.kind_of_load();
        if let Some(what) = &starved {
            run.sink.emit(Event::Starved { scenario: self.id, what: what.clone() });
            run.fit(&kind, |fit| fit.ease(evidence.last_rate()));
        } else if !evidence.is_empty() {
            run.fit(&kind, |fit| fit.recover(evidence.last_rate()));
        }
        let rates = self.fitting(run, &asked);
        let chunk = self.chunk(look, evidence, &rates, confidence);
        evidence.extend(setup, chunk, &rates, starved.is_some()).await
    }

    /// As long as what is claimed is likely to need. With a delay in the mesh, every further piece
    /// would wait for it again.
    fn chunk(
        &self,
        look: &Look,
        evidence: &Evidence,
        rates: &BTreeMap<String, f64>,
        confidence: Confidence,
    ) -> Duration {
        if let Some(lasting) = self.lasting() {
            return lasting;
        }
        let burst = faults::burst(&self.objects());
        let first = |claim: &Claim| {
            let effort = claim.effort(burst, confidence);
            let effort = match claim.unit() {
                // How many of them a request brings, or others bring, the first ones tell.
                _ if claim.is_about_others() => 1,
                Unit::Connections | Unit::Bytes => effort / 3,
                Unit::Requests => effort,
            };
            first_chunk(effort, Self::per_second(claim, rates))
        };
        let faster = match (self.total(rates), evidence.last_rate()) {
            (now, then) if now > 0.0 && then > 0.0 => now / then,
            _ => 1.0,
        };
        let next = |open: &(u64, u64)| next_chunk(*open, evidence.load_time, faster);
        let seen = look.open.iter().filter(|(trials, _)| *trials > 0);
        match seen.map(next).max() {
            Some(next) if !evidence.is_empty() => next,
            _ => self.expected.iter().map(first).max().unwrap_or_default(),
        }
    }

    /// Whether the load is sent that a claim is about.
    fn loaded(&self, claim: &Claim) -> Result<()> {
        let silent = match claim {
            Claim::Share(expectation) => match &expectation.observer {
                Observer::Client(name) => !self.loads.contains_key(name),
                Observer::EachClient | Observer::AllClients | Observer::Proxies { .. } => {
                    self.loads.is_empty()
                }
            },
            Claim::Alike(_) => self.loads.is_empty(),
        };
        if silent {
            return Err(Error::feature("observing the mesh", "no load is sent there")
                .hint("say `Given every client sends 50 requests per second` before"));
        }
        let forgives = |name: &str| self.loads.get(name).is_some_and(Load::forgives);
        if let Claim::Share(Expectation { observer, property: Property::Takes { .. }, .. }) = claim
            && match observer {
                Observer::EachClient | Observer::AllClients => {
                    self.loads.keys().any(|name| forgives(name))
                }
                Observer::Client(name) => forgives(name),
                Observer::Proxies { .. } => false,
            }
        {
            let cause = "with a fixed number of requests at once a slow answer delays the next \
                         request, and the time that it would have waited is not counted";
            return Err(Error::feature("observing a client's latency", cause)
                .hint("send requests per second, or let the proxies look"));
        }
        Ok(())
    }

    /// How long the load lasts, where a sentence has said so: then there is no more of it.
    fn lasting(&self) -> Option<Duration> {
        self.loads.values().filter_map(|load| load.lasting).map(Span::duration).max()
    }

    /// About how many trials each observer of a claim sees per second, for planning.
    fn per_second(claim: &Claim, rates: &BTreeMap<String, f64>) -> f64 {
        let all = rates.values().copied();
        match claim {
            Claim::Share(expectation) => match &expectation.observer {
                Observer::EachClient => all.fold(f64::INFINITY, f64::min),
                Observer::Client(name) => rates.get(name).copied().unwrap_or(1.0),
                Observer::AllClients | Observer::Proxies { .. } => all.sum(),
            },
            Claim::Alike(_) => all.sum(),
        }
    }
}

fn loading(scenario: ScenarioId, progress: Progress) -> Event {
    let Progress { due, sent, done, in_flight, late, unsent, errors, ended } = progress;
    Event::LoadProgress { scenario, due, sent, done, in_flight, late, unsent, ended, errors }
}
