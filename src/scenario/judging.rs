//! Observing and judging: load is sent until a claim is decided, and what is claimed under a
//! configuration counts only if the proxies show that the configuration took effect.

use std::collections::BTreeSet;
use std::time::Duration;

use reports::{Event, Outcome, Phase};

use super::Scenario;
use super::count::Judgement;
use super::evidence::{Evidence, Situation, first_chunk, next_chunk};
use super::expectation::{Claim, Expectation, Observer, Property};
use super::load::Load;
use super::run::Run;
use crate::error::{Error, Result};
use crate::faults::{self, Proof, Sign};
use crate::telemetry::{Filter, Reporter};
use crate::units::Span;
use crate::verdict::{Confidence, Decision};

/// What proves a configuration, and what is missing.
#[derive(Debug, Default)]
struct Shown {
    shown: Vec<String>,
    missing: Option<String>,
}

// === impl Scenario ===

impl Scenario {
    /// Then: load is sent until the claim is decided, and it must be met.
    pub async fn expect(&mut self, claim: &Claim) -> Result<()> {
        self.step(async |this| {
            claim.check(&this.application)?;
            this.loaded(claim)?;
            this.enter(Phase::Observe, claim.to_string())?;
            let Some(run) = this.run.clone() else {
                this.outlook.note(claim);
                return Ok(());
            };
            let loads = this.loads.clone();
            let situation = Situation {
                run: &run,
                scenario: this.id,
                loads: &loads,
                multiplied: faults::multiplied(&this.objects()),
            };
            let mut evidence = match this.evidence.take() {
                Some(evidence) => evidence,
                None => {
                    let mut claims = this.outlook.next();
                    if claims.is_empty() {
                        claims.push(claim.clone());
                    }
                    let chunk = this.first_chunk(&claims, run.options.confidence);
                    Evidence::gather(&situation, chunk).await?
                }
            };
            loop {
                let confidence = run.options.confidence;
                let judged = claim.judge(&run.application, &evidence, confidence)?;
                let undecided = judged.iter().filter(|j| j.decision == Decision::Undecided);
                let chunk = undecided.map(|j| next_chunk(j.trials, evidence.load_time)).max();
                let violated = judged.iter().any(|j| j.decision == Decision::Violated);
                let time_left = this.lasting().is_none()
                    && evidence.load_time < run.options.max_load_time.duration();
                match chunk {
                    Some(chunk) if !violated && time_left => {
                        evidence.extend(&situation, chunk).await?;
                    }
                    _ => {
                        let told = this.tell(&run, claim, &judged, &evidence);
                        this.evidence = Some(evidence);
                        return told;
                    }
                }
            }
        })
        .await
    }

    /// Whether the load is sent that a claim is about.
    fn loaded(&self, claim: &Claim) -> Result<()> {
        let silent = match claim {
            Claim::Share(expectation) => match &expectation.observer {
                Observer::Portal(name) => !self.loads.contains_key(name),
                Observer::EveryPortal | Observer::Portals | Observer::Proxies { .. } => {
                    self.loads.is_empty()
                }
            },
            Claim::Alike(_) => self.loads.is_empty(),
        };
        if silent {
            return Err(Error::feature("observing the mesh", "no load is sent there")
                .hint("say `Given every portal sends 50 requests per second` before"));
        }
        let forgives = |name: &str| self.loads.get(name).is_some_and(Load::forgives);
        if let Claim::Share(Expectation { observer, property: Property::Takes { .. }, .. }) = claim
            && match observer {
                Observer::EveryPortal | Observer::Portals => {
                    self.loads.keys().any(|name| forgives(name))
                }
                Observer::Portal(name) => forgives(name),
                Observer::Proxies { .. } => false,
            }
        {
            let cause = "with a fixed number of requests at once a slow answer delays the next \
                         request, and the time that it would have waited is not counted";
            return Err(Error::feature("observing a portal's latency", cause)
                .hint("send requests per second, or let the proxies look"));
        }
        Ok(())
    }

    /// As long as the claims are likely to need. With a delay in the mesh, a second chunk would
    /// wait for it again.
    fn first_chunk(&self, claims: &[Claim], confidence: Confidence) -> Duration {
        if let Some(lasting) = self.lasting() {
            return lasting;
        }
        let chunk = |claim: &Claim| first_chunk(claim.effort(confidence), self.per_second(claim));
        claims.iter().map(chunk).max().unwrap_or_default()
    }

    /// How long the load lasts, where a sentence has said so: then there is no more of it.
    fn lasting(&self) -> Option<Duration> {
        self.loads.values().filter_map(|load| load.lasting).map(Span::duration).max()
    }

    /// About how many trials each observer of a claim sees per second, for planning.
    fn per_second(&self, claim: &Claim) -> f64 {
        let rates = self.loads.values().map(Load::per_second);
        match claim {
            Claim::Share(expectation) => match &expectation.observer {
                Observer::EveryPortal => rates.fold(f64::INFINITY, f64::min),
                Observer::Portal(name) => self.loads.get(name).map_or(1.0, Load::per_second),
                Observer::Portals | Observer::Proxies { .. } => rates.sum(),
            },
            Claim::Alike(_) => rates.sum(),
        }
    }

    /// Tells every observer's verdict and sums them up: one violation is a failure, one undecided
    /// claim is inconclusive, and without proof of the disturbance a pass is vacuous.
    fn tell(
        &mut self,
        run: &Run,
        claim: &Claim,
        judged: &[Judgement],
        evidence: &Evidence,
    ) -> Result<()> {
        let Shown { shown, missing } = self.proof(evidence);
        let proof = (!shown.is_empty()).then(|| shown.join(", "));
        let mut worst = Outcome::Passed;
        let mut numbers = Vec::new();
        for Judgement { who, decision, numbers: text, .. } in judged {
            let outcome = match decision {
                // Withheld on purpose, a change has no proof: that is no news.
                Decision::Met if missing.is_some() && run.options.placebo => Outcome::Failed,
                Decision::Met if missing.is_some() => Outcome::Vacuous,
                Decision::Met => Outcome::Passed,
                Decision::Undecided => Outcome::Inconclusive,
                Decision::Violated => Outcome::Failed,
            };
            run.sink.tell(Event::Judged {
                scenario: self.id,
                outcome,
                claim: claim.to_string(),
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

    /// What proves that everything that is configured took effect, and the first proof that is
    /// missing.
    fn proof(&mut self, evidence: &Evidence) -> Shown {
        let mut shown = Shown::default();
        for proof in faults::proofs(&self.objects()) {
            let (count, what) = Self::count(&proof, evidence);
            if count > 0 {
                shown.shown.push(format!("{count} {what}"));
                self.proven.insert(proof);
            } else if !(proof.sign.of_a_limit() && self.proven.contains(&proof)) {
                shown.missing.get_or_insert(format!("no {what}"));
            }
        }
        shown
    }

    fn count(proof: &Proof, evidence: &Evidence) -> (u64, String) {
        let Proof { service, sign } = proof;
        let source = Filter::of(Reporter::Source, service);
        let destination = Filter::of(Reporter::Destination, service);
        let window = &evidence.window;
        let arrived = |version: &str| window.requests(&destination).to_version(version);
        let name = &service.name;
        match sign {
            Sign::Flag(flag) => {
                let count = window.requests(&source).with_flag(flag);
                (count, format!("requests to {name} carry flag {flag}"))
            }
            Sign::Reached(version) => {
                let connections = window.tcp(&destination).opened_to_version(version);
                (arrived(version) + connections, format!("requests reached {name} {version}"))
            }
            Sign::Copied(version) => {
                let sent = window.requests(&source).to_version(version);
                let copies = arrived(version).saturating_sub(sent);
                (copies, format!("requests were copied to {name} {version}"))
            }
            Sign::Repeated => {
                let with_host = |filter: &Filter| {
                    let requests = window.requests(filter);
                    requests.total() - requests.to_workload("unknown")
                };
                let again = with_host(&destination).saturating_sub(with_host(&source));
                (again, format!("requests to {name} were tried again"))
            }
        }
    }
}

/// Proofs that were shown at least once in a scenario.
pub(super) type Proven = BTreeSet<Proof>;
