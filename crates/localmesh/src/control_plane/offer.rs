//! Resources as they are sent, with the version that stands for them. Pure.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The resources of one subscription as they are sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// A hash of the content.
    pub(super) version: String,
    /// The resources as a JSON array.
    pub(super) resources: String,
}

// === impl Offer ===

impl Offer {
    pub(super) fn new<'a>(resources: impl IntoIterator<Item = &'a Value>) -> Self {
        let resources: Vec<&Value> = resources.into_iter().collect();
        let resources = serde_json::to_string(&resources).expect("values are JSON already");
        Self { version: hash(resources.as_bytes()), resources }
    }
}

/// Sixteen hexadecimal digits of the SHA-256: two contents never share them by chance.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
