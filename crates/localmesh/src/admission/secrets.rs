//! Secrets: texts are encoded, and some may not change. Pure.

use serde_json::{Value, json};

use super::request::Request;
use crate::store::{Refusal, meta};

pub(super) fn admit(request: &Request<'_>, object: &mut Value) -> Result<(), Refusal> {
    let texts = object.as_object_mut().and_then(|fields| fields.shift_remove("stringData"));
    if let Some(Value::Object(texts)) = texts {
        for (key, text) in texts {
            let bytes = text.as_str().unwrap_or_default().as_bytes().to_vec();
            let encoded = json!(k8s_openapi::ByteString(bytes));
            meta::child(object, "data").insert(key, encoded);
        }
    }
    if meta::text(object, "/type").is_empty() {
        object["type"] = json!("Opaque");
    }
    if let Some(stored) = request.stored
        && stored["immutable"] == json!(true)
        && stored["data"] != object["data"]
    {
        let cause = "Forbidden: field is immutable when `immutable` is set";
        return Err(request.invalid(object, "data", cause));
    }
    Ok(())
}
