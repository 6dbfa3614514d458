//! Kubernetes' Events (core/v1): what `kubectl describe` shows at the end of a page. Repeated ones
//! are counted; the controllers drop old ones and too many.

use serde_json::{Value, json};

use super::clock;
use super::handle::Registry;
use super::write::WriteMode;
use crate::kinds;
use crate::store::{Part, meta};

/// How much of the object's name an Event's name begins with; the rest of 253 is for the suffix.
const NAME_MAX: usize = 200;

// === impl Registry ===

impl Registry {
    /// Records that something happened to an object. `kind` is `Normal` or `Warning`, `reason` a
    /// word for machines, `message` a sentence for people, `component` who says it. Never fails:
    /// an Event that cannot be stored is dropped.
    pub fn record_event(
        &self,
        object: &Value,
        kind: &str,
        reason: &str,
        message: &str,
        component: &str,
    ) {
        let now = self.now();
        let time = clock::seconds(now);
        let namespace = match meta::namespace(object) {
            "" => "default",
            namespace => namespace,
        };
        let events = self.list(&kinds::EVENT, Some(namespace));
        let same = events.iter().find(|event| {
            // The message differs most, so it is compared first.
            event["message"] == message
                && event["reason"] == reason
                && event["type"] == kind
                && event["involvedObject"]["uid"] == object["metadata"]["uid"]
        });
        if let Some(same) = same {
            let name = meta::name(same);
            let again = self.update(&kinds::EVENT, namespace, name, Part::Spec, |event| {
                event["count"] = json!(meta::number(event, "/count").unwrap_or(1) + 1);
                event["lastTimestamp"] = json!(time);
            });
            if again.is_ok() {
                return;
            }
        }
        let prefix: String = meta::name(object).chars().take(NAME_MAX).collect();
        let event = json!({
            "metadata": {"generateName": format!("{prefix}."), "namespace": namespace},
            "involvedObject": {
                "apiVersion": object["apiVersion"],
                "kind": object["kind"],
                "name": meta::name(object),
                "namespace": meta::namespace(object),
                "uid": meta::uid(object),
                "resourceVersion": object["metadata"]["resourceVersion"],
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "reportingComponent": component,
            "reportingInstance": "",
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        });
        let _ = self.create(&kinds::EVENT, event, WriteMode::default());
    }
}
