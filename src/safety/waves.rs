//! The order in which Istio's objects are taken back. Pure.

/// Kinds, wave by wave: a VirtualService must be gone from every proxy before the DestinationRule
/// whose subsets it names.
pub(crate) const WAVES: &[&[&str]] = &[&["VirtualService"], &["DestinationRule"]];
