//! Kubernetes' Events (core/v1): what `kubectl describe` shows at the end of a page. Repeated ones
//! are counted, old ones and too many are dropped.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::kinds;
use super::super::store::{Part, Preconditions, meta};
use super::{Cluster, WriteMode, clock};

/// How many Events are kept: some sixty for each of the demo's pods, and a scenario's on top.
const EVENTS_MAX: usize = 1000;

/// How long an Event is kept, as in Kubernetes (`--event-ttl`).
const EVENT_TTL_SECONDS: i64 = 3600;

/// How much of the object's name an Event's name begins with; the rest of the 253 is for the suffix.
const NAME_MAX: usize = 200;

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
        self.drop_old_events();
    }

    fn drop_old_events(&self) {
        let events = self.list(&kinds::EVENT, None);
        let oldest = clock::seconds(self.now() - SignedDuration::from_secs(EVENT_TTL_SECONDS));
        let time = |event: &Value| meta::text(event, "/lastTimestamp").to_owned();
        let mut gone: Vec<_> = events.iter().filter(|event| time(event) < oldest).collect();
        if events.len() - gone.len() > EVENTS_MAX {
            gone.extend(events.iter().min_by_key(|event| time(event)));
        }
        for event in gone {
            let (namespace, name) = (meta::namespace(event), meta::name(event));
            let any = Preconditions::default();
            // Refused only if it is gone already.
            let _ = self.delete(&kinds::EVENT, namespace, name, &any, WriteMode::default());
        }
    }
}
