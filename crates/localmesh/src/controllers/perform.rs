//! Carries out one action of a plan.

use serde_json::Value;

use super::plan::Action;
use super::read::kind_of;
use crate::kinds;
use crate::registry::{Registry, WriteMode};
use crate::store::{Part, Preconditions, Refusal, meta};

pub(super) fn perform(registry: &Registry, action: &Action) -> Result<(), Refusal> {
    let mode = WriteMode::default();
    match action {
        Action::Create { kind, object } => registry.create(kind, object.clone(), mode).map(|_| ()),
        Action::CreatePod { owner, pod, component } => {
            let created = registry.create(&kinds::POD, pod.clone(), mode);
            let (level, reason, message) = match &created {
                Ok(pod) => {
                    ("Normal", "SuccessfulCreate", format!("Created pod: {}", meta::name(pod)))
                }
                Err(refusal) => ("Warning", "FailedCreate", format!("Error creating: {refusal}")),
            };
            registry.record_event(owner, level, reason, &message, component);
            created.map(|_| ())
        }
        Action::DeletePod { owner, pod, component } => {
            let deleted = delete(registry, pod, &Preconditions::default());
            if deleted.is_ok() {
                let message = format!("Deleted pod: {}", meta::name(pod));
                registry.record_event(owner, "Normal", "SuccessfulDelete", &message, component);
            }
            deleted
        }
        Action::Update { object } => write(registry, object, Part::Spec),
        Action::UpdateStatus { object } => write(registry, object, Part::Status),
        Action::Delete { object, propagation } => {
            let how = Preconditions { propagation: Some(*propagation), ..Preconditions::default() };
            delete(registry, object, &how)
        }
        Action::FinalizeNamespace { namespace } => registry.finalize_namespace(namespace),
        Action::Event { about, level, reason, message, component } => {
            registry.record_event(about, level, reason, message, component);
            Ok(())
        }
    }
}

/// Writes an object that was changed in a plan; its resource version makes it a 409 if anybody
/// wrote it since.
fn write(registry: &Registry, object: &Value, part: Part) -> Result<(), Refusal> {
    let kind = kind_of(object)
        .ok_or_else(|| Refusal::bad_request("a plan names a kind that does not exist"))?;
    let (namespace, name) = (meta::namespace(object), meta::name(object));
    let mode = WriteMode::default();
    registry.modify(kind, namespace, name, part, mode, |_| Ok(object.clone())).map(|_| ())
}

/// Deletes exactly the object that the plan has seen.
fn delete(registry: &Registry, object: &Value, how: &Preconditions) -> Result<(), Refusal> {
    let kind = kind_of(object)
        .ok_or_else(|| Refusal::bad_request("a plan names a kind that does not exist"))?;
    let how = Preconditions { uid: Some(meta::uid(object).to_owned()), ..how.clone() };
    let (namespace, name) = (meta::namespace(object), meta::name(object));
    match registry.delete(kind, namespace, name, &how, WriteMode::default()) {
        // Somebody else was faster.
        Err(refusal) if refusal.code == 404 => Ok(()),
        deleted => deleted.map(|_| ()),
    }
}
