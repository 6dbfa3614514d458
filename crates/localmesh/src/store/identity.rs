//! A changed object has to be the same object, at the version that is stored. Pure.

use serde_json::Value;

use super::meta;
use super::metadata::check_metadata;
use super::refusal::Refusal;
use crate::kinds::Kind;

/// Refuses a change of what says which object it is.
pub(super) fn check_identity(kind: &Kind, stored: &Value, changed: &Value) -> Result<(), Refusal> {
    if !changed.is_object() {
        return Err(Refusal::bad_request("the object is not a JSON object"));
    }
    let name = meta::name(stored);
    for (field, mine) in [("name", name), ("namespace", meta::namespace(stored))] {
        let theirs = meta::text(changed, &format!("/metadata/{field}"));
        if !theirs.is_empty() && theirs != mine {
            return Err(Refusal::bad_request(format!(
                "the {field} of the object ({theirs}) does not match the {field} on the URL \
                 ({mine})"
            )));
        }
    }
    let uid = meta::uid(changed);
    if !uid.is_empty() && uid != meta::uid(stored) {
        return Err(uid_conflict(kind, stored, uid));
    }
    let version = meta::text(changed, "/metadata/resourceVersion");
    if !version.is_empty() && version != meta::text(stored, "/metadata/resourceVersion") {
        return Err(Refusal::stale(kind, name));
    }
    check_metadata(kind, name, changed)
}

/// 409: the object of this name is another one.
pub(super) fn uid_conflict(kind: &Kind, stored: &Value, wanted: &str) -> Refusal {
    let cause = format!(
        "Precondition failed: UID in precondition: {wanted}, UID in object meta: {}",
        meta::uid(stored)
    );
    Refusal::conflict(kind, meta::name(stored), cause)
}
