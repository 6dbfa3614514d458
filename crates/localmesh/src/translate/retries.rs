//! What is tried again.

use serde_json::{Value, json};

use istio::Retries;
use istio::duration::{self, Duration};

/// What Istio retries when nobody said: nothing that an upstream answered.
const RETRY_ON: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

const PREVIOUS_HOSTS: &str =
    "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

/// How often in a row another host is looked for before one that failed already is taken after all.
const HOST_SELECTION_ATTEMPTS: u32 = 5;

pub(super) fn retry_policy(retries: Option<&Retries>) -> Option<Value> {
    let defaults = Retries { attempts: 2.into(), ..Retries::default() };
    let retries = retries.unwrap_or(&defaults);
    if *retries.attempts <= 0 {
        return None;
    }
    let (retry_on, codes) = retry_conditions(&retries.retry_on);
    let mut policy = json!({
        "num_retries": retries.attempts,
        "retry_on": retry_on,
        "host_selection_retry_max_attempts": HOST_SELECTION_ATTEMPTS,
    });
    if !codes.is_empty() {
        policy["retriable_status_codes"] = json!(codes);
    }
    if retries.retry_ignore_previous_hosts.unwrap_or(true) {
        policy["retry_host_predicate"] = json!([{
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": PREVIOUS_HOSTS,
            },
        }]);
    }
    if let Some(limit) = retries.per_try_timeout.as_ref().and_then(Duration::get) {
        policy["per_try_timeout"] = json!(duration::proto(limit));
    }
    if let Some(pause) = retries.backoff.as_ref().and_then(Duration::get) {
        policy["retry_back_off"] = json!({"base_interval": duration::proto(pause)});
    }
    Some(policy)
}

/// Istio lets status codes stand among Envoy's words.
fn retry_conditions(retry_on: &str) -> (String, Vec<u16>) {
    if retry_on.is_empty() {
        return (RETRY_ON.to_owned(), Vec::new());
    }
    let (mut words, mut codes) = (Vec::new(), Vec::new());
    for part in retry_on.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match part.parse::<u16>() {
            Ok(code) => codes.push(code),
            Err(_) => words.push(part),
        }
    }
    if !codes.is_empty() && !words.contains(&"retriable-status-codes") {
        words.push("retriable-status-codes");
    }
    (words.join(","), codes)
}
