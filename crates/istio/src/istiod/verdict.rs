//! Two verdicts on an object, side by side.

use serde_json::Value;

use super::fields::field_of;
use super::oracle::Said;
use crate::admit::judge;
use crate::object::Object;

/// How two verdicts agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    BothAccept,
    /// And name the same fields.
    BothRefuse,
    /// Only an API server refuses it, by the CRD's schema, which `istioctl` does not ask.
    SchemaRefuses,
    /// Only an API server refuses it: `istioctl` reads fields by protobuf's own spelling too.
    SpellingRefused,
}

/// How ours and theirs agree, or how they do not.
pub(super) fn compare(object: &Value, theirs: &Said) -> Result<Outcome, String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let mut stored = object.clone();
    if stored["metadata"].get("namespace").is_none() {
        stored["metadata"]["namespace"] = "default".into();
    }
    let (found, review) = judge(kind, &mut stored).ok_or("no such kind")?;
    let read = Object::parse(object);
    let accepted = theirs.errors.is_empty();
    let errors = &theirs.errors;
    let unread = errors.iter().find(|error| error.contains("cannot parse proto message"));
    // `analyze` leaves out what cannot be read, and passes over what is unknown.
    let unknown_to_them = errors.iter().any(|error| error.contains("unknown field"));
    if unread.is_none() && !unknown_to_them && theirs.analyzed_invalid == accepted {
        return Err(format!("istioctl analyze is of another mind than validate: {errors:?}"));
    }
    if !found.unknown.is_empty() {
        return unknown(&found.unknown, theirs);
    }
    if !found.invalid.is_empty() {
        return Ok(if accepted { Outcome::SchemaRefuses } else { Outcome::BothRefuse });
    }
    match (review.errors.is_empty(), accepted) {
        (true, true) => match read {
            Ok(_) => warned(&review.warnings, theirs),
            Err(cause) => Err(format!("it is right and cannot be read: {cause}")),
        },
        (true, false) => Err(format!("we accept, istiod says {errors:?}")),
        (false, true) => Err(format!("istiod accepts, we say {:?}", review.errors)),
        (false, false) if unread.is_some() => Err(format!("it is not read: {errors:?}")),
        (false, false) => same_fields(&review.errors, errors),
    }
}

/// Whether we say of an object what a cluster says.
pub(super) fn admitted(object: &Value, theirs: bool) -> Result<(), String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let (found, review) = judge(kind, &mut object.clone()).ok_or("no such kind")?;
    let ours = [&found.unknown, &found.invalid, &review.errors].map(|said| said.join("; "));
    let accepted = ours.iter().all(String::is_empty);
    match accepted == theirs {
        true => Ok(()),
        false => Err(format!("the cluster takes it: {theirs}; we: {ours:?}")),
    }
}

fn unknown(ours: &[String], theirs: &Said) -> Result<Outcome, String> {
    let last = |path: &String| path.rsplit('.').next().unwrap_or_default().to_owned();
    let names: Vec<String> = ours.iter().map(last).collect();
    if theirs.errors.is_empty() {
        return match names.iter().all(|name| name.contains('_')) {
            true => Ok(Outcome::SpellingRefused),
            false => Err(format!("istiod knows what we do not: {ours:?}")),
        };
    }
    let named = |error: &String| {
        error.split_once("unknown field \"").is_none_or(|(_, rest)| {
            let name = rest.split('"').next().unwrap_or_default();
            names.iter().any(|own| own == name)
        })
    };
    match theirs.errors.iter().all(named) {
        true => Ok(Outcome::BothRefuse),
        // It reads on behind such a name, and minds something there.
        false if names.iter().all(|name| name.contains('_')) => Ok(Outcome::SpellingRefused),
        false => Err(format!("we say {ours:?} is unknown, istiod {:?}", theirs.errors)),
    }
}

fn same_fields(ours: &[String], theirs: &[String]) -> Result<Outcome, String> {
    let place = |error: &String| error.split_once(": ").map_or("", |(path, _)| path).to_owned();
    let places: Vec<String> = ours.iter().map(place).collect();
    let differ = || format!("we say {ours:?}, istiod {theirs:?}");
    for error in theirs {
        let field = field_of(error).ok_or_else(|| format!("no field is known for {error:?}"))?;
        if !places.iter().any(|place| place.contains(field)) {
            return Err(format!("{field} is not named: {}", differ()));
        }
    }
    let fields: Vec<&str> = theirs.iter().filter_map(|error| field_of(error)).collect();
    match places.iter().all(|place| fields.iter().any(|field| place.contains(field))) {
        true => Ok(Outcome::BothRefuse),
        false => Err(format!("we name more: {}", differ())),
    }
}

/// Of whatever istiod warns we warn too; of more we may.
fn warned(ours: &[String], theirs: &Said) -> Result<Outcome, String> {
    for warning in &theirs.warnings {
        let field =
            field_of(warning).ok_or_else(|| format!("no field is known for {warning:?}"))?;
        if !ours.iter().any(|own| own.contains(field)) {
            return Err(format!("istiod warns {warning:?}, we {ours:?}"));
        }
    }
    Ok(Outcome::BothAccept)
}
