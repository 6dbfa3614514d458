//! What a console has told, so that it neither repeats itself nor falls silent.

use crate::event::ScenarioId;

/// In plain lines, how long a scenario runs, in milliseconds, before it shows a sign of life: most
/// have ended by then, and nobody takes a log for dead that is silent for so long.
pub(super) const SIGN_AFTER_MS: u64 = 20_000;

/// In CI, how often at most a scenario's load is reported, in milliseconds: often enough to show
/// that it is alive, seldom enough to keep the log short.
const LOAD_EVERY_MS: u64 = 10_000;

/// The most progress that is remembered so that it is not told once for each lane.
const PROGRESS_MAX: usize = 100;

/// What was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    /// When a scenario's load was last reported in plain lines.
    load: Vec<(ScenarioId, u64)>,
    /// Which scenarios have shown a sign of life in plain lines.
    signs: Vec<ScenarioId>,
    /// What the target was said to do.
    progress: Vec<String>,
}

// === impl Told ===

impl Told {
    /// Whether this progress is new, and from now on it is not: lanes say the same, each when it is
    /// so far.
    pub(super) fn is_new(&mut self, what: &str) -> bool {
        let new = !self.progress.iter().any(|told| told == what);
        if new && self.progress.len() < PROGRESS_MAX {
            self.progress.push(what.to_owned());
        }
        new
    }

    /// Whether a scenario that began at `started_ms` must show a sign of life now; it does so once.
    pub(super) fn owes_sign(&mut self, id: ScenarioId, started_ms: u64, now_ms: u64) -> bool {
        let due = now_ms >= started_ms.saturating_add(SIGN_AFTER_MS) && !self.signs.contains(&id);
        if due {
            self.signs.push(id);
        }
        due
    }

    /// Whether a scenario's load is to be reported now.
    pub(super) fn owes_load(&mut self, id: ScenarioId, now_ms: u64) -> bool {
        match self.load.iter_mut().find(|(told, _)| *told == id) {
            Some((_, last)) if now_ms < last.saturating_add(LOAD_EVERY_MS) => return false,
            Some((_, last)) => *last = now_ms,
            None => self.load.push((id, now_ms)),
        }
        true
    }
}
