//! The network filters that listeners are made of.

use serde_json::{Value, json};

/// The fault filter is in every connection manager and does nothing until a route says so.
pub(super) const FAULT: &str = "envoy.filters.http.fault";
pub(super) const FAULT_TYPE: &str =
    "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";
const HTTP_MANAGER: &str = "type.googleapis.com/\
     envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
pub(super) const TCP_PROXY: &str =
    "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

pub(super) fn connection_manager(stat_prefix: &str, access_log: &[Value]) -> Value {
    json!({
        "@type": HTTP_MANAGER,
        "stat_prefix": stat_prefix,
        "codec_type": "AUTO",
        "use_remote_address": false,
        "normalize_path": true,
        "generate_request_id": true,
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": access_log,
        "http_filters": [
            {"name": FAULT, "typed_config": {"@type": FAULT_TYPE}},
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                },
            },
        ],
    })
}

pub(super) fn http_filter(manager: &Value) -> Value {
    json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": manager})
}

pub(super) fn tcp_filter(proxy: &Value) -> Value {
    json!({"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy})
}
