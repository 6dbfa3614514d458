//! Whose fault it was: the feature's, the mesh's or the runner's own. Every error that leaves the
//! library is this one type; the exit code follows from the blame (`ExitCode`), so that a mesh that
//! failed, a wrong sentence and a broken runner never look alike.

use std::fmt;

/// The result of everything fallible above the typed leaves.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act so that the error goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The feature file, the application file or an argument says something that cannot be meant.
    Feature,
    /// The mesh did what an expectation forbids, or refused a configuration.
    Mesh,
    /// Faultless, its machine or its cluster could not do their work.
    Runner,
    /// Something of ours is still in the mesh and has to be removed.
    LeftBehind,
}

/// What the process tells its caller; the numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitCode {
    /// Every scenario passed.
    Passed = 0,
    /// An expectation was violated, or a verdict was inconclusive or vacuous.
    Unmet = 1,
    /// The features or the arguments are wrong; nothing was touched.
    Wrong = 2,
    /// The runner or its cluster failed.
    Broken = 3,
    /// Something was left behind in the mesh.
    LeftBehind = 4,
}

/// An error: what was being done, why it failed, whose fault that is and what to do next.
#[derive(Debug, Clone)]
pub struct Error {
    blame: Blame,
    doing: String,
    cause: String,
    hint: Option<String>,
    forbidden: bool,
}

// === impl Error ===

impl Error {
    /// An error whose remedy lies in the feature, the application file or the arguments.
    pub fn feature(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::new(Blame::Feature, doing, cause)
    }

    /// An error of the mesh under test.
    pub fn mesh(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::new(Blame::Mesh, doing, cause)
    }

    /// An error of the runner, its machine or the way to its cluster.
    pub fn runner(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::new(Blame::Runner, doing, cause)
    }

    /// Something could not be undone.
    pub fn left_behind(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::new(Blame::LeftBehind, doing, cause)
    }

    fn new(blame: Blame, doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        // `{:#}`: a type that knows its own causes shows them all, any other prints the same.
        Self {
            blame,
            doing: doing.into(),
            cause: format!("{cause:#}"),
            hint: None,
            forbidden: false,
        }
    }

    /// Adds what the reader can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, of a right that is lacking.
    #[must_use]
    pub(crate) const fn of_rights(mut self) -> Self {
        self.forbidden = true;
        self
    }

    /// Whether a right is lacking: who can do without may go on.
    #[must_use]
    pub const fn is_of_rights(&self) -> bool {
        self.forbidden
    }

    /// Adds to what the reader can do next.
    #[must_use]
    pub fn also(mut self, hint: impl Into<String>) -> Self {
        let more = hint.into();
        self.hint = Some(match self.hint {
            Some(hint) => format!("{hint}\n  hint: {more}"),
            None => more,
        });
        self
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        self.blame
    }

    /// The exit code this error leads to when it ends the run.
    #[must_use]
    pub const fn exit_code(&self) -> ExitCode {
        match self.blame {
            Blame::Feature => ExitCode::Wrong,
            Blame::Mesh => ExitCode::Unmet,
            Blame::Runner => ExitCode::Broken,
            Blame::LeftBehind => ExitCode::LeftBehind,
        }
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
