//! The configuration an Envoy starts with, and its command line. Everything else it asks the
//! control plane for. Pure and golden-tested.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use super::admin;
use crate::control_plane::xds;
use crate::translate::{XDS_CLUSTER, config_source};

/// Name of the bootstrap file in a pod's folder.
pub const FILE: &str = "bootstrap.json";

/// Worker threads. Istio's default (a limit of 2 CPUs) gives 2, and circuit breakers depend on it:
/// each worker may always open one connection, whatever the limit says.
pub const CONCURRENCY: u32 = 2;

/// Upper bounds of histogram buckets, in milliseconds; the same that Envoy has by default and
/// Istio leaves unchanged. They are stated here because every duration assertion depends on them.
pub const BUCKETS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10000.0,
    30000.0,
    60000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// Which statistics an Envoy keeps: what our loggers count, and of its own those of Istio's default
/// inclusion (`pkg/bootstrap/config.go`). The others, some hundred for each of its clusters, would
/// be made anew at every change and looked through at every reading.
const STATS: [&str; 5] = [
    r"(istio|cluster_manager|listener_manager\.lds|cluster\.xds)\..*",
    // What became of each route configuration; without it, a rejection shows in the log alone.
    r"http\..*\.rds\..*",
    r"(listener_manager|server)\.[^.]*",
    // How late each thread ran after a wait; of the main thread and of each worker.
    r"server\.dispatcher\.poll_delay_us",
    r"listener_manager\.worker_[0-9]+\.dispatcher\.poll_delay_us",
];

/// Envoy's bootstrap for the pod folder `dir`, the control plane's socket and this node id.
#[must_use]
pub fn config(dir: &Path, socket: &Path, node: &str) -> Value {
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
        // timer in sixteen idle processes; `metrics::page` knows that one answer is not enough.
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

/// Tag rules as Istio's bootstrap has them: prefixes end in `;`, so that names with dots stay
/// whole. Envoy's own rules would cut `outbound_0.0.0.0_8000` at its first dot.
fn stats() -> Value {
    json!({
        "use_all_default_tags": false,
        "stats_tags": [
            { "tag_name": "cluster_name",
              "regex": r"^cluster\.((.+?(\..+?\.svc\.cluster\.local)?);?\.)" },
            { "tag_name": "http_conn_manager_prefix", "regex": r"^http\.((.+?;)\.)" },
            { "tag_name": "response_code_class", "regex": r"_rq(_(\dxx))$" },
            { "tag_name": "response_code", "regex": r"_rq(_(\d{3}))$" },
        ],
        "histogram_bucket_settings": [{ "match": { "prefix": "istio" }, "buckets": BUCKETS }],
        "stats_matcher": { "inclusion_list": {
            "patterns": [{ "safe_regex": { "regex": STATS.join("|") } }],
        } },
    })
}

/// Envoy's arguments. They are as few as can be: one process per pod, no hot restart.
#[must_use]
pub fn args(dir: &Path) -> Vec<OsString> {
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
