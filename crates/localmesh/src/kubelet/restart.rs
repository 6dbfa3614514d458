//! Whether and when a container that ended is started again. Pure.

use std::time::Duration;

/// When a container that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// The first wait before a restart and the longest. Kubernetes waits 10 s to 5 min, which would
/// outlast a whole run.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// After running this long a container is no longer crash-looping, and the wait starts anew.
const SETTLED: Duration = Duration::from_mins(1);

/// The wait before the next start.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

// === impl RestartPolicy ===

impl RestartPolicy {
    /// As a pod's `spec.restartPolicy` has it.
    pub(super) fn of(text: Option<&str>) -> Self {
        match text {
            Some("Never") => Self::Never,
            Some("OnFailure") => Self::OnFailure,
            _ => Self::Always,
        }
    }

    /// Whether a container that ended so is started again.
    pub(super) fn restarts(self, outcome: &Result<(), String>) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => outcome.is_err(),
            Self::Never => false,
        }
    }
}

// === impl Backoff ===

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: BACKOFF_FIRST }
    }

    /// How long to wait after a run of this length.
    pub(super) fn after(&mut self, run: Duration) -> Duration {
        if run >= SETTLED {
            self.next = BACKOFF_FIRST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(BACKOFF_MAX);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_bound_and_starts_anew() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..7).map(|_| backoff.after(Duration::ZERO).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.after(SETTLED), BACKOFF_FIRST);
    }

    #[test]
    fn policies_restart_as_kubernetes_does() {
        let (done, failed) = (Ok(()), Err("x".to_owned()));
        for (policy, on_done, on_failure) in
            [(None, true, true), (Some("OnFailure"), false, true), (Some("Never"), false, false)]
        {
            let policy = RestartPolicy::of(policy);
            assert_eq!(policy.restarts(&done), on_done);
            assert_eq!(policy.restarts(&failed), on_failure);
        }
    }
}
