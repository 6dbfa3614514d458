//! Hands requests out when they are due, from an operating-system thread of its own.
//!
//! Async timers count whole milliseconds: at 1,000 requests per second they left half of the 1-ms
//! slots empty and were late by 1.3-2 ms, where a thread that sleeps to absolute times left 1%
//! empty (measured). One thread serves all streams of an agent.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::schedule::Schedule;

/// The thread wakes at most this often: 100 µs is below what a timer of the kernel keeps anyway
/// (50 µs slack), and bounds the wake-ups at 10,000 per second however high the rate is.
const TICK: Duration = Duration::from_micros(100);

/// Requests in one batch at most, so that a plan that is far behind does not fill the memory.
const BATCH_MAX: usize = 1_024;

/// Batches that wait for the runtime at most: 6 ms of wake-ups. A runtime that is further behind
/// leaves requests in the plan, from where they come late and are counted so.
const BATCHES_MAX: usize = 64;

/// Streams that wait to be taken up at most; the thread takes them within a tick.
const STARTING_MAX: usize = 256;

/// A request that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Its place in the plan, from 0.
    pub index: u64,
    /// When it was due: past by the time anybody sees it.
    pub at: Instant,
}

/// The pacing thread; dropping it ends all schedules and joins the thread.
#[derive(Debug)]
pub struct Pacer {
    /// `None` only while being dropped: closing the channel ends the thread.
    starting: Option<SyncSender<Paced>>,
    thread: Option<JoinHandle<()>>,
}

/// One schedule under way.
struct Paced {
    plan: Schedule,
    start: Instant,
    next: Option<Due>,
    batches: mpsc::Sender<Vec<Due>>,
}

// === impl Pacer ===

impl Pacer {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (starting, started) = sync_channel(STARTING_MAX);
        let thread =
            std::thread::Builder::new().name("pacer".into()).spawn(move || pace(&started))?;
        Ok(Self { starting: Some(starting), thread: Some(thread) })
    }

    /// Starts a schedule at `start`. The batches end with it; closing the receiver ends it early.
    pub fn pace(&self, plan: Schedule, start: Instant) -> io::Result<mpsc::Receiver<Vec<Due>>> {
        let (batches, due) = mpsc::channel(BATCHES_MAX);
        let paced = Paced::new(plan, start, batches);
        let starting = self.starting.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        starting.try_send(paced).map_err(|e| io::Error::other(format!("the pacer: {e}")))?;
        Ok(due)
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.starting = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the pacing thread panicked");
        }
    }
}

// === impl Paced ===

impl Paced {
    fn new(mut plan: Schedule, start: Instant, batches: mpsc::Sender<Vec<Due>>) -> Self {
        let next = plan.next().map(|offset| Due { index: 0, at: start + offset });
        Self { plan, start, next, batches }
    }

    /// Hands out what is due at `now`; the time at which to come back, or `None` at the end.
    fn emit(&mut self, now: Instant) -> Option<Instant> {
        loop {
            let next = self.next?.at;
            if next > now {
                return (!self.batches.is_closed()).then_some(next);
            }
            let permit = match self.batches.try_reserve() {
                Ok(permit) => permit,
                Err(TrySendError::Full(())) => return Some(now + TICK),
                Err(TrySendError::Closed(())) => return None,
            };
            let mut batch = Vec::new();
            while batch.len() < BATCH_MAX
                && let Some(due) = self.next.filter(|due| due.at <= now)
            {
                batch.push(due);
                // A plan without an end may reach past what a clock holds; nobody waits that long.
                let at = self.plan.next().and_then(|offset| self.start.checked_add(offset));
                self.next = at.map(|at| Due { index: due.index + 1, at });
            }
            permit.send(batch);
        }
    }
}

/// The thread: until the pacer is dropped.
fn pace(started: &Receiver<Paced>) {
    let mut under_way: Vec<Paced> = Vec::new();
    loop {
        let now = Instant::now();
        let mut wake: Option<Instant> = None;
        under_way.retain_mut(|paced| match paced.emit(now) {
            Some(next) => {
                wake = Some(wake.map_or(next, |wake| wake.min(next)));
                true
            }
            None => false,
        });
        let received = match wake {
            Some(wake) => {
                let pause = wake.saturating_duration_since(Instant::now()).max(TICK);
                started.recv_timeout(pause)
            }
            None => started.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(paced) => under_way.push(paced),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::spec::Spacing;
    use crate::units::Rate;

    fn plan(rate: f64, duration_ms: u64) -> Schedule {
        let rate = Rate::per_second(rate).unwrap();
        Schedule::new(rate, Spacing::Even, Duration::ZERO, Some(Duration::from_millis(duration_ms)))
    }

    #[tokio::test]
    async fn every_request_of_the_plan_comes_once_and_not_before_its_time() {
        let pacer = Pacer::start().unwrap();
        let start = Instant::now();
        let mut due = pacer.pace(plan(5_000.0, 200), start).unwrap();
        let mut index = 0;
        while let Some(batch) = due.recv().await {
            let now = Instant::now();
            for request in batch {
                assert_eq!(request.index, index);
                assert_eq!(request.at, start + Duration::from_micros(200 * index));
                assert!(request.at <= now);
                index += 1;
            }
        }
        assert_eq!(index, 1_000);
    }

    #[test]
    fn what_the_runtime_does_not_take_stays_in_the_plan() {
        let (batches, mut due) = mpsc::channel(1);
        let start = Instant::now();
        let mut paced = Paced::new(plan(100_000.0, 100), start, batches);
        let end = start + Duration::from_secs(1);
        // Far behind and nobody takes anything: it comes back a tick later, again and again.
        assert_eq!(paced.emit(end), Some(end + TICK));
        assert_eq!(paced.emit(end), Some(end + TICK));
        let mut count = 0;
        while let Ok(batch) = due.try_recv() {
            assert!(batch.len() <= BATCH_MAX);
            count += batch.len();
            paced.emit(end);
        }
        assert_eq!(count, 10_000);
        assert_eq!(paced.emit(end), None);
    }

    #[tokio::test]
    async fn it_ends_when_dropped_and_when_nobody_listens() {
        let pacer = Pacer::start().unwrap();
        let mut due = pacer.pace(plan(1.0, 3_600_000), Instant::now()).unwrap();
        assert_eq!(due.recv().await.map(|batch| batch.len()), Some(1));
        drop(pacer);
        assert_eq!(due.recv().await, None);

        let (batches, due) = mpsc::channel(1);
        let mut paced = Paced::new(plan(1.0, 3_600_000), Instant::now(), batches);
        drop(due);
        assert_eq!(paced.emit(Instant::now()), None);
    }
}
