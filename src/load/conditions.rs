//! The conditions under which a stream was sent and its answers were read: how late a task of the
//! same runtime came to its turn, and what the machine itself said meanwhile. A stream's latencies
//! mean nothing where the one who takes them was kept waiting.
//!
//! The ticker is jHiccup's idea (G. Tene, "jHiccup", 2011): a task that wants to run every 10 ms
//! notes how much later it ran. It runs on the runtime that reads the answers, so it sees what the
//! receiving side sees: a machine without a free core, a cgroup whose quota is used up, a stolen
//! virtual CPU, a runtime with too much to do. A stall of 200 ms counts as twenty late ticks, not
//! as one, so that shares of ticks are shares of time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::histogram::Latencies;
use super::machine::Usage;

/// Between two ticks. Shorter ones would see shorter stalls, but no claim tells those apart.
pub const TICK: Duration = Duration::from_millis(10);

/// Late ticks that one stall counts as, at most: a machine that slept for an hour has stalled once.
const CAUGHT_UP_MAX: u32 = 6_000;

/// What a stream's own time was like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// How late each tick came.
    pub lag: Latencies,
    /// What the machine was doing, as far as it says.
    #[serde(default)]
    pub machine: Usage,
    /// The same of that second of it in which most of all cores' time was used.
    #[serde(default)]
    pub busiest: Usage,
}

// === impl Conditions ===

impl Conditions {
    /// Adds another stream's conditions: streams beside each other, or pieces of load in turn.
    pub fn add(&mut self, other: &Self) {
        self.lag.add(&other.lag);
        self.machine = self.machine.and(&other.machine);
        self.stretch(&other.busiest);
    }

    /// Notes a stretch of the time.
    pub fn stretch(&mut self, usage: &Usage) {
        if usage.busy() > self.busiest.busy() {
            self.busiest = *usage;
        }
    }

    /// The share of time in which a tick came later than this, from 0 to 1.
    #[must_use]
    pub fn share_later_than(&self, lag: Duration) -> f64 {
        let ticks = self.lag.count();
        if ticks == 0 {
            return 0.0;
        }
        let late = self.lag.count_between(lag, Duration::MAX);
        late as f64 / ticks as f64
    }

    /// How late the latest tick came.
    #[must_use]
    pub fn longest_stall(&self) -> Duration {
        self.lag.max().unwrap_or_default()
    }
}

/// Watches until it is dropped; `note` is given each tick's lag.
pub async fn watch(mut note: impl FnMut(Duration)) -> ! {
    let mut due = Instant::now() + TICK;
    loop {
        tokio::time::sleep_until(due).await;
        let now = Instant::now();
        let mut caught_up = 0;
        while due <= now {
            if caught_up < CAUGHT_UP_MAX {
                note(now - due);
            }
            caught_up += 1;
            due += TICK;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_ticks_are_shares_of_time() {
        let mut conditions = Conditions::default();
        assert!(conditions.share_later_than(TICK).abs() < f64::EPSILON);
        for lag in [1, 1, 1, 1, 1, 1, 1, 1, 30, 120] {
            conditions.lag.record(Duration::from_millis(lag));
        }
        let share = |ms| conditions.share_later_than(Duration::from_millis(ms));
        assert!((share(20) - 0.2).abs() < 1e-9 && (share(100) - 0.1).abs() < 1e-9);
        assert!(conditions.longest_stall() >= Duration::from_millis(120));
        for idle in [500, 40, 900] {
            conditions.stretch(&Usage {
                cores_us: Some(1_000),
                idle_us: Some(idle),
                ..Usage::default()
            });
        }
        assert_eq!(conditions.busiest.busy(), Some(0.96));
        let mut twice = conditions.clone();
        twice.add(&conditions);
        assert_eq!(twice.lag.count(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_counts_as_long_as_it_lasts() {
        // Time that goes on while nothing runs is what a starved machine does to the ticker.
        let ms = Duration::from_millis;
        let mut lags = Vec::new();
        let stalled = async {
            tokio::time::sleep(ms(15)).await;
            tokio::time::advance(ms(100)).await;
            tokio::time::sleep(ms(15)).await;
        };
        tokio::select! {
            never = watch(|lag| lags.push(lag)) => never,
            () = stalled => {}
        }
        // Due at 20, 30, …, 110 ms, and all of them noted at 115.
        let late: Vec<_> = lags.into_iter().filter(|lag| *lag >= ms(5)).collect();
        assert_eq!(late, (0..10).map(|tick| ms(95 - 10 * tick)).collect::<Vec<_>>());
    }
}
