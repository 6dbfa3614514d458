//! What became of every request of a stream, counted once and in one place. At any moment
//! `due = sent + unsent` and `sent = in_flight + done`: nothing is dropped without a count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::histogram::Latencies;

/// A send this much after its due time is *late*. On a quiet machine it is late by 0.25 ms at
/// p99; 50 ms is what the scheduler of a machine costs that is busy with a mesh beside the
/// generator. Claims about latency are safe from it (they count a request only if it fits from when
/// it was due and from when it was sent); what it disturbs is the evenness of the load.
pub const LATE_TOLERANCE: Duration = Duration::from_millis(50);

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Nobody listens there.
    Refused,
    /// The connection could not be opened for another reason (unknown name, no route, no files).
    Dial,
    /// The timeout passed before the end of the answer; the connection was closed.
    Timeout,
    /// The connection ended before the answer did.
    Closed,
    /// The answer was not HTTP.
    Protocol,
    /// The answer's body was longer than the sender reads.
    TooLarge,
    /// The agent had to end while the request was in flight.
    Cut,
}

/// An answer whose body was read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whether a successful answer's JSON held nothing although something was expected.
    pub empty: bool,
}

/// Times, apart for answers that say success (status below 400) and for everything else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ByClass {
    /// Answers with a status below 400, empty ones included.
    pub ok: Latencies,
    /// Other answers, and failures up to the moment they were noticed.
    pub error: Latencies,
}

/// The ledger of a stream: counts and times.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests whose time had come.
    pub due: u64,
    /// Requests that were started.
    pub sent: u64,
    /// Sent requests that were started more than `LATE_TOLERANCE` after they were due.
    pub late: u64,
    /// Requests that could not be sent because too many were in flight.
    pub unsent: u64,
    /// Sent requests without an end yet.
    pub in_flight: u64,
    /// Sent requests with an answer or a failure.
    pub done: u64,
    /// Answers by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests without an answer, by the reason.
    pub by_error: BTreeMap<Failure, u64>,
    /// Successful answers (also counted in `by_status`) that held nothing.
    pub empty: u64,
    /// What the last failure said, for a human.
    pub last_error: Option<String>,
    /// How late requests were sent.
    pub lateness: Latencies,
    /// From the time a request was due to the end of its answer.
    pub latency: ByClass,
    /// From the send (opening a connection included, if one was needed) to the end of the answer.
    pub service: ByClass,
}

// === impl ByClass ===

impl ByClass {
    /// Both classes together.
    #[must_use]
    pub fn all(&self) -> Latencies {
        let mut all = self.ok.clone();
        all.add(&self.error);
        all
    }

    fn add(&mut self, other: &Self) {
        self.ok.add(&other.ok);
        self.error.add(&other.error);
    }

    fn since(&self, earlier: &Self) -> Self {
        Self { ok: self.ok.since(&earlier.ok), error: self.error.since(&earlier.error) }
    }
}

// === impl Tally ===

impl Tally {
    /// How many characters of an error's text are kept.
    const ERROR_MAX: usize = 300;

    /// A request is due and will be sent.
    pub fn start(&mut self) {
        self.due += 1;
        self.sent += 1;
        self.in_flight += 1;
    }

    /// A request is due and cannot be sent.
    pub fn skip(&mut self) {
        self.due += 1;
        self.unsent += 1;
    }

    /// A started request goes out.
    pub fn send(&mut self, due: Instant, sent: Instant) {
        let lateness = sent.saturating_duration_since(due);
        self.late += u64::from(lateness > LATE_TOLERANCE);
        self.lateness.record(lateness);
    }

    /// A sent request has ended, with an answer or with a failure and its text.
    pub fn end(
        &mut self,
        due: Instant,
        sent: Instant,
        now: Instant,
        outcome: Result<Answer, (Failure, String)>,
    ) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.done += 1;
        let ok = match outcome {
            Ok(answer) => {
                *self.by_status.entry(answer.status).or_default() += 1;
                self.empty += u64::from(answer.empty);
                answer.status < 400
            }
            Err((failure, text)) => {
                *self.by_error.entry(failure).or_default() += 1;
                self.last_error = Some(text.chars().take(Self::ERROR_MAX).collect());
                false
            }
        };
        for (times, from) in [(&mut self.latency, due), (&mut self.service, sent)] {
            let class = if ok { &mut times.ok } else { &mut times.error };
            class.record(now.saturating_duration_since(from));
        }
    }

    /// Counts what is still in flight as cut: the agent ends and cannot wait any longer.
    pub fn cut(&mut self) {
        if self.in_flight > 0 {
            *self.by_error.entry(Failure::Cut).or_default() += self.in_flight;
            self.done += self.in_flight;
            self.in_flight = 0;
        }
    }

    /// Answers with a status below 400 that held something where something was expected.
    #[must_use]
    pub fn succeeded(&self) -> u64 {
        let ok: u64 = self.by_status.range(..400).map(|(_, count)| count).sum();
        ok.saturating_sub(self.empty)
    }

    /// Everything done that did not succeed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.done.saturating_sub(self.succeeded())
    }

    /// Whether the books balance; an error names the sums that differ. They always do in a tally
    /// of ours: this is for one that came over a wire.
    pub fn balanced(&self) -> Result<(), String> {
        let answers: u64 = self.by_status.values().chain(self.by_error.values()).sum();
        let checks = [
            ("due and sent + unsent", self.due, self.sent.saturating_add(self.unsent)),
            ("sent and in flight + done", self.sent, self.in_flight.saturating_add(self.done)),
            ("done and answers + failures", self.done, answers),
        ];
        match checks.iter().find(|(_, left, right)| left != right) {
            None => Ok(()),
            Some((what, left, right)) => Err(format!("{what} differ: {left} and {right}")),
        }
    }

    /// Adds another stream's tally: clients or replicas together.
    pub fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.sent += other.sent;
        self.late += other.late;
        self.unsent += other.unsent;
        self.in_flight += other.in_flight;
        self.done += other.done;
        self.empty += other.empty;
        for (status, count) in &other.by_status {
            *self.by_status.entry(*status).or_default() += count;
        }
        for (failure, count) in &other.by_error {
            *self.by_error.entry(*failure).or_default() += count;
        }
        if other.last_error.is_some() {
            self.last_error.clone_from(&other.last_error);
        }
        self.lateness.add(&other.lateness);
        self.latency.add(&other.latency);
        self.service.add(&other.service);
    }

    /// What happened since `earlier`, an older state of the same tally. `in_flight` is the state
    /// now; requests that were in flight then count as done since.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            due: self.due.saturating_sub(earlier.due),
            sent: self.sent.saturating_sub(earlier.sent),
            late: self.late.saturating_sub(earlier.late),
            unsent: self.unsent.saturating_sub(earlier.unsent),
            in_flight: self.in_flight,
            done: self.done.saturating_sub(earlier.done),
            by_status: differences(&self.by_status, &earlier.by_status),
            by_error: differences(&self.by_error, &earlier.by_error),
            empty: self.empty.saturating_sub(earlier.empty),
            last_error: self.last_error.clone(),
            lateness: self.lateness.since(&earlier.lateness),
            latency: self.latency.since(&earlier.latency),
            service: self.service.since(&earlier.service),
        }
    }
}

fn differences<K: Ord + Copy>(now: &BTreeMap<K, u64>, then: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    let since = |(key, count): (&K, &u64)| {
        let since = count.saturating_sub(then.get(key).copied().unwrap_or(0));
        (since > 0).then_some((*key, since))
    };
    now.iter().filter_map(since).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Due, sent 60 ms late, answered 100 ms later.
    fn one(tally: &mut Tally, outcome: Result<Answer, (Failure, String)>) {
        let due = Instant::now();
        let sent = due + Duration::from_millis(60);
        tally.start();
        tally.send(due, sent);
        tally.end(due, sent, sent + Duration::from_millis(100), outcome);
    }

    #[test]
    fn everything_is_counted_once() {
        let mut tally = Tally::default();
        one(&mut tally, Ok(Answer { status: 200, empty: false }));
        one(&mut tally, Ok(Answer { status: 200, empty: true }));
        one(&mut tally, Ok(Answer { status: 503, empty: false }));
        one(&mut tally, Err((Failure::Timeout, "x".repeat(1000))));
        tally.skip();
        tally.start();
        assert_eq!(tally.balanced(), Ok(()));
        assert_eq!((tally.due, tally.sent, tally.unsent), (6, 5, 1));
        assert_eq!((tally.in_flight, tally.done, tally.late, tally.empty), (1, 4, 4, 1));
        assert_eq!((tally.succeeded(), tally.failed()), (1, 3));
        assert_eq!(tally.last_error.as_ref().map(String::len), Some(300));
        let between = |times: &Latencies, low, high| {
            times.count_between(Duration::from_millis(low), Duration::from_millis(high))
        };
        assert_eq!(between(&tally.latency.ok, 159, 161), 2);
        assert_eq!(between(&tally.service.error, 99, 101), 2);
        assert_eq!(tally.latency.all().count(), 4);

        tally.cut();
        assert_eq!((tally.in_flight, tally.by_error[&Failure::Cut]), (0, 1));
        assert_eq!(tally.balanced(), Ok(()));
        tally.done += 1;
        assert!(tally.balanced().is_err());
    }

    #[test]
    fn sums_and_differences_undo_each_other() {
        let (mut a, mut b) = (Tally::default(), Tally::default());
        one(&mut a, Ok(Answer { status: 200, empty: false }));
        one(&mut b, Ok(Answer { status: 404, empty: false }));
        one(&mut b, Err((Failure::Refused, "refused".into())));
        let mut sum = a.clone();
        sum.add(&b);
        let difference = sum.since(&a);
        let json = |tally: &Tally| serde_json::to_value(tally).unwrap();
        assert_eq!(json(&difference), json(&b));
    }
}
