//! The tab that made a text unreadable. What a YAML library says of one is about tokens, and it
//! often stands elsewhere.

use crate::problem::Mark;

/// The first tab in the indentation of the line where reading stopped, or of one beside it.
pub(super) fn tab_near(text: &str, at: Mark) -> Option<Mark> {
    let indented = |line: usize| {
        let content = text.lines().nth(line.checked_sub(1)?)?;
        let dash = |c: char| c == ' ' || c == '-';
        let before = content.chars().take_while(|c| dash(*c)).count();
        let tab = content.chars().nth(before) == Some('\t');
        // A tab in a line with nothing in it is at times allowed.
        let blank = content.trim().is_empty() && line != at.line;
        (tab && !blank).then_some(Mark { line, column: before + 1 })
    };
    [at.line, at.line + 1, at.line.saturating_sub(1)].into_iter().find_map(indented)
}
