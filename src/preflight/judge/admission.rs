//! Whether the API server, its webhooks and its policies would let in what a run adds first. Pure.

use crate::cluster::question::Refusal;
use crate::preflight::facts::Facts;
use crate::preflight::finding::Finding;

pub(super) fn dry_runs(facts: &Facts) -> Vec<Finding> {
    let (mut findings, mut fine) = (Vec::new(), 0);
    for (object, tried) in &facts.admission {
        let what = format!("adding {object}");
        match tried {
            // One that is there already was let in before.
            Ok(()) | Err(Refusal { code: 409, .. }) => fine += 1,
            // What the rows of namespaces, kinds and rights say.
            Err(why) if why.code == 404 || by_rights(why) => {}
            Err(why) if terminating(&why.message) => findings.push(
                Finding::missing(what, "its namespace is being deleted")
                    .hint("wait until it is gone, and install the application anew"),
            ),
            Err(why) if refused_by_policy(why) => findings.push(
                Finding::missing(what, format!("it would be refused: {}", why.message)).hint(
                    "whoever keeps that policy can except app.kubernetes.io/managed-by: faultless",
                ),
            ),
            Err(why) => findings.push(Finding::unseen(what, &why.to_string())),
        }
    }
    if fine > 0 {
        findings.insert(0, Finding::ok("admission", format!("{fine} objects would be let in")));
    }
    findings
}

fn terminating(message: &str) -> bool {
    message.contains("because it is being terminated")
}

/// Whether it is for lack of a right.
fn by_rights(refusal: &Refusal) -> bool {
    refusal.code == 403 && refusal.message.contains("cannot create resource")
}

/// A webhook, a policy or the schema says no; some webhooks only cannot be tried.
fn refused_by_policy(refusal: &Refusal) -> bool {
    let message = &refusal.message;
    let untried = message.contains("does not support dry run");
    (400..500).contains(&refusal.code) && !untried && !matches!(refusal.code, 401 | 408 | 429)
}
