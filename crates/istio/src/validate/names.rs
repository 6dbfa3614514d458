//! Names, hosts and ports that Istio accepts.

use crate::review::Review;

/// Whether this is a DNS name Istio accepts; `wild` allows `*` and `*.example.com`.
pub(super) fn host_name(host: &str, wild: bool) -> bool {
    let plain = match (wild, host) {
        (true, "*") => return true,
        (true, _) => host.strip_prefix("*.").unwrap_or(host),
        (false, _) => host,
    };
    plain.len() <= 255 && plain.split('.').all(label)
}

/// Whether this is a DNS-1123 label.
pub(super) fn label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

pub(super) fn subset_name(name: &str, path: &str, review: &mut Review) {
    if !label(name) || name.chars().any(|c| c.is_ascii_uppercase()) {
        review
            .error(path, format_args!("subset name is invalid: {name:?} is not a DNS-1123 label"));
    }
}

pub(super) fn port_number(number: u32, path: &str, review: &mut Review) {
    if !(1..=65_535).contains(&number) {
        review.error(path, format_args!("port number {number} must be in the range 1..65535"));
    }
}
