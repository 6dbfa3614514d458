//! Kubernetes' Events (core/v1): what `kubectl describe` shows at the end of a page. Repeated ones
//! are counted, old ones and too many are dropped.

use serde_json::{Value, json};

use super::super::kinds;
use super::super::store::{Part, Preconditions, meta};
use super::{Cluster, WriteMode, clock};

/// How many Events are kept: some sixty for each of the demo's pods, and a scenario's on top.
const EVENTS_MAX: usize = 1000;

/// How long an Event is kept, as in Kubernetes (`--event-ttl`).
const EVENT_TTL_SECONDS: i64 = 3600;

impl Cluster {
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
        let events = self.list(&kinds::EVENT, None);
        let same = events.iter().find(|event| {
            meta::text(event, "/involvedObject/uid") == meta::uid(object)
                && event["reason"] == reason
                && event["message"] == message
                && event["type"] == kind
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
        // The version makes the name unique, and orders Events of the same second.
        let prefix: String = meta::name(object).chars().take(200).collect();
        let name = format!("{prefix}.{:016x}", now.as_nanosecond());
        let event = json!({
            "metadata": {"name": name, "namespace": namespace},
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
        self.drop_old_events();
    }

    fn drop_old_events(&self) {
        let mut events = self.list(&kinds::EVENT, None);
        events.sort_by(|a, b| meta::text(a, "/lastTimestamp").cmp(meta::text(b, "/lastTimestamp")));
        let oldest = self.now() - jiff::SignedDuration::from_secs(EVENT_TTL_SECONDS);
        let oldest = clock::seconds(oldest);
        let too_many = events.len().saturating_sub(EVENTS_MAX);
        for (i, event) in events.iter().enumerate() {
            if i >= too_many && meta::text(event, "/lastTimestamp") >= oldest.as_str() {
                break;
            }
            let (namespace, name) = (meta::namespace(event), meta::name(event));
            let any = Preconditions::default();
            let _ = self.delete(&kinds::EVENT, namespace, name, &any, WriteMode::default());
        }
    }
}
