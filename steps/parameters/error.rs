//! What is said of a word that cannot be read.

use std::fmt;

/// Why a word could not be read. Cucumber shows errors of parameters by `Debug`, so that is what
/// must be readable.
#[derive(Clone)]
pub(crate) struct ParameterError(String);

impl fmt::Debug for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ParameterError {
    /// With a text of ours.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// With what somebody else says.
    pub(super) fn because(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}
