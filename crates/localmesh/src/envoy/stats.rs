//! Which statistics an Envoy keeps, under which names, in which buckets. Pure.

use serde_json::{Value, json};

/// Upper bounds of histogram buckets, in milliseconds; the same that Envoy has by default and
/// Istio leaves unchanged. They are stated here because every duration assertion depends on them.
const BUCKETS: [f64; 19] = [
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

/// Tag rules as Istio's bootstrap has them: prefixes end in `;`, so that names with dots stay
/// whole. Envoy's own rules would cut `outbound_0.0.0.0_8000` at its first dot.
pub(super) fn stats() -> Value {
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
