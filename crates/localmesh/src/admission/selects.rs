//! Label selectors as objects have them. Pure.

use serde_json::{Map, Value};

use crate::store::meta;

/// Whether a label selector selects these labels; an empty one selects everything.
#[must_use]
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let empty = Map::new();
    let terms = selector["matchLabels"].as_object().unwrap_or(&empty);
    let labels_match = terms.iter().all(|(key, value)| labels.get(key) == Some(value));
    let holds = |expression: &Value| {
        let label = labels.get(meta::text(expression, "/key"));
        let listed = label.is_some_and(|label| meta::list(expression, "/values").contains(label));
        match meta::text(expression, "/operator") {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    };
    labels_match && meta::list(selector, "/matchExpressions").iter().all(holds)
}
