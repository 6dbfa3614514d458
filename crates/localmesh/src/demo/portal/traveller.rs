//! Who travels, and how. Pure.

use std::fmt;

/// Who travels, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Traveller {
    pub(super) device: &'static str,
    pub(super) user: &'static str,
    pub(super) travel: &'static str,
}

impl fmt::Display for Traveller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device {}, user {}, travel {}", self.device, self.user, self.travel)
    }
}
