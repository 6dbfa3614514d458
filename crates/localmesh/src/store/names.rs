//! Which names objects may have, and what Kubernetes says about those they may not. Pure.

use super::refusal::Refusal;
use crate::kinds::{self, Kind};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or \
    '-', start with an alphabetic character, and end with an alphanumeric character (e.g. \
    'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// The longest label and the longest subdomain (RFC 1123).
const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

/// Whether this is a DNS label as RFC 1123 has it.
#[must_use]
pub fn is_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && !name.starts_with('-') && !name.ends_with('-') && name.chars().all(inner)
}

/// Refuses a name that an object of this kind may not have.
pub(super) fn check(kind: &Kind, name: &str) -> Result<(), Refusal> {
    let invalid = |cause: &str| {
        let cause = format!("Invalid value: \"{name}\": {cause}");
        Err(Refusal::invalid(kind, name, "metadata.name", cause))
    };
    if name.is_empty() {
        let cause = "Required value: name or generateName is required";
        return Err(Refusal::invalid(kind, name, "metadata.name", cause));
    }
    let (well_formed, rule, max) = if kind == &kinds::SERVICE {
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        (starts && is_label(name), LABEL_1035, LABEL_MAX)
    } else if kind == &kinds::NAMESPACE {
        (is_label(name), LABEL, LABEL_MAX)
    } else {
        (name.split('.').all(is_label), SUBDOMAIN, SUBDOMAIN_MAX)
    };
    if !well_formed {
        return invalid(rule);
    }
    if name.len() > max {
        return invalid(&format!("must be no more than {max} characters"));
    }
    Ok(())
}
