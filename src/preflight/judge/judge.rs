//! All findings, in the order in which a person would look. Pure.

use super::{
    admission, application, configured, control_plane, kinds, namespaces, pods, prometheus, rights,
    sidecars,
};
use crate::application::Application;
use crate::preflight::facts::Facts;
use crate::preflight::finding::Finding;

/// What the facts mean for a run of this application.
pub(in crate::preflight) fn judge(application: &Application, facts: &Facts) -> Vec<Finding> {
    let server = Finding::ok("API server", format!("Kubernetes {}", facts.version));
    let findings = [
        vec![server],
        namespaces::exist(facts),
        kinds::served(facts),
        rights::held(facts),
        application::services(application, facts),
        application::workloads(application, facts),
        control_plane::runs(facts),
        control_plane::injects(application, facts),
        pods::sidecars(application, facts),
        control_plane::mtls(application, facts),
        pods::security(application, facts),
        pods::quotas(application, facts),
        admission::dry_runs(facts),
        configured::configured(application, facts),
        sidecars::hidden(application, facts),
        prometheus::tells(application, facts),
    ]
    .concat();
    // Scenarios configure the same again and again.
    let mut told: Vec<Finding> = Vec::new();
    for finding in findings {
        if !told.contains(&finding) {
            told.push(finding);
        }
    }
    told
}
