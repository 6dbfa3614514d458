//! When: something is done to a service, or taken back.

use std::time::Instant;

use reports::Phase;

use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::faults;
use crate::faults::{Disturbance, ServiceConfig};
use crate::scenario::state::{QUIET, Scenario};
use crate::units::ServiceName;

impl Scenario {
    /// When: something is done to a service. An earlier disturbance of the same sort is replaced.
    pub async fn disturb(&mut self, service: &ServiceName, disturbance: Disturbance) -> Result<()> {
        self.step(async |this| {
            let subject = this.subject(service)?;
            let key = (subject.namespace.clone(), subject.name.clone());
            let mut configuration = match this.configurations.get(&key) {
                Some(configuration) => configuration.clone(),
                None => ServiceConfig::new(subject),
            };
            configuration.disturb(&disturbance)?;
            let earlier = this.configurations.get(&key).map(ServiceConfig::objects);
            let objects = configuration.objects();
            this.make_sense(&objects)?;
            this.forget_evidence();
            if let Some(run) = this.run.clone() {
                let labelled = this.labelled(&objects);
                this.write(&run, &labelled).await?;
                let longest_delay = faults::longest_delay(&earlier.unwrap_or_default());
                run.quiet_not_before(Instant::now() + longest_delay + QUIET);
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
            let taken = this.take_back(&run, |subject| gone.iter().any(|one| one == subject)).await;
            run.quiet_not_before(Instant::now() + faults::longest_delay(&earlier) + QUIET);
            taken.into_result("withdrawing a configuration")
        })
        .await
    }
}
