//! What a run may ask of an API server, and where: the one table of rights. Everything goes through
//! `cluster`, so it stands here; the README shows it, the preflight asks for it, and the Role that
//! is printed is made of it. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Kinds that are asked for alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Where.
    pub place: Place,
    /// What does not work without it.
    pub need: Need,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Plurals, or sub-resources as `pods/proxy`.
    pub resources: &'static [&'static str],
    /// Verbs.
    pub verbs: &'static [&'static str],
}

/// Where a right is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In each of the application's namespaces.
    Application,
    /// In the control plane's namespace.
    ControlPlane,
    /// For the whole cluster.
    Cluster,
    /// In the namespace of a Prometheus that is reached through the API server.
    Prometheus,
}

/// What does not work without a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Any run.
    Run,
    /// Runs that change what was there before, because of the watchdog.
    Watchdog,
    /// Scenarios that deploy something of the application's own.
    Deploy,
    /// Runs that read a Prometheus through the API server (`--prometheus cluster`).
    Prometheus,
    /// Nothing, but less is known: what could not be looked at is said.
    Sight,
}

const WRITE: &[&str] = &["get", "list", "create", "patch", "delete"];

const fn right(
    place: Place,
    need: Need,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Right {
    Right { place, need, group, resources, verbs }
}

/// All of them.
pub const RIGHTS: &[Right] = {
    use Need::{Run, Sight, Watchdog};
    use Place::{Application, Cluster, ControlPlane, Prometheus};
    &[
        right(
            Application,
            Run,
            "networking.istio.io",
            &["virtualservices", "destinationrules"],
            WRITE,
        ),
        right(Application, Run, "apps", &["deployments"], WRITE),
        right(Application, Run, "batch", &["jobs"], WRITE),
        right(Application, Run, "coordination.k8s.io", &["leases"], WRITE),
        right(Application, Run, "", &["services"], &["list"]),
        right(Application, Run, "", &["pods"], &["get", "list"]),
        right(Application, Run, "", &["pods/proxy"], &["get", "create", "update"]),
        right(Application, Sight, "", &["pods/portforward"], &["get", "create"]),
        right(
            Application,
            Watchdog,
            "",
            &["serviceaccounts"],
            &["get", "list", "create", "delete"],
        ),
        right(
            Application,
            Watchdog,
            "rbac.authorization.k8s.io",
            &["roles", "rolebindings"],
            &["get", "list", "create", "delete"],
        ),
        right(Application, Sight, "", &["namespaces"], &["get"]),
        right(Application, Sight, "", &["resourcequotas"], &["list"]),
        right(Application, Sight, "security.istio.io", &["peerauthentications"], &["list"]),
        right(Application, Sight, "networking.istio.io", &["sidecars"], &["list"]),
        right(ControlPlane, Sight, "", &["pods"], &["get", "list"]),
        right(ControlPlane, Sight, "", &["pods/portforward"], &["get", "create"]),
        right(ControlPlane, Sight, "", &["pods/proxy"], &["get"]),
        right(ControlPlane, Sight, "security.istio.io", &["peerauthentications"], &["list"]),
        right(
            Cluster,
            Sight,
            "admissionregistration.k8s.io",
            &["mutatingwebhookconfigurations"],
            &["list"],
        ),
        right(Prometheus, Need::Prometheus, "", &["services"], &["list"]),
        right(Prometheus, Need::Prometheus, "", &["services/proxy"], &["get"]),
    ]
};

/// The rules of a Role with all rights of a place.
#[must_use]
pub fn rules(place: Place) -> Vec<Value> {
    let rights = RIGHTS.iter().filter(|right| right.place == place);
    rights
        .map(|right| {
            json!({
                "apiGroups": [right.group],
                "resources": right.resources,
                "verbs": right.verbs,
            })
        })
        .collect()
}

/// The table as the README has it.
#[must_use]
pub fn markdown() -> String {
    let mut rows = vec![["Where".to_owned(), "Kinds".into(), "Verbs".into(), "Without it".into()]];
    for right in RIGHTS {
        let place = match right.place {
            Place::Application => "its namespaces",
            Place::ControlPlane => "the control plane's",
            Place::Cluster => "the cluster",
            Place::Prometheus => "Prometheus's",
        };
        let without = match right.need {
            Need::Run => "no run",
            Need::Watchdog => "no watchdog",
            Need::Deploy => "no such scenario",
            Need::Prometheus => "no Prometheus",
            Need::Sight => "less is known",
        };
        let (resources, verbs) = (right.resources.join(", "), right.verbs.join(", "));
        rows.push([place.to_owned(), resources, verbs, without.to_owned()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths = [0, 1, 2, 3].map(width);
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} |"));
            format!("|{}", cells.collect::<String>())
        })
        .collect();
    let rule = widths.map(|width| format!("{}|", "-".repeat(width + 2))).concat();
    lines.insert(1, format!("|{rule}"));
    lines.join("\n")
}

/// Whether a verb on a resource of a group is in the table for a place, for this need or a stronger
/// one.
#[must_use]
pub fn covers(place: Place, need: Need, group: &str, resource: &str, verb: &str) -> bool {
    RIGHTS.iter().any(|right| {
        right.place == place
            && right.need <= need
            && right.group == group
            && right.resources.contains(&resource)
            && right.verbs.contains(&verb)
    })
}

/// The API groups and versions, and in them the plurals, of what a run or its watchdog writes.
#[must_use]
pub fn written() -> Vec<(&'static str, &'static str, BTreeSet<&'static str>)> {
    let mut all = Vec::<(&str, &str, BTreeSet<&str>)>::new();
    for right in RIGHTS.iter().filter(|right| right.verbs.contains(&"create")) {
        let whole = right.resources.iter().copied().filter(|resource| !resource.contains('/'));
        let plurals: BTreeSet<&str> = whole.collect();
        match all.iter_mut().find(|(group, ..)| *group == right.group) {
            _ if plurals.is_empty() => {}
            Some((.., known)) => known.extend(plurals),
            // All of these groups are at their first stable version.
            None => all.push((right.group, "v1", plurals)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_is_one_of_a_place() {
        use Place::{Application, ControlPlane};
        assert!(covers(Application, Need::Run, "", "pods/proxy", "update"));
        assert!(!covers(ControlPlane, Need::Sight, "", "pods/proxy", "update"));
        assert!(!covers(Application, Need::Sight, "apps", "deployments", "deletecollection"));
        assert!(!covers(Application, Need::Sight, "apps", "virtualservices", "get"));
        assert!(covers(Application, Need::Watchdog, "", "serviceaccounts", "create"));
        assert!(!covers(Application, Need::Run, "", "serviceaccounts", "create"));
    }

    #[test]
    fn what_is_written_is_looked_up_by_group() {
        let written = written();
        let groups: Vec<_> = written.iter().map(|(group, ..)| *group).collect();
        let expected = ["networking.istio.io", "apps", "batch", "coordination.k8s.io", ""];
        assert_eq!(groups[..5], expected);
        assert!(written[0].2.contains("virtualservices"));
        assert!(!written[4].2.contains("pods/portforward"));
    }
}
