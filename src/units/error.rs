//! Why a word cannot be read as a number with its unit. Pure.

/// Why a word could not be understood; says what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnitError(pub(super) String);

// === impl UnitError ===

impl UnitError {
    /// For words that are parsed beside their own module; a sentence that says what is accepted.
    pub(crate) const fn new(sentence: String) -> Self {
        Self(sentence)
    }
}
