//! What an object is about and who sees it: its hosts, its exports, its labels.

use std::collections::BTreeMap;

/// How well `host`, written in an object of `namespace`, fits a service: higher is better.
pub(super) fn specificity(host: &str, namespace: &str, fqdn: &str) -> Option<usize> {
    if istio::resolve(host, namespace) == fqdn {
        return Some(usize::MAX);
    }
    let suffix = host.strip_prefix('*')?;
    fqdn.ends_with(suffix).then_some(suffix.len())
}

/// Whether an object of `namespace` is exported to `client`.
pub(super) fn visible(export_to: &[String], namespace: &str, client: &str) -> bool {
    export_to.is_empty()
        || export_to.iter().any(|to| match to.as_str() {
            "*" => true,
            "." => namespace == client,
            "~" => false,
            other => other == client,
        })
}

/// Whether `labels` hold all of `wanted`.
pub(super) fn has_labels(
    labels: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}
