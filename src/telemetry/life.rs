//! What tells a proxy's lives apart. Pure.

/// Envoy's uptime is whole seconds, brought up to date at each flush of its statistics.
const UPTIME_ROUNDING: f64 = 1.0;

/// A process' start is reckoned from the machine's, which moves a little when its clock is set.
const START_ROUNDING: f64 = 2.0;

/// What tells a proxy's lives apart.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Life {
    /// The pod's own word for it; empty if unknown.
    pub(crate) incarnation: String,
    /// Seconds since Envoy's start.
    pub(crate) uptime: Option<f64>,
    /// Seconds since the epoch at the start of the agent, which starts Envoy and ends with it.
    pub(crate) agent_start: Option<f64>,
}

// === impl Life ===

impl Life {
    /// Whether this may be the life that `was` is from, later. What is unknown says nothing.
    pub(crate) fn continues(&self, was: &Self) -> bool {
        let known = !self.incarnation.is_empty() && !was.incarnation.is_empty();
        if known && self.incarnation != was.incarnation {
            return false;
        }
        match (self.uptime, was.uptime) {
            (Some(now), Some(was)) => now + UPTIME_ROUNDING >= was,
            _ => match (self.agent_start, was.agent_start) {
                (Some(now), Some(was)) => (now - was).abs() <= START_ROUNDING,
                _ => true,
            },
        }
    }

    /// Learns from a later reading of the same life; what it does not say stays.
    pub(crate) fn learn(&mut self, now: &Self) {
        if !now.incarnation.is_empty() {
            self.incarnation.clone_from(&now.incarnation);
        }
        self.uptime = now.uptime.or(self.uptime);
        self.agent_start = now.agent_start.or(self.agent_start);
    }

    /// Whether Envoy told its uptime.
    pub(crate) const fn has_uptime(&self) -> bool {
        self.uptime.is_some()
    }
}
