//! The changes of a scenario: written behind barriers, counted, and told.

use std::time::Instant;

use reports::{Event, Phase};
use serde_json::Value;

use super::state::{QUIET, Scenario};
use crate::cluster::ObjectRef;
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
        if run.options.placebo {
            told = list.iter().map(|name| format!("{name} (withheld)")).collect();
        } else {
            self.remember(run).await?;
            for object in objects {
                let written = run.applier.configure(self.scope(), object).await?;
                let Applied { name, version, how } = written;
                if let Some(version) = version {
                    self.tell_phase(Phase::Converge, name.to_string());
                    let converged = run.cluster.converged(&version, &[name.to_string()]).await?;
                    proxies = converged.proxies;
                    let took = u64::try_from(converged.took.as_millis()).unwrap_or(u64::MAX);
                    converged_ms = converged_ms.max(took);
                }
                told.push(format!("{name} ({how})"));
            }
        }
        let (scenario, objects, warnings) = (self.id, told, self.take_warnings());
        run.sink.emit(Event::Disturbed { scenario, objects, proxies, converged_ms, warnings });
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

    /// Tells what else than Istio's objects was changed, and how many proxies know it after how
    /// many milliseconds.
    pub(crate) fn disturbed_by(
        &self,
        run: &Run,
        objects: Vec<String>,
        (proxies, converged_ms): (u32, u64),
    ) {
        let (scenario, warnings) = (self.id, Vec::new());
        run.sink.emit(Event::Disturbed { scenario, objects, proxies, converged_ms, warnings });
        run.quiet_not_before(Instant::now() + QUIET);
    }
}
