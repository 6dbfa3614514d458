//! What a strategic merge patch can say beside a field's value. Pure.

use serde_json::{Map, Value};

use crate::store::Refusal;

/// The order of a list; the field's name follows.
pub(super) const ORDER: &str = "$setElementOrder/";

/// What is taken out of a set; the field's name follows.
pub(super) const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// The only keys of a map that stay.
pub(super) const RETAIN: &str = "$retainKeys";

/// Whether a map is merged, replaced or deleted.
pub(super) const DIRECTIVE: &str = "$patch";

/// One level deeper, or the refusal of what nests too deeply.
pub(super) fn deeper(depth: usize) -> Result<usize, Refusal> {
    depth.checked_sub(1).ok_or_else(|| Refusal::bad_request("the patch nests too deeply"))
}

/// What is new in an object must not carry the patch's own words.
pub(super) fn strip_directives(map: &mut Map<String, Value>, depth: usize) -> Result<(), Refusal> {
    let depth = deeper(depth)?;
    map.retain(|key, value| !key.starts_with('$') && !value.is_null());
    for value in map.values_mut() {
        match value {
            Value::Object(inner) => strip_directives(inner, depth)?,
            Value::Array(items) => {
                for item in items {
                    if let Value::Object(inner) = item {
                        strip_directives(inner, depth)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}
