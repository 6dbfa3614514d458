//! A table's row, taken apart.

/// The cells between a row's pipes: `\|` is a pipe, `\\` a backslash, `\n` a line's end; any other
/// backslash is itself. What stands before the first pipe and after the last is no cell.
pub(crate) fn cells(row: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell: Option<String> = None;
    let mut chars = row.trim_end().chars();
    while let Some(char) = chars.next() {
        match char {
            '|' => {
                let trimmed = |cell: String| {
                    let blank = |c: char| c.is_whitespace() && c != '\n';
                    cell.trim_matches(blank).to_owned()
                };
                cells.extend(cell.replace(String::new()).map(trimmed));
            }
            '\\' => {
                let text = cell.get_or_insert_default();
                match chars.next() {
                    Some('n') => text.push('\n'),
                    Some(escaped @ ('|' | '\\')) => text.push(escaped),
                    Some(other) => text.extend(['\\', other]),
                    None => text.push('\\'),
                }
            }
            _ => cell.get_or_insert_default().push(char),
        }
    }
    cells
}
