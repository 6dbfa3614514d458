//! What a watchdog says to its run, as the annotation of its Job. Pure.

use crate::safety::deadman::STARTING;

/// Before a reason not to watch.
const REFUSED: &str = "refused: ";

/// What the Job says once it is watched.
pub(crate) const WATCHING: &str = "watching";

/// What a watchdog says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Not a word yet.
    Nothing,
    /// It watches.
    Watching,
    /// It will not, for this reason.
    Refused(String),
}

// === impl Said ===

impl Said {
    /// From the annotation.
    pub(super) fn of(text: &str) -> Self {
        match text.strip_prefix(REFUSED) {
            Some(why) => Self::Refused(why.to_owned()),
            None if text == WATCHING => Self::Watching,
            None => Self::Nothing,
        }
    }

    /// As the annotation.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => STARTING.to_owned(),
            Self::Watching => WATCHING.to_owned(),
            Self::Refused(why) => format!("{REFUSED}{why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        for said in [Said::Nothing, Said::Watching, Said::Refused("a: b".to_owned())] {
            assert_eq!(Said::of(&said.text()), said);
        }
    }
}
