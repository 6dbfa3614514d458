//! What became of the requests that were due.

use crate::wording;

/// What became of the requests so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Due by the plan.
    pub due: u64,
    /// Sent.
    pub sent: u64,
    /// Answered or failed.
    pub done: u64,
    /// Sent and not yet answered.
    pub in_flight: u64,
    /// Sent too late.
    pub late: u64,
    /// Never sent, because too many were in flight.
    pub unsent: u64,
    /// Answered with an error.
    pub errors: u64,
}

// === impl Load ===

impl Load {
    /// Both together; a recording's absurd figures end at the largest number.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            due: self.due.saturating_add(other.due),
            sent: self.sent.saturating_add(other.sent),
            done: self.done.saturating_add(other.done),
            in_flight: self.in_flight.saturating_add(other.in_flight),
            late: self.late.saturating_add(other.late),
            unsent: self.unsent.saturating_add(other.unsent),
            errors: self.errors.saturating_add(other.errors),
        }
    }
}

/// Every count of it, in words.
impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counts = [
            (self.due, "due"),
            (self.sent, "sent"),
            (self.late, "late"),
            (self.unsent, "unsent"),
            (self.in_flight, "in flight"),
            (self.done, "done"),
            (self.errors, "with errors"),
        ];
        let words = counts.map(|(count, what)| format!("{} {what}", wording::thousands(count)));
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Event, Record, ScenarioId};
    use crate::run::Run;

    #[test]
    fn pieces_of_load_add_up_and_the_last_one_may_be_open() {
        let scenario = ScenarioId(0);
        let started = Event::ScenarioStarted {
            scenario,
            feature: String::new(),
            file: String::new(),
            line: 1,
            name: String::new(),
            tags: Vec::new(),
        };
        let load = |due, ended| {
            let (sent, done) = (due - 1, if ended { due - 1 } else { 0 });
            let (in_flight, late, unsent, errors) = (sent - done, 1, 1, done / 10);
            Event::LoadProgress {
                scenario,
                due,
                sent,
                done,
                in_flight,
                late,
                unsent,
                errors,
                ended,
            }
        };
        let mut run = Run::default();
        let mut told = |event| {
            let at = String::new();
            run.on(&Record { seq: 0, at, elapsed_ms: 0, event });
            run.scenarios[0].all_load().map(|load| load.to_string())
        };
        assert_eq!(told(started), None);
        told(load(11, false));
        let one = "101 due, 100 sent, 1 late, 1 unsent, 0 in flight, 100 done, 10 with errors";
        assert_eq!(told(load(101, true)).as_deref(), Some(one));
        told(load(101, true));
        let all =
            "2,203 due, 2,200 sent, 3 late, 3 unsent, 2,000 in flight, 200 done, 20 with errors";
        assert_eq!(told(load(2_001, false)).as_deref(), Some(all));
    }
}
