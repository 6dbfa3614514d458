//! What istiod's webhook objects to in a `DestinationRule`, and what it only warns of
//! (`pkg/config/validation/validation.go`).

use super::names::{host_name, port_number, subset_name};
use crate::connection_pool::{ConnectionPool, HttpSettings, TcpSettings};
use crate::destination_rule::DestinationRule;
use crate::outlier_detection::OutlierDetection;
use crate::review::Review;
use crate::traffic_policy::TrafficPolicy;

/// Envoy's bound for requests per connection (2^29, as the API says).
const MAX_REQUESTS_PER_CONNECTION: i32 = 1 << 29;

/// Reviews an object whose fields all fit the schema.
pub(crate) fn destination_rule(object: &DestinationRule, review: &mut Review) {
    let spec = &object.spec;
    if !host_name(&spec.host, true) {
        review.error("spec.host", format_args!("domain name {:?} invalid", spec.host));
    }
    if let Some(policy) = &spec.traffic_policy {
        traffic_policy(policy, "spec.trafficPolicy", review);
    }
    for (index, subset) in spec.subsets.iter().enumerate() {
        let path = format!("spec.subsets[{index}]");
        subset_name(&subset.name, &format!("{path}.name"), review);
        if spec.subsets.iter().take(index).any(|earlier| earlier.name == subset.name) {
            review.error(&path, format_args!("duplicate subset name {:?}", subset.name));
        }
        if subset.labels.is_empty() {
            review.warn(&path, "has no labels: it is the whole service");
        }
        if let Some(policy) = &subset.traffic_policy {
            traffic_policy(policy, &format!("{path}.trafficPolicy"), review);
        }
    }
}

fn traffic_policy(policy: &TrafficPolicy, path: &str, review: &mut Review) {
    if *policy == TrafficPolicy::default() {
        review.error(path, "traffic policy must have at least one field");
    }
    if let Some(pool) = &policy.connection_pool {
        connection_pool(pool, &format!("{path}.connectionPool"), review);
    }
    if let Some(outlier) = &policy.outlier_detection {
        outlier_detection(outlier, &format!("{path}.outlierDetection"), review);
    }
    for (index, own) in policy.port_level_settings.iter().enumerate() {
        let path = format!("{path}.portLevelSettings[{index}]");
        match &own.port {
            Some(port) => port_number(*port.number, &format!("{path}.port.number"), review),
            None => review.error(&path, "portLevelSettings must have a port"),
        }
        if let Some(pool) = &own.connection_pool {
            let field = format!("{path}.connectionPool");
            connection_pool(pool, &field, review);
        }
        if let Some(outlier) = &own.outlier_detection {
            outlier_detection(outlier, &format!("{path}.outlierDetection"), review);
        }
    }
}

fn connection_pool(pool: &ConnectionPool, path: &str, review: &mut Review) {
    let tcp = pool.tcp.as_ref().is_some_and(|tcp| *tcp != TcpSettings::default());
    let http = pool.http.as_ref().is_some_and(|http| *http != HttpSettings::default());
    if !tcp && !http {
        review.error(path, "connection pool must have at least one field");
    }
    if let Some(TcpSettings { max_connections: Some(number), .. }) = &pool.tcp {
        not_negative(*number, &format!("{path}.tcp.maxConnections"), review);
    }
    if let Some(http) = &pool.http {
        let HttpSettings { http1_max_pending_requests, http2_max_requests, .. } = http;
        let fields = [
            ("http1MaxPendingRequests", http1_max_pending_requests),
            ("http2MaxRequests", http2_max_requests),
            ("maxRequestsPerConnection", &http.max_requests_per_connection),
            ("maxRetries", &http.max_retries),
        ];
        for (name, number) in fields {
            not_negative(number.unwrap_or(0), &format!("{path}.http.{name}"), review);
        }
        if http.max_requests_per_connection.is_some_and(|n| n > MAX_REQUESTS_PER_CONNECTION) {
            review.error(format!("{path}.http.maxRequestsPerConnection"), "must be at most 2^29");
        }
    }
}

fn not_negative(number: i32, path: &str, review: &mut Review) {
    if number < 0 {
        review.error(path, format_args!("{number} must be non-negative"));
    }
}

fn outlier_detection(outlier: &OutlierDetection, path: &str, review: &mut Review) {
    if outlier.consecutive_errors.is_some() {
        review.warn(
            format!("{path}.consecutiveErrors"),
            "is deprecated and has no effect since Istio 1.7, use consecutiveGatewayErrors or \
             consecutive5xxErrors",
        );
    }
    if !*outlier.split_external_local_origin_errors
        && outlier.consecutive_local_origin_failures.is_some_and(|number| number > 0)
    {
        review.error(
            path,
            "outlier detection consecutive local origin failures is specified, but split external \
             local origin errors is set to false",
        );
    }
    let percents = [
        ("maxEjectionPercent", outlier.max_ejection_percent),
        ("minHealthPercent", outlier.min_health_percent),
    ];
    for (name, percent) in percents {
        if !(0..=100).contains(&percent.unwrap_or(0)) {
            review.error(format!("{path}.{name}"), "percentage is not in range 0..100");
        }
    }
}
