//! Circuit breaking: a `DestinationRule`'s connection pool and outlier detection as a cluster's
//! settings.

use serde_json::{Value, json};

use crate::network::Protocol;
use istio::duration::{self, Duration};
use istio::{ConnectionPool, OutlierDetection};

/// Pilot's "no limit".
const UNLIMITED: u32 = u32::MAX;

const HTTP_OPTIONS: &str =
    "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

pub(super) fn connection_pool(
    cluster: &mut Value,
    pool: Option<&ConnectionPool>,
    protocol: Protocol,
) {
    let tcp = pool.and_then(|pool| pool.tcp.clone()).unwrap_or_default();
    let http = pool.and_then(|pool| pool.http.clone()).unwrap_or_default();
    // Zero is "not set" in the API's integers, so it means no limit too.
    let limit = |number: Option<i32>| {
        number.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(UNLIMITED)
    };
    cluster["circuit_breakers"] = json!({"thresholds": [{
        "max_connections": limit(tcp.max_connections),
        "max_pending_requests": limit(http.http1_max_pending_requests),
        "max_requests": limit(http.http2_max_requests),
        "max_retries": limit(http.max_retries),
        "track_remaining": false,
    }]});
    let connect = tcp.connect_timeout.as_ref().and_then(Duration::get);
    cluster["connect_timeout"] = json!(connect.map_or_else(|| "10s".to_owned(), duration::proto));
    let mut common = json!({});
    if let Some(max) = http.max_requests_per_connection.filter(|max| *max > 0) {
        common["max_requests_per_connection"] = json!(max);
    }
    if let Some(idle) = http.idle_timeout.as_ref().and_then(Duration::get) {
        common["idle_timeout"] = json!(duration::proto(idle));
    }
    if let Some(max) = tcp.max_connection_duration.as_ref().and_then(Duration::get) {
        common["max_connection_duration"] = json!(duration::proto(max));
    }
    let options = match protocol {
        Protocol::Http => json!({
            "@type": HTTP_OPTIONS,
            "common_http_protocol_options": common,
            "explicit_http_config": {"http_protocol_options": {}},
        }),
        Protocol::Tcp => return,
    };
    cluster["typed_extension_protocol_options"] =
        json!({"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options});
}

/// `consecutiveErrors` is not looked at: pilot ignores it since Istio 1.7.
pub(super) fn outlier_detection(cluster: &mut Value, outlier: &OutlierDetection) {
    let mut out = json!({"enforcing_success_rate": 0});
    if let Some(number) = outlier.consecutive_5xx_errors {
        out["consecutive_5xx"] = json!(number);
        out["enforcing_consecutive_5xx"] = json!(enforcing(number));
    }
    if let Some(number) = outlier.consecutive_gateway_errors {
        out["consecutive_gateway_failure"] = json!(number);
        out["enforcing_consecutive_gateway_failure"] = json!(enforcing(number));
    }
    for (field, text) in
        [("interval", &outlier.interval), ("base_ejection_time", &outlier.base_ejection_time)]
    {
        if let Some(time) = text.as_ref().and_then(Duration::get) {
            out[field] = json!(duration::proto(time));
        }
    }
    if let Some(percent) = outlier.max_ejection_percent.filter(|percent| *percent > 0) {
        out["max_ejection_percent"] = json!(percent);
    }
    if *outlier.split_external_local_origin_errors {
        out["split_external_local_origin_errors"] = json!(true);
        if let Some(number) = outlier.consecutive_local_origin_failures {
            out["consecutive_local_origin_failure"] = json!(number);
            out["enforcing_consecutive_local_origin_failure"] = json!(enforcing(number));
        }
        out["enforcing_local_origin_success_rate"] = json!(0);
    }
    cluster["outlier_detection"] = out;
    let panic = outlier.min_health_percent.unwrap_or(0);
    cluster["common_lb_config"] = json!({"healthy_panic_threshold": {"value": panic}});
}

/// A limit of zero switches its detector off.
fn enforcing(number: u32) -> u32 {
    if number == 0 { 0 } else { 100 }
}
