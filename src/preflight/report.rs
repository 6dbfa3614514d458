//! What a preflight came to: as a table, as Roles to apply, and as the refusal of a run. Pure.

use super::facts::Facts;
use super::finding::{Finding, State};
use super::role::roles;
use crate::cluster::question::Refusal;
use crate::cluster::{Cluster, way_hint};
use crate::error::{Error, Result};

/// A first column wider than this would leave no room for what was seen.
const WHAT_MAX: usize = 36;

/// What a preflight came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    target: String,
    findings: Vec<Finding>,
    roles: Option<String>,
}

// === impl Preflight ===

impl Preflight {
    pub(super) fn of(cluster: &Cluster, findings: Vec<Finding>, facts: &Facts) -> Result<Self> {
        Ok(Self { target: target(cluster), findings, roles: roles(facts)? })
    }

    /// Of a server that does not answer, nothing else can be found out.
    pub(super) fn unreachable(cluster: &Cluster, refusal: &Refusal) -> Self {
        let finding = Finding::missing("API server", &refusal.message).hint(advice(refusal));
        Self { target: target(cluster), findings: vec![finding], roles: None }
    }

    /// Whether a run is possible.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.findings.iter().all(|finding| finding.state != State::Missing)
    }

    /// What is missing or doubtful, or could not be looked at, a line each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let doubtful = self.findings.iter().filter(|finding| finding.state == State::Warning);
        doubtful.map(|Finding { what, seen, .. }| format!("{what}: {seen}")).collect()
    }

    /// Everything that was looked at, a row each, with what to do below.
    #[must_use]
    pub fn table(&self) -> String {
        let lines: String = rows(&self.findings, |_| true);
        format!("{}\n\n{lines}", self.target)
    }

    /// The Roles that would give what is missing, for `kubectl apply -f -`.
    #[must_use]
    pub fn roles(&self) -> Option<&str> {
        self.roles.as_deref()
    }

    /// Why a run is refused: all of it at once.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let missing = rows(&self.findings, |state| state == State::Missing);
        if missing.is_empty() {
            return None;
        }
        let doing = format!("looking at {} before anything is written to it", self.target);
        let error = Error::feature(doing, format!("no run is possible\n\n{missing}"));
        Some(error.hint("`faultless preflight` with the same --context shows the whole table"))
    }
}

fn target(cluster: &Cluster) -> String {
    format!("{} at {}", cluster.name(), cluster.server())
}

fn rows(findings: &[Finding], which: impl Fn(State) -> bool) -> String {
    let shown: Vec<&Finding> = findings.iter().filter(|finding| which(finding.state)).collect();
    let widths = shown.iter().map(|finding| finding.what.chars().count());
    let width = widths.filter(|width| *width <= WHAT_MAX).max().unwrap_or_default();
    let row = |finding: &&Finding| {
        let Finding { state, what, seen, hint } = finding;
        let state = state.word();
        let hint = hint.as_ref().map(|hint| format!("{:10}hint: {hint}\n", ""));
        format!("{state:<9} {what:<width$}  {seen}\n{}", hint.unwrap_or_default())
    };
    shown.iter().map(row).collect()
}

/// What to do about a server that did not answer, or said no to everything.
fn advice(refusal: &Refusal) -> &'static str {
    if let (0, Some(hint)) = (refusal.code, way_hint(&refusal.message)) {
        return hint;
    }
    match refusal.code {
        0 if refusal.message.contains("certificate") => {
            "the context's certificate-authority does not vouch for this server: is it the right \
             cluster, by the right address?"
        }
        0 => "is the API server running, and does the context's address lead to it from here?",
        401 => "the API server does not know these credentials: log in again, or take others",
        404 => "is this the address of a Kubernetes API server?",
        _ => "`kubectl get --raw /version` with the same context says more",
    }
}
