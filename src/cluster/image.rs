//! Faultless's own image, as the pods that it starts name it: load agents and watchdogs. Both are
//! held to the same limits.

use serde_json::{Value, json};

/// The image's name without its tag; the tag is the version of the program.
pub const IMAGE: &str = "ghcr.io/faultless-mesh/faultless";

/// The image with its tag.
#[must_use]
pub fn reference() -> String {
    format!("{IMAGE}:{}", env!("CARGO_PKG_VERSION"))
}

/// What a container of ours may: nothing that it does not need.
#[must_use]
pub fn security_context() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
    })
}
