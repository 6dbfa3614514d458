//! Where a proxy gets its resources from.

use serde_json::{Value, json};

/// Name of the static cluster that is the control plane.
pub(crate) const XDS_CLUSTER: &str = "xds";

/// How long Envoy waits for an answer, in seconds; twice as long as the control plane holds one.
pub(crate) const REQUEST_TIMEOUT: u32 = 600;

/// Where all resources come from: the control plane, asked again as soon as it has answered. The
/// delay is what a change waits for its acknowledgement, and the pause after a failure.
#[must_use]
pub fn config_source() -> Value {
    json!({
        "resource_api_version": "V3",
        "api_config_source": {
            "api_type": "REST",
            "transport_api_version": "V3",
            "cluster_names": [XDS_CLUSTER],
            "refresh_delay": "0.002s",
            "request_timeout": format!("{REQUEST_TIMEOUT}s"),
        },
    })
}
