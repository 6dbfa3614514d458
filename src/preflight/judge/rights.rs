//! Whether we may do what a run does, namespace by namespace. Pure.

use std::collections::BTreeMap;

use crate::cluster::rights::{Need, Place};
use crate::preflight::facts::{Asked, Facts};
use crate::preflight::finding::Finding;

const HINT: &str = "`faultless preflight` writes the Role that gives it to stdout, for \
                    `kubectl apply -f -`";

pub(super) fn held(facts: &Facts) -> Vec<Finding> {
    let mut by_namespace = BTreeMap::<(Place, &str), Vec<&Asked>>::new();
    for asked in &facts.rights {
        by_namespace.entry((asked.place, &asked.namespace)).or_default().push(asked);
    }
    let (mut findings, mut all) = (Vec::new(), Vec::new());
    for ((_, namespace), rights) in by_namespace {
        let name = if namespace.is_empty() { "the cluster" } else { namespace };
        let what = format!("rights in {name}");
        let lacking = lacking(&what, &rights);
        if lacking.is_empty() {
            all.push(name);
        }
        findings.extend(lacking);
    }
    if !all.is_empty() {
        findings.insert(0, Finding::ok("rights", format!("all in {}", all.join(", "))));
    }
    findings
}

fn lacking(what: &str, rights: &[&Asked]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(why) = rights.iter().find_map(|asked| asked.allowed.as_ref().err()) {
        findings.push(Finding::unseen(what, &why.to_string()));
    }
    for need in [Need::Run, Need::Watchdog, Need::Deploy, Need::Prometheus, Need::Sight] {
        let lacks = |asked: &&&Asked| asked.need == need && asked.allowed == Ok(false);
        let lacking: Vec<&Asked> = rights.iter().filter(lacks).copied().collect();
        if lacking.is_empty() {
            continue;
        }
        let list = listed(&lacking);
        findings.push(match need {
            Need::Run => Finding::missing(what, format!("no right to {list}")).hint(HINT),
            Need::Watchdog => Finding::warning(
                what,
                format!(
                    "no right to {list}: a run that changes what was there before refuses, for it \
                     can have no watchdog"
                ),
            )
            .hint(format!("{HINT}; --no-dead-man does without")),
            Need::Deploy => Finding::warning(
                what,
                format!("no right to {list}: workloads of the application cannot be deployed"),
            )
            .hint(HINT),
            Need::Prometheus => Finding::missing(
                what,
                format!("no right to {list}: Prometheus cannot be read through the API server"),
            )
            .hint(format!("{HINT}; --prometheus with an address needs none")),
            Need::Sight => {
                Finding::warning(what, format!("no right to {list}: less can be looked at"))
            }
        });
    }
    findings
}

/// As `get, list virtualservices; create jobs`.
fn listed(rights: &[&Asked]) -> String {
    let mut by_verbs = Vec::<(String, Vec<&str>)>::new();
    let mut by_resource = Vec::<(&str, Vec<&str>)>::new();
    for asked in rights {
        match by_resource.iter_mut().find(|(resource, _)| *resource == asked.resource) {
            Some((_, verbs)) => verbs.push(&asked.verb),
            None => by_resource.push((&asked.resource, vec![&asked.verb])),
        }
    }
    for (resource, verbs) in by_resource {
        let verbs = verbs.join(", ");
        match by_verbs.iter_mut().find(|(known, _)| *known == verbs) {
            Some((_, resources)) => resources.push(resource),
            None => by_verbs.push((verbs, vec![resource])),
        }
    }
    let groups = by_verbs.iter().map(|(verbs, all)| format!("{verbs} {}", all.join(", ")));
    groups.collect::<Vec<_>>().join("; ")
}
