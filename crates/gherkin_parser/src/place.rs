//! Where something stands.

/// A place in a file: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column of its first character that is not blank.
    pub column: usize,
}
