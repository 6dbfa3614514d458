//! The way of an object past everything that may change or refuse it. Pure.

use serde_json::Value;

use super::request::Request;
use super::{istio, jobs, namespaces, pods, roles, secrets, services, types, workloads};
use crate::store::{Refusal, meta};
use crate::{injection, kinds};

/// The object as it is to be stored, or why it is refused.
pub(in super::super) fn admit(request: &Request<'_>, mut object: Value) -> Result<Value, Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    if request.stored.is_none() && request.kind.namespaced {
        namespaces::check(request, &object)?;
    }
    types::check(request.kind, &object)?;
    if request.stored.is_none() && request.kind.subresources.contains(&"status") {
        // Nobody but a controller says how an object is.
        object.as_object_mut().and_then(|fields| fields.shift_remove("status"));
    }
    if request.is(&kinds::NAMESPACE) {
        namespaces::default(request.stored, &mut object);
    } else if request.is(&kinds::SERVICE) {
        services::admit(request, &mut object)?;
    } else if request.is(&kinds::POD) {
        if request.stored.is_none() {
            let labels = namespaces::labels(request, meta::namespace(&object));
            object = injection::inject(object, &labels);
        }
        pods::admit(request, &mut object)?;
    } else if request.is(&kinds::DEPLOYMENT) {
        workloads::admit_deployment(request, &mut object)?;
    } else if request.is(&kinds::REPLICA_SET) {
        workloads::admit_replica_set(request, &mut object)?;
    } else if request.is(&kinds::JOB) {
        jobs::admit(request, &mut object)?;
    } else if request.is(&kinds::SECRET) {
        secrets::admit(request, &mut object)?;
    } else if request.is(&kinds::ROLE) {
        roles::admit_role(request, &object)?;
    } else if request.is(&kinds::ROLE_BINDING) {
        roles::admit_binding(request, &mut object)?;
    } else if request.is(&kinds::VIRTUAL_SERVICE) || request.is(&kinds::DESTINATION_RULE) {
        object = istio::admit(request, &object)?;
    }
    Ok(object)
}
