//! The configuration an Envoy starts with, and its command line. Everything else it asks the
//! control plane for. Pure and golden-tested.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use super::admin;
use super::stats::stats;
use crate::control_plane::xds;
use crate::translate::config_source::{XDS_CLUSTER, config_source};

/// Name of the bootstrap file in a pod's folder.
pub(super) const FILE: &str = "bootstrap.json";

/// Worker threads. Istio's default (a limit of 2 CPUs) gives 2, and circuit breakers depend on it:
/// each worker may always open one connection, whatever the limit says.
const CONCURRENCY: u32 = 2;

/// Envoy's bootstrap for the pod folder `dir`, the control plane's socket and this node id.
#[must_use]
pub(super) fn config(dir: &Path, socket: &Path, node: &str) -> Value {
    json!({
        "node": { "id": node, "cluster": node.split('~').nth(2).unwrap_or(node) },
        // 384 is 0600: only the user who runs the mesh may talk to the admin.
        "admin": { "address": { "pipe": { "path": dir.join(admin::SOCKET), "mode": 384 } } },
        "dynamic_resources": {
            "cds_config": config_source(),
            "lds_config": config_source(),
        },
        "static_resources": { "clusters": [xds(socket)] },
        // Counters are always live. Histograms are merged when the admin is asked, instead of by a
        // timer in sixteen idle processes; `metrics::readings` knows that one answer is not enough.
        "stats_flush_on_admin": true,
        // How late its threads run: a witness for what times mean.
        "enable_dispatcher_stats": true,
        "stats_config": stats(),
        // Says that "no limit" is meant; otherwise each Envoy logs a warning at its start.
        "overload_manager": { "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.\
                          downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": i32::MAX,
            },
        }] },
    })
}

/// The control plane behind its socket. One HTTP/2 connection carries all subscriptions, each of
/// which always has a question open, so nothing may count them.
fn xds(socket: &Path) -> Value {
    json!({
        "name": XDS_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": XDS_CLUSTER,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": {
                "address": { "pipe": { "path": socket } },
            } }] }],
        },
        "circuit_breakers": { "thresholds": [{
            "max_pending_requests": u32::MAX,
            "max_requests": u32::MAX,
        }] },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/\
                          envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http2_protocol_options": {
                    "max_concurrent_streams": xds::STREAMS_MAX,
                } },
            },
        },
    })
}

/// Envoy's arguments. They are as few as can be: one process per pod, no hot restart.
#[must_use]
pub(super) fn args(dir: &Path) -> Vec<OsString> {
    let concurrency = CONCURRENCY.to_string();
    let mut args: Vec<OsString> = vec!["-c".into(), dir.join(FILE).into()];
    args.extend(
        [
            "--disable-hot-restart",
            "--use-dynamic-base-id",
            "--concurrency",
            &concurrency,
            "--log-level",
            "warning",
            // One message is one line, whatever it quotes; so a rejection can be picked out.
            "--log-format-escaped",
            "--log-format",
            "[%l][%n] %v",
            // A field or value that Envoy does not know is a mistake of the translation; by default
            // Envoy would only warn and take the rest.
            "--reject-unknown-dynamic-fields",
            // As Istio: a replaced listener's connections are closed after this time.
            "--drain-time-s",
            "45",
        ]
        .map(OsString::from),
    );
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bootstrap_of_a_pod() {
        let node = "sidecar~127.1.0.7~hotels-v1-x.travel-agency~travel-agency.svc.cluster.local";
        insta::assert_json_snapshot!(config(
            Path::new("/run/mesh/7"),
            Path::new("/run/mesh/xds.sock"),
            node
        ));
        assert_eq!(args(Path::new("/p"))[..2], ["-c", "/p/bootstrap.json"].map(OsString::from));
    }
}
