//! Which part of an object a URL means. Pure.

use crate::kinds::Kind;

/// Which part of an object a URL means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The object itself.
    Whole,
    /// `…/status`
    Status,
    /// `…/scale`
    Scale,
    /// `…/log`
    Log,
    /// `…/portforward`
    PortForward,
    /// `…/proxy/{path}`: the path that the pod or service shall see, with its leading slash.
    Proxy(String),
}

// === impl Part ===

impl Part {
    /// The part that the rest of a URL names, if the kind has it.
    pub(super) fn parse(kind: &'static Kind, sub: &str, rest: Option<&str>) -> Option<Self> {
        if !kind.subresources.contains(&sub) {
            return None;
        }
        match (sub, rest) {
            ("proxy", rest) => Some(Self::Proxy(format!("/{}", rest.unwrap_or_default()))),
            ("status", None) => Some(Self::Status),
            ("scale", None) => Some(Self::Scale),
            ("log", None) => Some(Self::Log),
            ("portforward", None) => Some(Self::PortForward),
            _ => None,
        }
    }
}
