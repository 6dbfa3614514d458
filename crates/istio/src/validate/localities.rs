//! Which regions requests stay in or go to (`ValidateLocalityLbSetting` and
//! `ValidateZoneAwareLbSetting` in `pkg/config/validation/agent/validation.go`).

use std::collections::BTreeSet;

use super::node::Node;
use crate::review::Review;

const TOPOLOGY: &[&str] =
    &["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

pub(super) fn localities(setting: &Node<'_>, has_outlier: bool, review: &mut Review) {
    if let Err((field, cause)) = shares(setting, review) {
        return review.error(field, cause);
    }
    failover(setting, has_outlier, review);
}

/// Istio stops at the first mistake.
fn shares<'a>(setting: &Node<'a>, review: &mut Review) -> Result<(), (Node<'a>, String)> {
    let wrong = |field: Node<'a>, cause: &str| Err((field, cause.to_owned()));
    if setting.any("distribute") && setting.any("failover") {
        let message = "can not simultaneously specify 'distribute' and 'failover'";
        return wrong(setting.clone(), message);
    }
    if setting.any("failover")
        && let Some(label) = topology_labels(setting).into_iter().next()
    {
        let message = "can not simultaneously set 'failover' and topology labels in \
                       'failover_priority'";
        return wrong(label, message);
    }
    let rules = setting.items("distribute");
    for rule in &rules {
        let to = rule.entries("to");
        if let Some((_, weight)) = to.iter().find(|(_, to)| !(1..=100).contains(&to.as_int())) {
            return wrong(weight.clone(), "locality weight must be in range [1, 100]");
        }
        let total: i64 = to.iter().map(|(_, weight)| weight.as_int()).sum();
        if total != 100 {
            let message = format!("total locality weight {total} != 100");
            return Err((rule.at("to"), message));
        }
        // Go takes them in any order, on which it hangs what is found; we take theirs.
        if let Err(cause) = apart(to.iter().map(|(name, _)| *name)) {
            review.error(rule.at("to"), cause);
        }
    }
    if let Err(cause) = apart(rules.iter().map(|rule| rule.text("from"))) {
        review.error(setting.at("distribute"), cause);
    }
    Ok(())
}

pub(super) fn zones(setting: &Node<'_>, has_outlier: bool, review: &mut Review) {
    for label in topology_labels(setting) {
        let message = "'failover_priority' for zone aware lb must not use topology labels";
        review.error(label, message);
    }
    failover(setting, has_outlier, review);
}

fn topology_labels<'a>(setting: &Node<'a>) -> Vec<Node<'a>> {
    let labels = setting.items("failoverPriority").into_iter();
    labels.filter(|label| TOPOLOGY.contains(&label.as_text())).collect()
}

fn failover(setting: &Node<'_>, has_outlier: bool, review: &mut Review) {
    if !has_outlier && (setting.any("failover") || setting.any("failoverPriority")) {
        review.warn(setting, "outlier detection policy must be provided for failover");
    }
    for pair in setting.items("failover") {
        let (from, to) = (pair.text("from"), pair.text("to"));
        if from == to {
            review.error(&pair, "failover settings must specify different regions");
        }
        if from.contains('/') || to.contains('/') {
            review.error(&pair, "failover only specifies regions");
        }
        if from.contains('*') || to.contains('*') {
            review.error(&pair, "failover region should not contain '*' wildcard");
        }
    }
}

/// Whether no place (`region/zone/subzone`, with `*` for the rest) is within another that was named
/// before (`validateLocalities`).
fn apart<'a>(all: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen: BTreeSet<Vec<&str>> = BTreeSet::new();
    for locality in all {
        let stars = locality.matches('*').count();
        if stars > 1 || (stars == 1 && !locality.ends_with('*')) {
            return Err(format!("locality {locality}: one wildcard '*', at the end"));
        }
        let parts: Vec<&str> = locality.splitn(3, '/').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(format!("locality {locality} must not have empty regions or zones"));
        }
        if seen.iter().any(|other| overlaps(other, &parts)) {
            return Err(format!("locality {locality} overlap with previous specified ones"));
        }
        seen.insert(parts);
    }
    Ok(())
}

/// Whether a place that was named leaves none for a later one. The test has the gaps of Istio's: a
/// region's name alone is not found in an earlier `*` within it.
fn overlaps(earlier: &[&str], later: &[&str]) -> bool {
    match (earlier, later) {
        (["*", ..], _) => true,
        // A region alone clashes with anything of its name; one that was named, whole or by
        // `region/*`, has no room for more.
        ([region, ..], [other]) | ([region] | [region, "*", ..], [other, ..]) => region == other,
        ([region, zone, ..], [other, own])
        | ([region, zone] | [region, zone, "*"], [other, own, _]) => region == other && zone == own,
        ([region, zone, sub], [other, own, last]) => (region, zone, sub) == (other, own, last),
        _ => false,
    }
}
