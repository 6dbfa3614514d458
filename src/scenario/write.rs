//! The changes of a scenario: written behind barriers, counted, and told.

use std::time::Instant;

use reports::{Event, Phase};
use serde_json::Value;

use super::first::first;
use super::state::{QUIET, Scenario};
use crate::cluster::{Converged, ObjectRef, Proof};
use crate::error::Result;
use crate::safety::{Applied, Baseline, BlastRadius, Scope};
use crate::scenario::run::Run;

impl Scenario {
    /// Writes objects in order, each behind a barrier: a VirtualService must never name subsets
    /// that a proxy does not know yet.
    pub(crate) async fn write(&mut self, run: &Run, objects: &[Value]) -> Result<()> {
        let names: Vec<_> = objects.iter().map(ObjectRef::of).collect::<Result<_>>()?;
        let list = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        self.enter(Phase::Disturb, list.join(", "))?;
        let (mut proxies, mut converged_ms, mut told) = (0, 0, Vec::new());
        let mut proofs = Vec::new();
        if run.options.placebo {
            told = list.iter().map(|name| format!("{name} (withheld)")).collect();
        } else {
            self.remember(run).await?;
            for object in objects {
                let written = run.applier.configure(self.scope(), object).await?;
                let Applied { name, before, how, doubts } = written;
                // What was there may be why it does not do what was meant.
                self.warnings.extend(first(doubts));
                if let Some(before) = before {
                    self.tell_phase(Phase::Converge, name.to_string());
                    let converged = run.cluster.converged(&before).await?;
                    proxies = converged.proxies;
                    proofs.push(converged.proof);
                    let took = u64::try_from(converged.took.as_millis()).unwrap_or(u64::MAX);
                    converged_ms = converged_ms.max(took);
                }
                told.push(format!("{name} ({how})"));
            }
        }
        let (scenario, objects, warnings) = (self.id, told, self.take_warnings());
        let proof = weakest(proofs);
        let disturbed =
            Event::Disturbed { scenario, objects, proxies, converged_ms, proof, warnings };
        run.sink.emit(disturbed);
        Ok(())
    }

    /// Looks at what is there before the first change, whatever that is.
    pub(crate) async fn remember(&mut self, run: &Run) -> Result<()> {
        if self.before.is_none() {
            let radius = BlastRadius::of(&run.application)?;
            self.before = Some(Baseline::of(&run.cluster, &radius, &run.id).await?);
        }
        Ok(())
    }

    pub(crate) const fn scope(&self) -> Scope {
        Scope::Scenario(self.id.0)
    }

    /// Tells what else than Istio's objects was changed, and what proxies know of it, if they must.
    pub(crate) fn disturbed_by(&self, run: &Run, objects: Vec<String>, known: Option<Converged>) {
        let (scenario, warnings) = (self.id, Vec::new());
        let took = known.map(|known| known.took).unwrap_or_default();
        let converged_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let proxies = known.map_or(0, |known| known.proxies);
        let proof = known.map(|known| known.proof.to_string()).unwrap_or_default();
        let disturbed =
            Event::Disturbed { scenario, objects, proxies, converged_ms, proof, warnings };
        run.sink.emit(disturbed);
        run.quiet_not_before(Instant::now() + QUIET);
    }
}

/// How it was seen of all changes together that the proxies know them; empty if there was nothing
/// to know.
fn weakest(proofs: Vec<Proof>) -> String {
    proofs.into_iter().min().map(|proof| proof.to_string()).unwrap_or_default()
}
