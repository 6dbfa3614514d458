//! Rules about one field, whatever the object. Pure.

use serde_json::{Map, Value};

use super::request::Request;
use crate::store::{Refusal, meta};

/// Sets a field that is missing or null.
pub(super) fn set_default(fields: &mut Map<String, Value>, field: &str, value: Value) {
    if fields.get(field).is_none_or(Value::is_null) {
        fields.insert(field.to_owned(), value);
    }
}

/// Refuses numbers below zero in these fields of the spec.
pub(super) fn not_negative(
    request: &Request<'_>,
    object: &Value,
    fields: &[&str],
) -> Result<(), Refusal> {
    for field in fields {
        if let Some(number) = meta::number(object, &format!("/spec/{field}"))
            && number < 0
        {
            let cause = format!("Invalid value: {number}: must be greater than or equal to 0");
            return Err(request.invalid(object, &format!("spec.{field}"), &cause));
        }
    }
    Ok(())
}

/// Refuses a change of a field of the spec.
pub(super) fn immutable(request: &Request<'_>, object: &Value, field: &str) -> Result<(), Refusal> {
    let Some(stored) = request.stored else { return Ok(()) };
    if stored["spec"][field] == object["spec"][field] {
        return Ok(());
    }
    let cause = format!("Invalid value: {}: field is immutable", object["spec"][field]);
    Err(request.invalid(object, &format!("spec.{field}"), &cause))
}
