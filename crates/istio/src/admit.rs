//! What happens to an Istio object on its way into an API server: the CRD's schema (types, unknown
//! fields, oneOf, durations), then what istiod's validating webhook says (`pkg/config/validation`).

use serde_json::Value;

use crate::review::Review;
use crate::schema::{DESTINATION_RULE, Findings, VIRTUAL_SERVICE, walk};
use crate::validate::validate;

/// More mistakes than this in one object are not all told: the answer stays readable.
const MAX_TOLD: usize = 20;

/// Admits a `VirtualService` or `DestinationRule` (`kind`): the object as it is to be stored, and
/// the warnings to hand to the client; or why it is refused. With `strict` an unknown field is a
/// reason to refuse, otherwise it is dropped, as `fieldValidation` says. Objects of other kinds are
/// admitted as they are.
pub fn admit(kind: &str, object: &Value, strict: bool) -> Result<(Value, Vec<String>), String> {
    let mut admitted = object.clone();
    let Some((found, review)) = judge(kind, &mut admitted) else {
        return Ok((admitted, Vec::new()));
    };
    if strict && !found.unknown.is_empty() {
        let each = found.unknown.iter().map(|path| format!("unknown field {path:?}"));
        return Err(format!("strict decoding error: {}", told(each)));
    }
    if !found.invalid.is_empty() {
        return Err(told(found.invalid.into_iter()));
    }
    if !review.errors.is_empty() {
        let errors = told(review.errors.into_iter());
        let webhook = "admission webhook \"validation.istio.io\" denied the request";
        return Err(format!("{webhook}: configuration is invalid: {errors}"));
    }
    let mut warnings: Vec<String> =
        found.unknown.iter().map(|path| format!("unknown field {path:?}")).collect();
    warnings.extend(review.warnings);
    Ok((admitted, warnings))
}

/// What the schema says, after which the object is as it would be stored; and what istiod says of
/// it then, which is asked only of what fits.
pub(crate) fn judge(kind: &str, object: &mut Value) -> Option<(Findings, Review)> {
    let message = match kind {
        "VirtualService" => &VIRTUAL_SERVICE,
        "DestinationRule" => &DESTINATION_RULE,
        _ => return None,
    };
    let mut found = Findings::default();
    walk(message, object, "", &mut found);
    let review = match found.invalid.is_empty() {
        true => validate(kind, object),
        false => Review::default(),
    };
    Some((found, review))
}

fn told(each: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = each.collect();
    let more = all.len().saturating_sub(MAX_TOLD);
    let text = all.into_iter().take(MAX_TOLD).collect::<Vec<_>>().join(", ");
    if more > 0 {
        return format!("{text}, and {more} more");
    }
    text
}

#[cfg(test)]
mod tests;
