//! The words spoken to an agent: paths, requests and answers, and no IO. Whoever drives an agent
//! sends them its own way (the runner through the API server's pod proxy).

use serde::{Deserialize, Serialize};

use super::conditions::Conditions;
use super::ledger::Tally;

/// The agent is up: GET answers 200.
pub const READY: &str = "/ready";

/// GET answers `About`: what the agent is.
pub const ABOUT: &str = "/about";

/// POST a JSON list of `StreamSpec` to start them, all at the same moment, answered by `Started`;
/// GET answers a list of `StreamReport`.
pub const STREAMS: &str = "/streams";

/// No list of reports is longer than this, in bytes: a reader may stop here. 64 streams of five
/// histograms with some 2,000 buckets of 20 bytes each.
pub const REPORTS_BYTES_MAX: usize = 16 << 20;

/// More than this share of the due requests unsent voids a stream: those that are missing would
/// have been the slowest, so every number would be too good.
pub const UNSENT_SHARE_MAX: f64 = 0.001;

/// More than this share of the sent requests late voids a stream: the lateness is in the latency
/// (it makes the mesh look slower than it is), so up to 1% can at most touch a claim about 99%.
pub const LATE_SHARE_MAX: f64 = 0.01;

/// The path of one stream's report: GET, or DELETE to forget a stream that is done.
#[must_use]
pub fn stream(id: u64) -> String {
    format!("{STREAMS}/{id}")
}

/// The path to POST to so that a stream sends nothing more.
#[must_use]
pub fn stop(id: u64) -> String {
    format!("{STREAMS}/{id}/stop")
}

/// What an agent is. A runner works with agents of its own version only: what they count, and how,
/// is theirs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of the program.
    pub version: String,
}

/// The answer to a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The streams' ids, in the order of their specs.
    pub ids: Vec<u64>,
}

/// The answer to anything that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Why, for a human.
    pub error: String,
}

/// Where a stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Requests are sent.
    Sending,
    /// Nothing more is sent; requests in flight end by themselves.
    Draining,
    /// Nothing is in flight; the numbers are final.
    Done,
}

/// Why a stream stopped sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Its duration or its number of requests was reached.
    Plan,
    /// It was asked to stop.
    Asked,
    /// Nobody had asked for a report for too long: the runner was taken for gone.
    Unwatched,
    /// The agent ended.
    Agent,
}

/// What a stream has done so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamReport {
    /// The stream's id at its agent.
    pub id: u64,
    /// The name from its spec.
    pub name: String,
    /// Where it is in its life.
    pub state: State,
    /// Why it stopped sending, once it has.
    pub ended_by: Option<EndedBy>,
    /// Milliseconds since its start; since its end, from start to end.
    pub elapsed_ms: u64,
    /// The counts and times.
    pub tally: Tally,
    /// What the time was like in which it sent and waited.
    #[serde(default)]
    pub conditions: Conditions,
}

// === impl StreamReport ===

impl StreamReport {
    /// Whether its numbers can be used at all; the error says what happened. A generator that was
    /// late, or could not send everything, is no error: it is in the numbers, and claims about time
    /// look at it.
    pub fn usable(&self) -> Result<(), String> {
        let name = &self.name;
        self.tally.balanced().map_err(|e| format!("the ledger of `{name}` is wrong: {e}"))?;
        match self.ended_by {
            Some(EndedBy::Unwatched) => {
                Err(format!("`{name}` stopped early: nobody had asked for its report"))
            }
            Some(EndedBy::Agent) => Err(format!("`{name}` stopped early: its agent ended")),
            Some(EndedBy::Plan | EndedBy::Asked) | None => Ok(()),
        }
    }

    /// Whether the generator kept its plan. If it did not, no figure about time may rest on the
    /// stream; the error says what happened.
    pub fn kept_plan(&self) -> Result<(), String> {
        let Tally { due, sent, late, unsent, .. } = self.tally;
        let name = &self.name;
        self.usable()?;
        if unsent as f64 > due as f64 * UNSENT_SHARE_MAX {
            return Err(format!(
                "`{name}` could not send {unsent} of {due} requests: too many were in flight"
            ));
        }
        // One late send in a short stream is a hiccup, not a generator that cannot keep up.
        if late > 1 && late as f64 > sent as f64 * LATE_SHARE_MAX {
            let worst = self.tally.lateness.max().unwrap_or_default();
            return Err(format!(
                "`{name}` sent {late} of {sent} requests late, by up to {worst:?}"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::load::ledger::Answer;

    fn report(on_time: u32, late: u32, unsent: u32) -> StreamReport {
        let mut tally = Tally::default();
        let due = Instant::now();
        for sent in 0..on_time + late {
            let sent = due + Duration::from_millis(if sent < late { 80 } else { 1 });
            tally.start();
            tally.send(due, sent);
            tally.end(due, sent, sent, Ok(Answer { status: 200, empty: false }));
        }
        (0..unsent).for_each(|_| tally.skip());
        let (state, ended_by) = (State::Done, Some(EndedBy::Plan));
        let conditions = Conditions::default();
        let name = "portal".into();
        StreamReport { id: 1, name, state, ended_by, elapsed_ms: 1, tally, conditions }
    }

    #[test]
    fn a_generator_that_missed_its_plan_says_so() {
        assert_eq!(report(990, 10, 0).kept_plan(), Ok(()));
        assert_eq!(report(9, 1, 0).kept_plan(), Ok(()));
        assert_eq!(report(10_000, 0, 10).kept_plan(), Ok(()));
        let late = report(980, 20, 0).kept_plan().unwrap_err();
        assert!(late.starts_with("`portal` sent 20 of 1000 requests late, by up to 80"), "{late}");
        let unsent = report(1_000, 0, 2).kept_plan().unwrap_err();
        assert!(unsent.contains("could not send 2 of 1002"), "{unsent}");
        let unwatched = StreamReport { ended_by: Some(EndedBy::Unwatched), ..report(1, 0, 0) };
        assert!(unwatched.kept_plan().is_err());
        let mut wrong = report(10, 0, 0);
        wrong.tally.done -= 1;
        assert!(wrong.usable().unwrap_err().contains("ledger"));
        // Late and unsent requests are in the numbers.
        assert_eq!(report(980, 20, 2).usable(), Ok(()));
    }

    #[test]
    fn a_report_survives_the_wire() {
        let report = report(100, 3, 1);
        let json = serde_json::to_string(&report).unwrap();
        let read: StreamReport = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(read.kept_plan(), report.kept_plan());
    }
}
