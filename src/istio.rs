//! Istio's resources: types, rules and what a validating webhook would say. Pure.

use serde_json::Value;

/// What istiod's webhook and the CRDs' schemas say about an object: the object to be stored
/// (without unknown fields, unless `strict`) with warnings, or why it is refused.
pub fn admit(_kind: &str, object: &Value, _strict: bool) -> Result<(Value, Vec<String>), String> {
    Ok((object.clone(), Vec::new()))
}
