//! Whether the application's namespaces are there, and stay. Pure.

use crate::preflight::facts::Facts;
use crate::preflight::finding::Finding;

pub(super) fn exist(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut there = Vec::new();
    for (name, namespace) in &facts.namespaces {
        let what = format!("namespace {name}");
        findings.push(match &namespace.itself {
            Ok(Some(itself)) if itself.terminating => {
                Finding::missing(what, "it is being deleted, and nothing can be added to it")
                    .hint("wait until it is gone, and install the application anew")
            }
            Ok(Some(_)) => {
                there.push(name.as_str());
                continue;
            }
            Ok(None) => Finding::missing(what, "it does not exist").hint(
                "install the application, or correct its namespaces in application.yaml; is this \
                 the right context?",
            ),
            Err(why) => Finding::unseen(what, &why.to_string()),
        });
    }
    if !there.is_empty() {
        findings.insert(0, Finding::ok("namespaces", there.join(", ")));
    }
    findings
}
