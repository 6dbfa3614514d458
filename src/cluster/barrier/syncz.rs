//! istiod's `/debug/syncz`: what each of its proxies was sent last, what it accepted, and why it
//! refused. Pure. (Istio, pilot/pkg/xds/debug.go, `SyncStatus`.)

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::xds::Xds;

/// A nonce ends with a UUID in its usual form; before it is the push's version.
const UUID_LENGTH: usize = 36;

/// A proxy, by its pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Proxy {
    pub(super) namespace: String,
    pub(super) pod: String,
}

/// How one type of configuration stands at one proxy. Empty nonces: it was never sent any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sync {
    /// The nonce of what was sent last.
    pub(super) sent: String,
    /// The nonce of what was accepted last.
    pub(super) acked: String,
    /// Why it was refused, in Envoy's words; empty if it was not.
    pub(super) error: String,
}

/// How all types stand at one proxy.
pub(super) type Syncs = BTreeMap<Xds, Sync>;

// === impl Proxy ===

impl Proxy {
    /// From a control plane's name for it, `<pod>.<namespace>`.
    fn named(text: &str) -> Option<Self> {
        let (pod, namespace) = text.rsplit_once('.')?;
        Some(Self { namespace: namespace.to_owned(), pod: pod.to_owned() })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.pod)
    }
}

// === impl Sync ===

impl Sync {
    /// Whether what was sent last is accepted.
    pub(super) fn is_settled(&self) -> bool {
        self.sent == self.acked
    }

    /// The number of the push with which it was sent last: a control plane counts its pushes.
    pub(super) fn push(&self) -> Option<u64> {
        let end = self.sent.len().checked_sub(UUID_LENGTH)?;
        self.sent.get(..end)?.rsplit_once('/')?.1.parse().ok()
    }
}

/// The proxies of one control plane. An entry that is none costs that entry; one that was sent
/// nothing yet has what an earlier control plane sent it, and is none of this one's.
pub(super) fn read(page: &Value) -> BTreeMap<Proxy, Syncs> {
    let entries = page.as_array().into_iter().flatten();
    let read = |entry: &Value| Some((Proxy::named(entry["proxy"].as_str()?)?, syncs(entry)));
    let is_sent = |(_, syncs): &(Proxy, Syncs)| syncs.values().any(|sync| !sync.sent.is_empty());
    entries.filter_map(read).filter(is_sent).collect()
}

fn syncs(entry: &Value) -> Syncs {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |xds: Xds| {
        let (name, resource) = (xds.name(), &entry["resources"][xds.type_url()]);
        Sync {
            sent: text(&entry[format!("{name}_sent")]),
            acked: text(&entry[format!("{name}_acked")]),
            error: text(&resource["lastError"]),
        }
    };
    Xds::ALL.into_iter().map(|xds| (xds, of(xds))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_istiod_says_is_read() {
        let uuid = "6cb0b0d1-6f2e-4f8a-9ad3-6a0c5b0e4a11";
        let page = json!([
            {
                "cluster_id": "Kubernetes",
                "proxy": "hotels-v1-7d.travel-agency",
                "route_sent": format!("2026-11-28T00:40:01Z/14{uuid}"),
                "route_acked": format!("2026-11-28T00:40:01Z/13{uuid}"),
                "resources": {
                    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration":
                        {"sent": "x", "lastError": "no such cluster"},
                },
            },
            {"proxy": "no namespace", "route_sent": "x"},
            {"proxy": "just-connected.travel-agency"},
            7,
        ]);
        let proxies = read(&page);
        let (proxy, syncs) = proxies.first_key_value().expect("one is one");
        assert_eq!((proxies.len(), proxy.to_string().as_str()), (1, "travel-agency/hotels-v1-7d"));
        let route = &syncs[&Xds::Route];
        assert_eq!((route.push(), route.is_settled()), (Some(14), false));
        assert_eq!(route.error, "no such cluster");
        assert!(syncs[&Xds::Cluster].is_settled() && syncs[&Xds::Cluster].push().is_none());
    }

    #[test]
    fn a_nonce_of_another_form_has_no_number() {
        for sent in ["", "ü", "14", "2026/x6cb0b0d1-6f2e-4f8a-9ad3-6a0c5b0e4a11"] {
            let sync = Sync { sent: sent.to_owned(), ..Sync::default() };
            assert_eq!(sync.push(), None, "{sent}");
        }
    }
}
