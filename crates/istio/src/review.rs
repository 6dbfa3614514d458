//! What the rules for one object say of it.

use std::fmt;

/// What the rules say.
#[derive(Debug, Default)]
pub(crate) struct Review {
    /// Reasons to refuse the object.
    pub(crate) errors: Vec<String>,
    /// Reasons to doubt that it means what it says.
    pub(crate) warnings: Vec<String>,
}

// === impl Review ===

impl Review {
    pub(crate) fn error(&mut self, field: impl fmt::Display, what: impl fmt::Display) {
        self.errors.push(format!("{field}: {what}"));
    }

    pub(crate) fn warn(&mut self, field: impl fmt::Display, what: impl fmt::Display) {
        self.warnings.push(format!("{field}: {what}"));
    }
}
