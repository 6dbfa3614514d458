//! The phases of a scenario, and the frame of every step: it stops at the run's wish, is bounded in
//! time, and notes how it ended. The phases' legal order is kept here.

use std::time::Duration;

use reports::{Event, Outcome, Phase};

use crate::error::{Blame, Error, Result};
use crate::scenario::state::Scenario;

/// No step takes longer: the longest load plus the longest answer fits in it several times.
const STEP_LIMIT: Duration = Duration::from_mins(10);

impl Scenario {
    /// Every step's frame: stops at the run's wish, bounds the time, notes how it ended.
    pub(crate) async fn step<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        // Lets cucumber's writer tell that the step has begun before the step tells anything.
        tokio::task::yield_now().await;
        let run = self.run.clone();
        let work = Box::pin(work(self));
        let (result, stopped) = match run {
            None => (work.await, false),
            Some(run) => {
                let over = async {
                    tokio::select! {
                        biased;
                        () = run.stop.cancelled() => {}
                        () = tokio::time::sleep(STEP_LIMIT) => {}
                    }
                };
                let done = run.applier.until(over, work).await;
                let why = match run.stop.is_cancelled() {
                    true => "interrupted",
                    false => "it took longer than 10 minutes",
                };
                let stopped = done.is_none() && run.stop.is_cancelled();
                (done.unwrap_or_else(|| Err(Error::runner("running a step", why))), stopped)
            }
        };
        // A run that was lost meanwhile has seen nothing that counts.
        let lost = self.run.as_ref().and_then(|run| run.lost());
        let (result, stopped) = match lost {
            Some(lost) => (Err(lost), false),
            None => (result, stopped),
        };
        if let Err(error) = &result
            && self.outcome == Outcome::Passed
        {
            self.outcome = if stopped { Outcome::Skipped } else { outcome_of(error.blame()) };
        }
        result
    }

    /// The legal order: anything may follow preparing; after a judgement the mesh may be disturbed
    /// or observed again; nothing follows the restore.
    pub(crate) fn enter(&mut self, next: Phase, detail: String) -> Result<()> {
        let legal = match (self.phase, next) {
            (Phase::Restore, _) => false,
            (
                Phase::Prepare | Phase::Disturb | Phase::Converge | Phase::Observe | Phase::Judge,
                Phase::Prepare
                | Phase::Disturb
                | Phase::Converge
                | Phase::Observe
                | Phase::Judge
                | Phase::Restore,
            ) => true,
        };
        if !legal {
            let doing = format!("entering the phase {next:?}");
            return Err(Error::runner(doing, "the scenario was restored already"));
        }
        self.tell_phase(next, detail);
        Ok(())
    }

    /// Something is about to change: what was seen so far says nothing about what comes.
    pub(crate) fn forget_evidence(&mut self) {
        self.evidence = None;
        self.plan.close();
    }

    pub(crate) fn tell_phase(&mut self, phase: Phase, detail: String) {
        self.phase = phase;
        if let Some(run) = &self.run {
            run.sink.emit(Event::PhaseEntered { scenario: self.id, phase, detail });
        }
    }
}

fn outcome_of(blame: Blame) -> Outcome {
    match blame {
        Blame::Feature => Outcome::Wrong,
        Blame::Mesh => Outcome::Failed,
        Blame::Runner => Outcome::Broken,
        Blame::LeftBehind => Outcome::LeftBehind,
    }
}
