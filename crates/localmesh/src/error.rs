//! Why a mesh cannot be started: what was being done, why it failed, and what to do next.

use std::fmt;

/// The result of everything that can keep a mesh from starting.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a mesh cannot be started.
#[derive(Debug, Clone)]
pub struct Error {
    /// What was being done.
    pub doing: String,
    /// Why it failed.
    pub cause: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether it is for what the caller gave, and not for the machine.
    pub given: bool,
}

// === impl Error ===

impl Error {
    /// The machine could not do it.
    pub fn new(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self { doing: doing.into(), cause: cause.to_string(), hint: None, given: false }
    }

    /// What the caller gave cannot be used.
    pub fn given(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self { given: true, ..Self::new(doing, cause) }
    }

    /// Adds what the reader can do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.cause)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
