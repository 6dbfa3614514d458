//! Configuration as a feature brings it, for what has no sentence: Istio's own YAML. It is held to
//! the same rules as a sentence's objects, and so is everything together.

use std::time::Instant;

use istio::{Caller, Object, Service, Severity, Surroundings, analyze};
use serde_json::Value;

use super::first::first;
use super::state::{QUIET, Scenario};
use crate::application::Application;
use crate::application::manifest::{Brought, Origin, brought};
use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::evidence::Agents;
use crate::faults;
use crate::faults::{ServiceConfig, Subject};
use crate::safety::labels::label;

/// The group of the objects that a feature may bring.
const GROUP: &str = "networking.istio.io/";

/// What sidecars are told by, and what this version can put back.
const KINDS: [&str; 2] = ["DestinationRule", "VirtualService"];

impl Scenario {
    /// When: Istio objects are applied as they are; one of the same name replaces the earlier one.
    /// `origin` is where the text stands, for whoever has to correct it.
    pub async fn apply(&mut self, yaml: &str, origin: &Origin) -> Result<()> {
        self.step(async |this| {
            let doing = "reading the Istio configuration of the step";
            let Brought { objects, notes } = brought(yaml, doing, origin)?;
            let notes = first(notes);
            // What was not read as it looks is often why it is refused.
            let noted = |error: Error| notes.iter().fold(error, Error::also);
            let objects = istio_objects(&objects).map_err(noted)?;
            this.make_sense(&objects).map_err(noted)?;
            this.warnings.splice(0..0, notes.iter().cloned());
            let earlier = this.objects();
            this.forget_evidence();
            if let Some(run) = this.run.clone() {
                let labelled = this.labelled(&objects);
                this.write(&run, &labelled).await?;
                run.quiet_not_before(Instant::now() + faults::longest_delay(&earlier) + QUIET);
            }
            for object in objects {
                this.raw.retain(|other| !other.replaces(&object));
                this.raw.push(object);
            }
            this.disturbed = true;
            Ok(())
        })
        .await
    }

    /// What of the last configuration may not do what was meant, as Istio would warn of it; told
    /// once.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// The objects of the last step that configured something, for whoever knows what a mesh makes
    /// of them; told once.
    pub fn take_configured(&mut self) -> Vec<Object> {
        std::mem::take(&mut self.configured)
    }

    /// Everything that is configured at the moment, or would be.
    pub(crate) fn objects(&self) -> Vec<Object> {
        let of_sentences = self.configurations.values().flat_map(ServiceConfig::objects);
        of_sentences.chain(self.raw.iter().cloned()).collect()
    }

    /// Objects as they are written: marked as this run's.
    pub(crate) fn labelled(&self, objects: &[Object]) -> Vec<Value> {
        let run = self.run_id();
        let mut values: Vec<_> = objects.iter().map(Object::to_value).collect();
        for value in &mut values {
            label(&mut value["metadata"], &run);
        }
        values
    }

    pub(crate) fn run_id(&self) -> String {
        self.run.as_ref().map(|run| run.id.clone()).unwrap_or_default()
    }

    /// Whether these objects can do what they say, together with everything that is configured;
    /// notes what may not be meant.
    pub(crate) fn make_sense(&mut self, objects: &[Object]) -> Result<()> {
        let mut all = self.objects();
        all.retain(|other| !objects.iter().any(|object| object.replaces(other)));
        all.extend(objects.iter().cloned());
        let (mut wrong, mut doubts) = (Vec::new(), Vec::new());
        for finding in analyze(&all, &surroundings(&self.application)) {
            match finding.severity {
                Severity::Error => wrong.push(finding.to_string()),
                // Of what was configured before, it was said then.
                Severity::Warning => {
                    let own = objects.iter().any(|object| finding.object == object.to_string());
                    doubts.extend(own.then(|| finding.to_string()));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(Error::feature("configuring Istio", first(wrong).join("; ")));
        }
        (self.configured, self.warnings) = (objects.to_vec(), first(doubts));
        Ok(())
    }

    /// Forgets the objects that a step brought for a service; answers which they were.
    pub(crate) fn withdraw_raw(&mut self, subject: &Subject) -> Result<Vec<ObjectRef>> {
        let about = |object: &Object| {
            faults::services(object).iter().any(|service| {
                service.name == subject.name
                    && service.namespace.as_ref() == Some(&subject.namespace)
            })
        };
        let gone = self.raw.iter().filter(|object| about(object));
        let gone = gone.map(|object| ObjectRef::of(&object.to_value())).collect();
        self.raw.retain(|object| !about(object));
        gone
    }
}

/// What is known of the mesh without asking it.
fn surroundings(application: &Application) -> Surroundings {
    let services = application.services.values().map(|service| Service {
        name: service.name.clone(),
        namespace: service.namespace.clone(),
        versions: service.versions.clone(),
    });
    let callers = application.clients.values().map(|client| Caller {
        namespace: client.namespace.clone(),
        labels: Agents::labels(client, "").map(|(key, value)| (key.to_owned(), value)).into(),
    });
    Surroundings { services: services.collect(), callers: callers.collect() }
}

/// The objects typed, in the order in which they are to be written.
fn istio_objects(objects: &[Value]) -> Result<Vec<Object>> {
    objects.iter().try_for_each(admit)?;
    if objects.is_empty() {
        return Err(Error::feature("applying Istio configuration", "there is none"));
    }
    let mut objects = objects.iter().map(read).collect::<Result<Vec<_>>>()?;
    // Destination rules first: a route must never name a subset that nobody knows.
    objects.sort_by_key(|object| KINDS.iter().position(|kind| object.kind() == *kind));
    Ok(objects)
}

/// The object typed. Of one that does not fit its types an API server's words say more: which field
/// it is, and what is expected there.
fn read(object: &Value) -> Result<Object> {
    Object::parse(object).or_else(|cause| {
        let name = ObjectRef::of(object)?;
        let said = istio::admit(&name.kind, object, true).err().unwrap_or(cause);
        Err(Error::feature("configuring Istio", format!("{name}: {said}")))
    })
}

/// Refuses what is no object of Istio's that this version can put back.
fn admit(object: &Value) -> Result<()> {
    let name = ObjectRef::of(object)?;
    let refuse = |cause: String| Err(Error::feature(format!("applying {name}"), cause));
    if !name.api_version.starts_with(GROUP) || !KINDS.contains(&name.kind.as_str()) {
        return refuse(format!("only {} can be applied", KINDS.join(" and ")));
    }
    if name.namespace.is_empty() {
        return refuse("it names no namespace".to_owned());
    }
    Ok(())
}
