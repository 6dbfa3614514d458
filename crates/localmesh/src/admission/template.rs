//! The pod template of those who make pods. Pure.

use serde_json::{Value, json};

use super::pod_spec;

/// Fills in what Kubernetes fills in.
pub(super) fn default(object: &mut Value) {
    let template = &mut object["spec"]["template"];
    if !template.is_object() {
        *template = json!({});
    }
    pod_spec::default(&mut template["spec"]);
}
