//! One HTTP rule of a `VirtualService` as Envoy's routes (pilot's `route/route.go`).

use serde_json::{Map, Value, json};

use super::listeners::{FAULT, FAULT_TYPE};
use super::matching::{http_applies, route_match};
use super::routes::{Share, Target, destination_cluster, target};
use super::{View, names};
use istio::duration::{self, Duration};
use istio::{
    Abort, Body, Delay, DirectResponse, GRPC, HeaderOperations, Headers, HttpFault, HttpMatch,
    HttpRoute, Redirect, Retries, Rewrite, StringMatch, VirtualService,
};

/// What Istio retries when nobody said: nothing that an upstream answered.
const RETRY_ON: &str =
    "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

const PREVIOUS_HOSTS: &str =
    "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

/// How often in a row another host is looked for before one that failed already is taken after all.
const HOST_SELECTION_ATTEMPTS: u32 = 5;

/// A rule where it stands: in which object, and for calls to which port.
#[expect(clippy::struct_field_names, reason = "`rule` is what it is of the object")]
pub(super) struct Rule<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) object: &'a VirtualService,
    pub(super) rule: &'a HttpRoute,
    pub(super) port: u16,
}

// === impl Rule ===

impl Rule<'_> {
    /// One route for each block of conditions that this proxy can meet.
    pub(super) fn routes(&self) -> Vec<Value> {
        if self.rule.matches.is_empty() {
            return self.route(None).into_iter().collect();
        }
        let blocks = self.rule.matches.iter();
        blocks
            .filter(|block| http_applies(self.view, block, self.port))
            .filter_map(|block| self.route(Some(block)))
            .collect()
    }

    fn route(&self, block: Option<&HttpMatch>) -> Option<Value> {
        let metadata = &self.object.metadata;
        let made_from = names::config("virtual-service", &metadata.namespace, &metadata.name);
        let mut out = json!({
            "match": route_match(block),
            "metadata": {"filter_metadata": {"istio": {"config": made_from}}},
        });
        let parts = [self.rule.name.as_str(), block.map_or("", |block| block.name.as_str())];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            out["name"] = json!(parts.join("."));
        }
        if let Some(redirect) = &self.rule.redirect {
            out["redirect"] = redirect_action(redirect);
        } else if let Some(response) = &self.rule.direct_response {
            out["direct_response"] = direct_response(response);
        } else if self.rule.route.is_empty() {
            // A delegate, which the local mesh does not follow.
            return None;
        } else {
            out["route"] = self.action(block);
        }
        if let Some(headers) = &self.rule.headers {
            header_operations(headers, &mut out);
        }
        if let Some(fault) = self.rule.fault.as_ref().and_then(fault) {
            out["typed_per_filter_config"] = json!({ FAULT: fault });
        }
        Some(out)
    }

    fn action(&self, block: Option<&HttpMatch>) -> Value {
        let rule = self.rule;
        // Absent means no limit: Envoy's own 15 s must never apply.
        // Pilot also writes `max_grpc_timeout`, which matters for gRPC only and is deprecated. Its
        // successor `max_stream_duration` must not stand here: beside it Envoy ignores `timeout`.
        let timeout = rule.timeout.as_ref().and_then(Duration::get).unwrap_or_default();
        let mut action = json!({"timeout": duration::proto(timeout)});
        let namespace = &self.object.metadata.namespace;
        match target(self.view, &rule.route, namespace, self.port) {
            Target::One(Share { cluster, headers, .. }) => {
                action["cluster"] = json!(cluster);
                set_host(headers, &mut action);
            }
            Target::Weighted(shares) => {
                let each = shares.into_iter().map(|share| {
                    let mut one = json!({"name": share.cluster, "weight": share.weight});
                    if let Some(headers) = share.headers {
                        header_operations(headers, &mut one);
                    }
                    set_host(share.headers, &mut one);
                    one
                });
                action["weighted_clusters"] = json!({"clusters": each.collect::<Vec<_>>()});
            }
        }
        if let Some(policy) = retry_policy(rule.retries.as_ref()) {
            action["retry_policy"] = policy;
        }
        let mirrors = self.mirrors();
        if !mirrors.is_empty() {
            action["request_mirror_policies"] = json!(mirrors);
        }
        set_host(rule.headers.as_ref(), &mut action);
        if let Some(rewrite) = &rule.rewrite {
            rewrite_action(rewrite, block.and_then(|block| block.uri.as_ref()), &mut action);
        }
        action
    }

    fn mirrors(&self) -> Vec<Value> {
        let rule = self.rule;
        let single = rule.mirror.iter().map(|mirror| {
            let deprecated = rule.mirror_percent.and_then(|percent| i32::try_from(percent).ok());
            let share = rule.mirror_percentage.as_ref().map(|share| *share.value);
            (mirror, share.or(deprecated.map(f64::from)))
        });
        let several = rule.mirrors.iter().map(|mirror| {
            (&*mirror.destination, mirror.percentage.as_ref().map(|share| *share.value))
        });
        let each = single.chain(several).filter_map(|(destination, percent)| {
            let percent = percent.unwrap_or(100.0);
            let namespace = &self.object.metadata.namespace;
            (percent > 0.0).then(|| {
                json!({
                    "cluster": destination_cluster(self.view, destination, namespace, self.port),
                    "runtime_fraction": {"default_value": fraction(percent)},
                    "trace_sampled": false,
                    "disable_shadow_host_suffix_append": true,
                })
            })
        });
        each.collect()
    }
}

/// A share of a million, as pilot counts.
fn fraction(percent: f64) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=1,000,000 before"
    )]
    let numerator = (percent * 10_000.0).clamp(0.0, 1_000_000.0) as u32;
    json!({"numerator": numerator, "denominator": "MILLION"})
}

fn retry_policy(retries: Option<&Retries>) -> Option<Value> {
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

fn fault(fault: &HttpFault) -> Option<Value> {
    let mut out = json!({"@type": FAULT_TYPE});
    if let Some(delay) = &fault.delay
        && let Some(fixed) = delay.fixed_delay.as_ref().and_then(Duration::get)
    {
        out["delay"] = json!({
            "fixed_delay": duration::proto(fixed),
            "percentage": fault_share(delay),
        });
    }
    if let Some(abort) = &fault.abort {
        let percentage = fraction(abort.percentage.as_ref().map_or(0.0, |share| *share.value));
        match abort {
            Abort { http_status: Some(status), .. } => {
                out["abort"] = json!({"http_status": status, "percentage": percentage});
            }
            Abort { grpc_status: Some(name), .. } => {
                let number = GRPC.iter().position(|known| known == name)?;
                out["abort"] = json!({"grpc_status": number, "percentage": percentage});
            }
            Abort { .. } => {}
        }
    }
    (out.get("delay").is_some() || out.get("abort").is_some()).then_some(out)
}

/// An absent percentage is 0%, unless the deprecated whole number is there.
fn fault_share(delay: &Delay) -> Value {
    let deprecated = delay.percent.and_then(|percent| i32::try_from(percent).ok());
    let percentage = delay.percentage.as_ref().map(|share| *share.value);
    fraction(percentage.unwrap_or_else(|| deprecated.map_or(0.0, f64::from)))
}

fn redirect_action(redirect: &Redirect) -> Value {
    let mut out = Map::new();
    let texts = [
        ("path_redirect", &redirect.uri),
        ("host_redirect", &redirect.authority),
        ("scheme_redirect", &redirect.scheme),
    ];
    for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        out.insert(field.to_owned(), json!(text));
    }
    if let Some(port) = redirect.port {
        out.insert("port_redirect".to_owned(), json!(port));
    }
    let code = match redirect.redirect_code {
        Some(302) => "FOUND",
        Some(303) => "SEE_OTHER",
        Some(307) => "TEMPORARY_REDIRECT",
        Some(308) => "PERMANENT_REDIRECT",
        _ => "MOVED_PERMANENTLY",
    };
    out.insert("response_code".to_owned(), json!(code));
    Value::Object(out)
}

fn direct_response(response: &DirectResponse) -> Value {
    let mut out = json!({"status": response.status});
    match &response.body {
        Some(Body { string: Some(text), .. }) => out["body"] = json!({"inline_string": text}),
        Some(Body { bytes: Some(base64), .. }) => out["body"] = json!({"inline_bytes": base64}),
        Some(Body { .. }) | None => {}
    }
    out
}

/// Envoy replaces what was matched: the prefix (or the whole path) by a prefix rewrite, an
/// expression's match by a substitution.
fn rewrite_action(rewrite: &Rewrite, uri: Option<&StringMatch>, action: &mut Value) {
    if !rewrite.authority.is_empty() {
        action["host_rewrite_literal"] = json!(rewrite.authority);
    }
    if let Some(regex) = &rewrite.uri_regex_rewrite {
        action["regex_rewrite"] =
            json!({"pattern": {"regex": regex.pattern}, "substitution": regex.rewrite});
    } else if !rewrite.uri.is_empty() {
        let expression = uri.and_then(|uri| uri.regex.as_deref()).filter(|regex| *regex != "*");
        match expression {
            Some(regex) => {
                action["regex_rewrite"] =
                    json!({"pattern": {"regex": regex}, "substitution": rewrite.uri});
            }
            None => action["prefix_rewrite"] = json!(rewrite.uri),
        }
    }
}

/// Header changes on a route or on one of its weighted clusters.
fn header_operations(headers: &Headers, out: &mut Value) {
    let directions =
        [("request", headers.request.as_ref()), ("response", headers.response.as_ref())];
    for (direction, operations) in directions {
        let Some(HeaderOperations { set, add, remove, .. }) = operations else { continue };
        let option = |name: &str, value: &str, action: &str| {
            json!({
                "header": {"key": name, "value": value}, "append_action": action
            })
        };
        let mut changes: Vec<Value> = set
            .iter()
            .filter(|(name, _)| !is_host(name))
            .map(|(name, value)| option(name, value, "OVERWRITE_IF_EXISTS_OR_ADD"))
            .collect();
        changes
            .extend(add.iter().map(|(name, value)| option(name, value, "APPEND_IF_EXISTS_OR_ADD")));
        if !changes.is_empty() {
            out[format!("{direction}_headers_to_add")] = json!(changes);
        }
        if !remove.is_empty() {
            out[format!("{direction}_headers_to_remove")] = json!(remove);
        }
    }
}

/// Envoy does not let the host be set like another header.
fn set_host(headers: Option<&Headers>, action: &mut Value) {
    let set = headers.and_then(|headers| headers.request.as_ref()).map(|request| &request.set);
    if let Some((_, host)) = set.into_iter().flatten().find(|(name, _)| is_host(name)) {
        action["host_rewrite_literal"] = json!(host);
    }
}

fn is_host(name: &str) -> bool {
    name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority")
}

/// The route of a service that no `VirtualService` speaks of.
pub(super) fn default_route(cluster: &str) -> Value {
    let mut action = json!({"cluster": cluster, "timeout": "0s"});
    if let Some(policy) = retry_policy(None) {
        action["retry_policy"] = policy;
    }
    json!({"name": "default", "match": {"prefix": "/"}, "route": action})
}
