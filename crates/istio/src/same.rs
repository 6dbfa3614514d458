//! When two pieces of JSON mean the same to an API server.

use serde_json::Value;

/// Whether two values mean the same: the order of keys does not count, and `100` is `100.0`,
/// because an API server may write numbers its own way.
#[must_use]
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, l)| right.get(key).is_some_and(|r| same(l, r)))
        }
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_the_writing_of_numbers_do_not_count() {
        let left = json!({"a": 100, "b": [{"c": 1.5}]});
        assert!(same(&left, &json!({"b": [{"c": 1.5}], "a": 100.0})));
        for other in [json!({"a": 100}), json!({"a": 101, "b": [{"c": 1.5}]}), json!([])] {
            assert!(!same(&left, &other), "{other}");
        }
    }
}
