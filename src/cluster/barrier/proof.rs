//! What the barrier saw in the end, and how sure it is. Pure.

use std::fmt;
use std::time::Duration;

/// How it was seen that the proxies know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Nobody could be asked: there was a pause, and the verdicts' own proofs have to do.
    Paused,
    /// The control plane's counters say that it pushed, and that nobody refused.
    Pushed,
    /// Every proxy acknowledged what was pushed since; none of those that were asked has a part of
    /// it that could show it.
    Acknowledged,
    /// It is in the proxies' own configuration, and every one acknowledged it.
    Shown,
}

/// What the barrier saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converged {
    /// Proxies that know.
    pub proxies: u32,
    /// How long it took from the write on.
    pub took: Duration,
    /// How that was seen.
    pub proof: Proof,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shown => "shown in the proxies' configuration",
            Self::Acknowledged => "acknowledged by the proxies, not shown in their configuration",
            Self::Pushed => "pushed, by the control plane's counters; no proxy could be asked",
            Self::Paused => "not proven: nobody could be asked, so there was a pause",
        })
    }
}
