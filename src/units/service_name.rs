//! The name of a service, as steps write it. Pure.

use std::fmt;
use std::str::FromStr;

use crate::units::error::UnitError;

/// A service as a step names it: `hotels`, or `travels.travel-agency` where the name alone is not
/// unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName {
    /// The service's own name.
    pub name: String,
    /// Its namespace, if it was given.
    pub namespace: Option<String>,
}

impl FromStr for ServiceName {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bad = || UnitError(format!("`{text}` is not a service such as cart or cart.shop"));
        let label = |part: &str| {
            let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !part.is_empty()
                && part.len() <= 63
                && part.chars().all(inner)
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let (name, namespace) = match text.split_once('.') {
            Some((name, namespace)) => (name, Some(namespace)),
            None => (text, None),
        };
        if !label(name) || !namespace.is_none_or(label) {
            return Err(bad());
        }
        Ok(Self { name: name.to_owned(), namespace: namespace.map(str::to_owned) })
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{}.{namespace}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
