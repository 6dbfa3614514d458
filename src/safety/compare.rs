//! When two pieces of JSON mean the same, and where they differ. Pure.

pub(crate) use istio::same;
use serde_json::Value;

/// A difference longer than this helps nobody.
const DIFFERENCES_MAX: usize = 12;

/// How much of a value a difference shows, in characters.
const SHOWN_MAX: usize = 60;

/// Where `now` differs from `then`, a line each: `spec.http[0].timeout: 1s, was 2s`.
pub(crate) fn differences(then: &Value, now: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect("", then, now, &mut found);
    if found.len() > DIFFERENCES_MAX {
        let more = found.len() - DIFFERENCES_MAX;
        found.truncate(DIFFERENCES_MAX);
        found.push(format!("and {more} more"));
    }
    found
}

pub(crate) fn collect(path: &str, then: &Value, now: &Value, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let gone = then.keys().filter(|key| !now.contains_key(*key));
            for key in now.keys().chain(gone) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let (then, now) = (then.get(key), now.get(key));
                let null = &Value::Null;
                collect(&path, then.unwrap_or(null), now.unwrap_or(null), found);
            }
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            for (at, (then, now)) in then.iter().zip(now).enumerate() {
                collect(&format!("{path}[{at}]"), then, now, found);
            }
        }
        _ if same(then, now) => {}
        _ => found.push(format!("{path}: {}, was {}", shown(now), shown(then))),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "not there".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN_MAX {
        return text;
    }
    format!("{}…", text.chars().take(SHOWN_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safety::digest::digest;
    use serde_json::json;

    #[test]
    fn order_and_the_writing_of_numbers_do_not_count() {
        let left = json!({"a": 100, "b": [{"c": 1.5}]});
        let right = json!({"b": [{"c": 1.5}], "a": 100.0});
        assert!(same(&left, &right));
        assert_eq!(digest(&left), digest(&right));
        for other in [json!({"a": 100}), json!({"a": 101, "b": [{"c": 1.5}]}), json!([])] {
            assert!(!same(&left, &other));
            assert_ne!(digest(&left), digest(&other));
        }
    }

    #[test]
    fn differences_name_their_place() {
        let then = json!({"http": [{"timeout": "2s", "route": []}], "hosts": ["a"]});
        let now = json!({"http": [{"timeout": "1s", "route": []}], "gateways": ["g"]});
        assert_eq!(
            differences(&then, &now),
            [
                "http[0].timeout: 1s, was 2s",
                "gateways: [\"g\"], was not there",
                "hosts: not there, was [\"a\"]",
            ]
        );
        assert!(differences(&then, &then).is_empty());
    }
}
