//! What everything of ours carries, so that anybody can find it: whose it is, and of which run.
//! Pure.

use serde_json::{Value, json};

/// Says whose an object is; `kubectl get -l` finds everything of ours by it.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "faultless");

/// The label that carries the run's id.
pub const RUN_LABEL: &str = "faultless.dev/run";

/// Marks an object, or the template of one, as this run's.
pub(crate) fn label(metadata: &mut Value, run: &str) {
    // What is no object here the API server refuses; it must not be a panic of ours before.
    if let Some(metadata) = metadata.as_object_mut()
        && let Some(labels) = metadata.entry("labels").or_insert_with(|| json!({})).as_object_mut()
    {
        labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.into());
        labels.insert(RUN_LABEL.to_owned(), run.into());
    }
}
