//! What somebody wrote, as it can be shown again: on one line and not for ever. Pure.

/// Longer words are not shown to their end.
const SHOWN_MAX: usize = 120;

/// A word as an error shows it: control characters spelled, and no longer than a line.
pub(super) fn printable(word: &str) -> String {
    let mut shown: String = word.chars().take(SHOWN_MAX).flat_map(char::escape_debug).collect();
    if word.chars().nth(SHOWN_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// An address as it can be shown: without what may be a password in it.
pub(crate) fn masked(address: &str) -> String {
    let of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(of_scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), address),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => printable(&format!("{scheme}***@{host}")),
        None => printable(address),
    }
}

/// One character as an error names it.
pub(super) fn character(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '\t' => "a tab".to_owned(),
        c if c.is_control() => format!("the control character U+{:04X}", u32::from(c)),
        c => format!("`{c}`"),
    }
}
