//! One burst of the load tester, as fortio would make it. Pure.

use std::time::Duration;

use super::env::Env;

/// How many connections are opened at most; the demo opens 50.
const CONNECTIONS_MAX: u64 = 1000;

/// How many calls a burst has at most.
const CALLS_MAX: u64 = 1_000_000;

/// The shortest and the longest pause between bursts.
const SLEEP_MIN: Duration = Duration::from_millis(100);
const SLEEP_MAX: Duration = Duration::from_hours(1);

/// One burst.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// How many calls each connection makes.
    pub(super) calls: Vec<u64>,
    /// How long each connection waits from one call to the next; `None`: as fast as it can.
    pub(super) every: Option<Duration>,
    /// The pause after the burst.
    pub(super) sleep: Duration,
}

// === impl Plan ===

impl Plan {
    /// fortio's division of calls among connections: evenly, the remainder to the first, and at
    /// least one each. So 20 calls over 50 connections are 20 and 49 times 1.
    pub(super) fn of(env: &Env) -> Self {
        let connections = env.number("CONNECTIONS").unwrap_or(50).clamp(1, CONNECTIONS_MAX);
        let calls = env.number("NUMCALLS").unwrap_or(20).clamp(1, CALLS_MAX);
        let (each, rest) = (calls / connections, calls % connections);
        let of = |connection| (each + if connection == 0 { rest } else { 0 }).max(1);
        let rate = env.get("RATE").and_then(|rate| rate.parse::<f64>().ok()).unwrap_or(0.0);
        let every = (rate > 0.0).then(|| Duration::try_from_secs_f64(connections as f64 / rate));
        let sleep = env.get("SLEEP").and_then(|sleep| sleep.parse::<f64>().ok()).unwrap_or(5.0);
        let sleep = Duration::try_from_secs_f64(sleep).unwrap_or(SLEEP_MIN);
        Self {
            calls: (0..connections).map(of).collect(),
            every: every.and_then(Result::ok).map(|every| every.min(SLEEP_MAX)),
            sleep: sleep.clamp(SLEEP_MIN, SLEEP_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_arguments_make_69_calls() {
        let plan = Plan::of(&Env::of(&[("CONNECTIONS", "50"), ("NUMCALLS", "20"), ("RATE", "0")]));
        assert_eq!(plan.calls.iter().sum::<u64>(), 69);
        assert_eq!((plan.calls.len(), plan.calls[0], plan.calls[49]), (50, 20, 1));
        assert_eq!(plan.every, None);
        assert_eq!(plan.sleep, Duration::from_secs(5));
        assert_eq!(plan, Plan::of(&Env::of(&[])));
    }

    #[test]
    fn other_and_absurd_arguments_make_a_bounded_plan() {
        let env = [("CONNECTIONS", "4"), ("NUMCALLS", "10"), ("RATE", "8"), ("SLEEP", "0.5")];
        let plan = Plan::of(&Env::of(&env));
        assert_eq!(plan.calls, [4, 2, 2, 2]);
        assert_eq!(plan.every, Some(Duration::from_millis(500)));
        assert_eq!(plan.sleep, Duration::from_millis(500));
        let env = [("CONNECTIONS", "99999999"), ("NUMCALLS", "-3"), ("RATE", "x"), ("SLEEP", "-1")];
        let plan = Plan::of(&Env::of(&env));
        assert_eq!(plan.calls.len(), 1000);
        assert_eq!((plan.every, plan.sleep), (None, SLEEP_MIN));
        let env = [("CONNECTIONS", "0"), ("NUMCALLS", "0"), ("RATE", "1e-300"), ("SLEEP", "NaN")];
        let plan = Plan::of(&Env::of(&env));
        assert_eq!((plan.calls, plan.every, plan.sleep), (vec![1], None, SLEEP_MIN));
    }
}
