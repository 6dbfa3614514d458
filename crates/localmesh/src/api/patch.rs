//! The three kinds of patch, applied to an object: JSON patch (RFC 6902), merge patch (RFC 7386)
//! and Kubernetes' strategic merge patch. Pure.

use serde_json::Value;

use super::strategic;
use crate::kinds::Kind;
use crate::store::Refusal;

/// A patch as it was sent.
#[derive(Debug)]
pub(super) enum Patch {
    /// `application/json-patch+json`
    Json(json_patch::Patch),
    /// `application/merge-patch+json`
    Merge(Value),
    /// `application/strategic-merge-patch+json`
    Strategic(Value),
}

/// More operations than the API server accepts in one JSON patch
/// (`maxJSONPatchOperations` in apiserver's `patch.go`).
const OPERATIONS_MAX: usize = 10_000;

// === impl Patch ===

impl Patch {
    /// From a body and its content type.
    pub(super) fn parse(kind: &Kind, content_type: &str, body: &[u8]) -> Result<Self, Refusal> {
        let unreadable =
            |e: serde_json::Error| Refusal::bad_request(format!("error decoding patch: {e}"));
        match content_type {
            "application/json-patch+json" => {
                let patch: json_patch::Patch = serde_json::from_slice(body).map_err(unreadable)?;
                if patch.0.len() > OPERATIONS_MAX {
                    return Err(Refusal::new(
                        413,
                        "RequestEntityTooLarge",
                        format!("at most {OPERATIONS_MAX} operations are allowed in a JSON patch"),
                    ));
                }
                Ok(Self::Json(patch))
            }
            "application/merge-patch+json" => Ok(Self::Merge(map(body, unreadable)?)),
            // A custom resource has no strategic merge: a real server says the same.
            "application/strategic-merge-patch+json" if !kind.group.contains("istio.io") => {
                Ok(Self::Strategic(map(body, unreadable)?))
            }
            "application/apply-patch+yaml" | "application/apply-patch+cbor" => Err(Refusal::new(
                415,
                "UnsupportedMediaType",
                "server-side apply is not supported by Faultless's local mesh; \
                 use kubectl apply without --server-side",
            )),
            other => Err(Refusal::new(
                415,
                "UnsupportedMediaType",
                format!(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json-patch+json, application/merge-patch+json{} \
                     (got \"{other}\")",
                    if kind.group.contains("istio.io") {
                        ""
                    } else {
                        ", application/strategic-merge-patch+json"
                    },
                ),
            )),
        }
    }

    /// The object after the patch.
    pub(super) fn apply(&self, object: &Value) -> Result<Value, Refusal> {
        let mut patched = object.clone();
        match self {
            Self::Json(patch) => json_patch::patch(&mut patched, patch).map_err(|e| {
                Refusal::new(
                    422,
                    "Invalid",
                    format!("the server rejected our request due to an error in our request: {e}"),
                )
            })?,
            Self::Merge(patch) => json_patch::merge(&mut patched, patch),
            Self::Strategic(patch) => strategic::merge(&mut patched, patch)?,
        }
        if patched.is_object() {
            Ok(patched)
        } else {
            Err(Refusal::bad_request("a patch must leave an object"))
        }
    }
}

fn map(
    body: &[u8],
    unreadable: impl FnOnce(serde_json::Error) -> Refusal,
) -> Result<Value, Refusal> {
    let patch: Value = serde_json::from_slice(body).map_err(unreadable)?;
    if patch.is_object() {
        Ok(patch)
    } else {
        Err(Refusal::bad_request("a patch must be a JSON object"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kinds;

    #[test]
    fn a_failed_test_is_a_422() {
        let body = br#"[{"op":"test","path":"/metadata/uid","value":"a"}]"#;
        let patch = Patch::parse(&kinds::POD, "application/json-patch+json", body).unwrap();
        let object = json!({"metadata": {"uid": "b"}});
        assert_eq!(patch.apply(&object).unwrap_err().code, 422);
        assert_eq!(
            patch.apply(&json!({"metadata": {"uid": "a"}})).unwrap()["metadata"]["uid"],
            "a"
        );
    }

    #[test]
    fn merge_replaces_lists_and_removes_nulls() {
        let body = br#"{"spec":{"http":[1],"gone":null}}"#;
        let patch =
            Patch::parse(&kinds::VIRTUAL_SERVICE, "application/merge-patch+json", body).unwrap();
        let object = json!({"spec": {"http": [1, 2], "gone": 1, "kept": 1}});
        assert_eq!(patch.apply(&object).unwrap(), json!({"spec": {"http": [1], "kept": 1}}));
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let strategic = "application/strategic-merge-patch+json";
        let refused = Patch::parse(&kinds::VIRTUAL_SERVICE, strategic, b"{}").unwrap_err();
        assert_eq!((refused.code, refused.reason), (415, "UnsupportedMediaType"));
        let refused = Patch::parse(&kinds::POD, "application/apply-patch+yaml", b"").unwrap_err();
        assert!(refused.message.contains("without --server-side"), "{refused}");
        assert_eq!(Patch::parse(&kinds::POD, strategic, b"[]").unwrap_err().code, 400);
        assert_eq!(Patch::parse(&kinds::POD, strategic, b"{").unwrap_err().code, 400);
    }
}
