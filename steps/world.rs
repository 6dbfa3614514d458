//! Cucumber's World: a handle on one scenario, and nothing else. The hooks around a scenario live
//! in `run::hooks`, which makes the scenario.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use cucumber::World as _;
use cucumber::step::Collection;
use faultless::error::{Error, Result};
use faultless::scenario::Scenario;
use faultless::scenario::run::Run;

/// What every step is given.
#[derive(Default, cucumber::World)]
pub(crate) struct World {
    /// Set before the first step.
    pub scenario: Option<Scenario>,
    /// The lane it runs in, to be given back; none while features are only checked.
    pub lane: Option<Arc<Run>>,
    /// The feature's file, for places in it.
    pub file: Option<PathBuf>,
}

// === impl World ===

impl World {
    /// The scenario that is running.
    pub(crate) fn scenario(&mut self) -> Result<&mut Scenario> {
        let none = || Error::runner("running a step", "the scenario was never begun");
        self.scenario.as_mut().ok_or_else(none)
    }

    /// All steps, as cucumber has them registered.
    pub(crate) fn steps() -> Collection<Self> {
        Self::collection()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// All sentences. They are patterns to compile: once is enough for any number of features.
pub(crate) static SENTENCES: LazyLock<Collection<World>> = LazyLock::new(World::steps);
