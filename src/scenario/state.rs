//! One scenario on its way: what it knows, how it begins, and how it went so far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reports::{Outcome, Phase, ScenarioId};

use crate::application::{Application, Protocol};
use crate::error::Result;
use crate::evidence::claim::Claim;
use crate::evidence::client_load::Load;
use crate::evidence::{Evidence, Proven};
use crate::faults;
use crate::faults::{ServiceConfig, Subject};
use crate::safety::Baseline;
use crate::scenario::options::Patience;
use crate::scenario::plan::ScenarioPlan;
use crate::scenario::run::Run;
use crate::units::ServiceName;

/// What an undisturbed request may take at most before a change is relied on: the services answer
/// in tens of milliseconds, and a request under the old configuration must have ended.
pub(crate) const QUIET: Duration = Duration::from_millis(300);

/// One scenario on its way.
pub struct Scenario {
    pub(crate) id: ScenarioId,
    pub(crate) application: Arc<Application>,
    /// `None` while a scenario is only planned: then every call checks what it is asked for and
    /// touches nothing.
    pub(crate) run: Option<Arc<Run>>,
    /// What the run is going to be like for which this one is planned.
    pub(crate) patience: Option<Patience>,
    pub(crate) phase: Phase,
    /// By client.
    pub(crate) loads: BTreeMap<String, Load>,
    pub(crate) configurations: BTreeMap<(String, String), ServiceConfig>,
    /// Objects that a step brought as they are.
    pub(crate) raw: Vec<istio::Object>,
    /// What the step that is made now configures, and what Istio would warn of in it.
    pub(crate) configured: Vec<istio::Object>,
    pub(crate) warnings: Vec<String>,
    pub(crate) proven: Proven,
    /// Whether anything was done to the mesh's configuration at all.
    pub(crate) disturbed: bool,
    /// What was there before this scenario's first change.
    pub(crate) before: Option<Baseline>,
    pub(crate) evidence: Option<Evidence>,
    /// The claims that the evidence is for.
    pub(crate) expected: Vec<Claim>,
    /// What is going to be claimed, as far as it was noted in plan.
    pub(crate) plan: ScenarioPlan,
    pub(crate) outcome: Outcome,
}

// === impl Scenario ===

impl Scenario {
    /// Begins a scenario of which this was noted in plan.
    #[must_use]
    pub fn begin(run: Arc<Run>, id: ScenarioId, plan: ScenarioPlan) -> Self {
        let application = Arc::clone(&run.application);
        Self { plan, ..Self::new(application, Some(run), id) }
    }

    /// A scenario that is only tried for sense: names, numbers, what cannot be combined, and what
    /// cannot be decided in the time that a run gives it.
    #[must_use]
    pub fn plan(application: Arc<Application>, patience: Patience) -> Self {
        Self { patience: Some(patience), ..Self::new(application, None, ScenarioId::default()) }
    }

    /// What was noted of a scenario in plan.
    #[must_use]
    pub fn into_plan(mut self) -> ScenarioPlan {
        self.plan.longest_delay = faults::longest_delay(&self.objects());
        self.plan
    }

    fn new(application: Arc<Application>, run: Option<Arc<Run>>, id: ScenarioId) -> Self {
        Self {
            id,
            application,
            run,
            patience: None,
            phase: Phase::Prepare,
            loads: BTreeMap::new(),
            configurations: BTreeMap::new(),
            raw: Vec::new(),
            configured: Vec::new(),
            warnings: Vec::new(),
            proven: Proven::new(),
            disturbed: false,
            before: None,
            evidence: None,
            expected: Vec::new(),
            plan: ScenarioPlan::default(),
            outcome: Outcome::Passed,
        }
    }

    /// How it went so far. A scenario that changes no configuration has nothing that a placebo run
    /// could withhold: its pass there is as good as not run.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let placebo = self.run.as_ref().is_some_and(|run| run.options.placebo);
        match self.outcome {
            Outcome::Passed if placebo && !self.disturbed => Outcome::Skipped,
            outcome => outcome,
        }
    }

    /// Marks a panic or anything else that ended the scenario outside of a step's own result.
    pub fn broke(&mut self) {
        if self.outcome == Outcome::Passed {
            self.outcome = Outcome::Broken;
        }
    }

    pub(crate) fn subject(&self, service: &ServiceName) -> Result<Subject> {
        let found = self.application.service(service)?;
        Ok(Subject {
            name: found.name.clone(),
            namespace: found.namespace.clone(),
            tcp: found.protocol == Protocol::Tcp,
            versions: found.versions.clone(),
        })
    }
}
