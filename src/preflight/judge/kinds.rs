//! Whether every kind that a run writes is served. Pure.

use crate::cluster::rights::{self, Need, Place};
use crate::preflight::facts::Facts;
use crate::preflight::finding::Finding;

const ISTIO: &str = "networking.istio.io";

pub(super) fn served(facts: &Facts) -> Vec<Finding> {
    let (mut findings, mut fine) = (Vec::new(), Vec::new());
    for (group, version, plurals) in rights::written() {
        let api_version = match group {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        };
        let what = format!("API {api_version}");
        let lacking = |served: Option<&std::collections::BTreeSet<String>>| {
            let lacks = |plural: &&str| served.is_none_or(|served| !served.contains(*plural));
            plurals.iter().copied().filter(lacks).collect::<Vec<_>>()
        };
        match facts.served.get(&api_version) {
            None => {}
            Some(Err(why)) => findings.push(Finding::unseen(what, &why.to_string())),
            Some(Ok(served)) => match lacking(served.as_ref()) {
                lacking if lacking.is_empty() => fine.extend(plurals),
                lacking => findings.push(refused(what, group, &lacking)),
            },
        }
    }
    if !fine.is_empty() {
        fine.sort_unstable();
        findings.insert(0, Finding::ok("kinds", fine.join(", ")));
    }
    findings
}

fn refused(what: String, group: &str, lacking: &[&str]) -> Finding {
    let seen = format!("not served: {}", lacking.join(", "));
    let needed =
        |plural: &&str| rights::covers(Place::Application, Need::Run, group, plural, "create");
    if !lacking.iter().any(needed) {
        return Finding::warning(what, seen).hint("a run that needs a watchdog refuses");
    }
    let hint = match group {
        ISTIO => {
            "is Istio installed here, 1.22 or newer? its CustomResourceDefinitions are missing"
        }
        _ => "is this a whole Kubernetes? a run needs its Deployments, Jobs and Leases",
    };
    Finding::missing(what, seen).hint(hint)
}
