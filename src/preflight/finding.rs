//! What was found about one thing that was looked at. Pure.

/// What was found about one thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub state: State,
    /// What was looked at.
    pub what: String,
    /// What was seen.
    pub seen: String,
    /// What to do.
    pub hint: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it has to be.
    Ok,
    /// A run is possible, but not everything in it, or something could not be looked at.
    Warning,
    /// No run is possible.
    Missing,
}

// === impl Finding ===

impl Finding {
    pub(super) fn ok(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(State::Ok, what, seen)
    }

    pub(super) fn warning(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(State::Warning, what, seen)
    }

    pub(super) fn missing(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(State::Missing, what, seen)
    }

    /// Something that could not be looked at is no fault of the cluster's.
    pub(super) fn unseen(what: impl Into<String>, why: &str) -> Self {
        // `services is forbidden: User "x" cannot list …`: who we are is said elsewhere.
        let short = match why.split_once(" is forbidden: User ") {
            Some((_, rest)) => rest.find("cannot ").map_or(why, |at| &rest[at..]),
            None => why,
        };
        Self::warning(what, format!("could not be looked at: {short}"))
    }

    fn new(state: State, what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { state, what: what.into(), seen: seen.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

// === impl State ===

impl State {
    /// Its word in the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Missing => "missing",
        }
    }
}
