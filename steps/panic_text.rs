//! What a step says when it fails: cucumber's steps report by panicking.

use std::any::Any;

/// The text of a panic; `silent` is said of one that has none.
pub(crate) fn of(panic: &(dyn Any + Send), silent: &str) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    readable(text.unwrap_or(silent))
}

/// What cucumber says of a parameter that it could not read is about its own code; what the
/// parameter says comes last.
fn readable(panic: &str) -> String {
    let last = panic.rsplit_once(": ").map_or(panic, |(_, last)| last);
    if panic.starts_with("Failed to parse element") || panic.contains("can not be parsed") {
        last.to_owned()
    } else {
        panic.to_owned()
    }
}
