//! For tests of what a death leaves: a process that dies around a chosen record of its journal. In
//! a release there is no such thing.

/// Around a record, where a process may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before it is written.
    Before,
    /// When it is written, and what it announces is not done.
    Written,
    /// When what it announces has been done.
    Applied,
}

/// Where this process dies, if it is a test's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failpoint {
    /// The record (from 0), the moment, and whether by a panic instead of SIGKILL.
    #[cfg(debug_assertions)]
    at: Option<(u64, Moment, bool)>,
}

// === impl Failpoint ===

#[cfg(debug_assertions)]
impl Failpoint {
    /// `7:written` in `FAULTLESS_TEST_KILL_AT` kills this process by SIGKILL as soon as its
    /// journal's seventh record (from 0) is written; `before` it is written; `applied` when the
    /// change that it announces has been made; `panic` then panics instead. Nothing else reads this
    /// variable.
    pub(super) fn from_environment() -> Self {
        let read = |text: String| {
            let (place, moment) = text.split_once(':')?;
            let (moment, panics) = match moment {
                "before" => (Moment::Before, false),
                "written" => (Moment::Written, false),
                "applied" => (Moment::Applied, false),
                "panic" => (Moment::Applied, true),
                _ => return None,
            };
            Some((place.parse().ok()?, moment, panics))
        };
        Self { at: std::env::var("FAULTLESS_TEST_KILL_AT").ok().and_then(read) }
    }

    /// Dies, if it is time.
    pub(super) fn reached(self, place: u64, moment: Moment) {
        match self.at {
            Some((at, when, true)) if (at, when) == (place, moment) => {
                panic!("FAULTLESS_TEST_KILL_AT wants a panic at {place}");
            }
            Some((at, when, false)) if (at, when) == (place, moment) => {
                let me = rustix::process::getpid();
                let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
            }
            _ => {}
        }
    }
}

#[cfg(not(debug_assertions))]
impl Failpoint {
    pub(super) const fn from_environment() -> Self {
        Self {}
    }

    pub(super) const fn reached(self, _place: u64, _moment: Moment) {}
}
