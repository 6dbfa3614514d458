//! Watching load until every answer has come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::evidence::client_load::REQUEST_TIMEOUT;
use crate::evidence::setup::{Place, Progress};
use crate::load::{State, StreamReport, Tally};

/// Between two looks at the agents while load runs.
pub(crate) const LOOK: Duration = Duration::from_millis(250);

/// Between two looks once the plan is sent: the end may come at any moment.
const LOOK_CLOSELY: Duration = Duration::from_millis(50);

/// How much longer than its timeout an agent may need to say that a request has ended.
const GRACE: Duration = Duration::from_secs(20);

/// A load that is watched until it is over.
pub(crate) struct Watched {
    /// When its plan is over.
    sent: Instant,
    pub(crate) looks: u32,
}

// === impl Watched ===

impl Watched {
    pub(crate) fn new(chunk: Duration) -> Self {
        Self { sent: Instant::now() + chunk, looks: 0 }
    }

    /// One look at the agents, after a pause; and whether every answer has come.
    pub(crate) async fn look(
        &mut self,
        place: Place<'_>,
        on_progress: Option<&(dyn Fn(Progress) + Sync)>,
        ids: &BTreeMap<String, u64>,
    ) -> Result<(BTreeMap<String, StreamReport>, bool)> {
        let now = Instant::now();
        let pause = if now < self.sent { LOOK.min(self.sent - now) } else { LOOK_CLOSELY };
        tokio::time::sleep(pause).await;
        self.looks += 1;
        let reports = place.agents.reports(place.cluster, ids).await?;
        let ended = reports.values().all(|report| report.state == State::Done);
        if let Some(on_progress) = on_progress {
            on_progress(Progress::of(&reports, ended));
        }
        if !ended && Instant::now() > self.sent + REQUEST_TIMEOUT + GRACE {
            place.agents.stop_streams(place.cluster, ids).await?;
            return Err(Error::runner("waiting for the answers to the load", "some never came"));
        }
        Ok((reports, ended))
    }
}

impl Progress {
    fn of(reports: &BTreeMap<String, StreamReport>, ended: bool) -> Self {
        let sum = |count: fn(&Tally) -> u64| reports.values().map(|r| count(&r.tally)).sum();
        Self {
            due: sum(|tally| tally.due),
            sent: sum(|tally| tally.sent),
            done: sum(|tally| tally.done),
            in_flight: sum(|tally| tally.in_flight),
            late: sum(|tally| tally.late),
            unsent: sum(|tally| tally.unsent),
            errors: sum(Tally::failed),
            ended,
        }
    }
}

/// Waits until every stream has sent its plan and got every answer. It is no evidence, and not
/// told.
pub(crate) async fn drain(
    place: Place<'_>,
    ids: &BTreeMap<String, u64>,
    chunk: Duration,
) -> Result<BTreeMap<String, StreamReport>> {
    let mut watched = Watched::new(chunk);
    loop {
        if let (reports, true) = watched.look(place, None, ids).await? {
            return Ok(reports);
        }
    }
}
