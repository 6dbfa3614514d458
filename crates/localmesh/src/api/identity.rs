//! Which object a body is: that of its URL, in the version the caller speaks. Pure.

use serde_json::{Value, json};

use super::path::Target;
use crate::store::{self, Refusal};

/// An object that says it is something else than its URL is refused.
pub(super) fn check_identity(target: &Target, object: &Value) -> Result<(), Refusal> {
    let expected = target.api_version();
    match object["apiVersion"].as_str() {
        Some(given) if given != expected => {
            return Err(Refusal::bad_request(format!(
                "the API version in the data ({given}) does not match the expected API version \
                 ({expected})"
            )));
        }
        _ => {}
    }
    match object["kind"].as_str() {
        Some(given) if given != target.kind.kind => {
            return Err(Refusal::bad_request(format!(
                "{} in version \"{}\" cannot be handled as a {given}: kind in the data does not \
                 match the URL",
                target.kind.kind, target.version,
            )));
        }
        _ => {}
    }
    let text = |field: &str| object["metadata"][field].as_str().filter(|text| !text.is_empty());
    if let (Some(given), Some(name)) = (text("name"), target.name.as_deref())
        && given != name
    {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    if let (Some(given), Some(namespace)) = (text("namespace"), target.namespace.as_deref())
        && given != namespace
    {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// All versions of a kind are stored as the preferred one.
pub(super) fn as_stored(target: &Target, mut object: Value) -> Value {
    object["apiVersion"] = json!(store::api_version(target.kind));
    object["kind"] = json!(target.kind.kind);
    object
}
