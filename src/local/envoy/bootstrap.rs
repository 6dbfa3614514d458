//! The configuration an Envoy starts with, and its command line. Everything else reaches it as
//! files (`control_plane`). Pure and golden-tested.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::admin;

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

/// The file with the clusters. It has a folder of its own because Envoy watches folders: a change
/// in one makes it read again every file of that folder, the rejected ones too.
#[must_use]
pub fn cds_file(dir: &Path) -> PathBuf {
    dir.join("cds").join("cds.json")
}

/// The file with the listeners.
#[must_use]
pub fn lds_file(dir: &Path) -> PathBuf {
    dir.join("lds").join("lds.json")
}

/// The file with one route configuration.
#[must_use]
pub fn rds_file(dir: &Path, name: &str) -> PathBuf {
    dir.join("rds").join(format!("{name}.json"))
}

/// Envoy's bootstrap for the pod folder `dir` and this node id.
#[must_use]
pub fn config(dir: &Path, node: &str) -> Value {
    json!({
        "node": { "id": node, "cluster": node.split('~').nth(2).unwrap_or(node) },
        // 384 is 0600: only the user who runs the mesh may talk to the admin.
        "admin": { "address": { "pipe": { "path": dir.join(admin::SOCKET), "mode": 384 } } },
        "dynamic_resources": {
            "cds_config": watched(&cds_file(dir)),
            "lds_config": watched(&lds_file(dir)),
        },
        // Counters are always live. Histograms are merged when the admin is asked, instead of by a
        // timer in sixteen idle processes; `metrics::page` knows that one answer is not enough.
        "stats_flush_on_admin": true,
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

/// A file as a source of configuration, followed by watching its folder for renames.
#[must_use]
pub fn watched(file: &Path) -> Value {
    json!({
        "resource_api_version": "V3",
        "path_config_source": {
            "path": file,
            "watched_directory": { "path": file.parent().unwrap_or(file) },
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
            // One message is one line, whatever it quotes; `process` picks the rejections out.
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
        insta::assert_json_snapshot!(config(Path::new("/run/mesh/hotels"), node));
        assert_eq!(args(Path::new("/p"))[..2], ["-c", "/p/bootstrap.json"].map(OsString::from));
    }
}
