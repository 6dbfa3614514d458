//! Istio's objects: what istiod's webhook and the CRDs' schemas would say. Pure.

use serde_json::Value;

use super::request::Request;
use crate::store::Refusal;

/// The object without what a schema prunes.
pub(super) fn admit(request: &Request<'_>, object: &Value) -> Result<Value, Refusal> {
    let stored_is_same = request.stored.is_some_and(|stored| stored["spec"] == object["spec"]);
    if stored_is_same {
        // Labels, annotations and finalizers can always be changed: an object must stay
        // deletable even if the rules have become stricter.
        return Ok(object.clone());
    }
    // Who refuses it, the schema or the webhook, is part of what it says.
    let admitted = istio::admit(request.kind.kind, object, request.strict);
    let (object, _warnings) = admitted.map_err(Refusal::bad_request)?;
    Ok(object)
}
