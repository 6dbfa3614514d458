//! Which groups, versions, kinds and sub-resources are served, read off the table in `kinds`. Pure.

use super::review::{self, Review};
use crate::kinds::{self, Kind};

/// The named groups with their versions, in the table's order.
pub(super) fn groups() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    let kinds = kinds::ALL.iter().map(|kind| (kind.group, kind.versions.to_vec()));
    let reviews = review::ALL.iter().map(|review| (review.group, vec![review.version]));
    let all = kinds.chain(reviews);
    for (group, versions) in all.filter(|(group, _)| !group.is_empty()) {
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, known)) => {
                known.extend(versions.iter().filter(|v| !known.contains(v)).collect::<Vec<_>>());
            }
            None => groups.push((group, versions)),
        }
    }
    groups
}

/// The versions of a group, the preferred one first.
pub(super) fn versions(group: &str) -> Vec<&'static str> {
    if group.is_empty() {
        return vec!["v1"];
    }
    groups().into_iter().find(|(name, _)| *name == group).map(|(_, v)| v).unwrap_or_default()
}

/// The kinds served in this version.
pub(super) fn kinds_of(group: &str, version: &str) -> impl Iterator<Item = &'static Kind> {
    kinds::ALL
        .iter()
        .copied()
        .filter(move |kind| kind.group == group && kind.versions.contains(&version))
}

/// The reviews answered in this version.
pub(super) fn reviews_of(group: &str, version: &str) -> impl Iterator<Item = &'static Review> {
    review::ALL.iter().filter(move |review| review.group == group && review.version == version)
}

/// A sub-resource, as discovery tells it.
pub(super) struct Subresource {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// Group and version of its kind, if they are not the object's.
    pub(super) foreign: Option<(&'static str, &'static str)>,
    pub(super) verbs: &'static [&'static str],
}

/// The sub-resources of a kind.
pub(super) fn subresources(kind: &'static Kind) -> impl Iterator<Item = Subresource> {
    kind.subresources.iter().map(|name| match *name {
        "scale" => Subresource {
            name,
            kind: "Scale",
            foreign: Some(("autoscaling", "v1")),
            verbs: &["get", "patch", "update"],
        },
        "portforward" => {
            let verbs = &["create", "get"];
            Subresource { name, kind: "PodPortForwardOptions", foreign: None, verbs }
        }
        "log" => Subresource { name, kind: kind.kind, foreign: None, verbs: &["get"] },
        "proxy" => {
            let verbs = &["create", "delete", "get", "patch", "update"];
            let options =
                if kind.kind == "Pod" { "PodProxyOptions" } else { "ServiceProxyOptions" };
            Subresource { name, kind: options, foreign: None, verbs }
        }
        _ => {
            Subresource { name, kind: kind.kind, foreign: None, verbs: &["get", "patch", "update"] }
        }
    })
}

/// The groups `kubectl get all` and its kin expand to.
pub(super) fn categories(kind: &Kind) -> &'static [&'static str] {
    match (kind.group, kind.kind) {
        ("", "Pod" | "Service") | ("apps" | "batch", _) => &["all"],
        ("networking.istio.io", _) => &["istio-io", "networking-istio-io"],
        _ => &[],
    }
}
