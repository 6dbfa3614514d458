//! The order in which kinds are taken back.

/// In this order kinds are taken back: a VirtualService must be gone from every proxy before the
/// DestinationRule whose subsets it names, and an owner goes after what it owns.
pub(crate) const WAVES: &[&[&str]] = &[&["VirtualService"], &["DestinationRule"]];
