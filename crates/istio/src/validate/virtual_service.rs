//! What istiod's webhook objects to in a `VirtualService`, and what it only warns of
//! (`pkg/config/validation/virtualservice.go`).

use crate::admission::Review;
use crate::destination::{Destination, RouteDestination};
use crate::field::Field;
use crate::http_action::{Redirect, Rewrite};
use crate::http_fault::{Abort, Delay, GRPC, HttpFault, Percentage};
use crate::http_match::{HttpMatch, StringMatch};
use crate::http_route::{HttpRoute, Retries};
use crate::tcp_route::{TcpRoute, subnet as network};
use crate::virtual_service::{VirtualService, VirtualServiceSpec as Spec};

/// Istio refuses other statuses for aborts and direct responses.
const STATUS: std::ops::RangeInclusive<i64> = 200..=599;

/// What Envoy can answer with in a redirect.
const REDIRECT_CODES: &[u32] = &[301, 302, 303, 307, 308];

/// Reviews an object whose fields all fit the schema.
pub(crate) fn virtual_service(object: &VirtualService, review: &mut Review) {
    let spec = &object.spec;
    hosts(spec, review);
    let rules = spec.http.len() + spec.tcp.len();
    if rules + spec.tls.len() == 0 {
        review.error("spec", "http, tcp or tls must be provided in virtual service");
    }
    for (index, route) in spec.http.iter().enumerate() {
        http_route(route, &format!("spec.http[{index}]"), review);
    }
    for (index, route) in spec.tcp.iter().enumerate() {
        tcp_route(route, &format!("spec.tcp[{index}]"), review);
    }
    unused(spec, review);
}

fn hosts(spec: &Spec, review: &mut Review) {
    if spec.hosts.is_empty() {
        review.error("spec.hosts", "virtual service must have at least one host");
    }
    for (index, host) in spec.hosts.iter().enumerate() {
        let field = format!("spec.hosts[{index}]");
        if !host_name(host, true) {
            review.error(&field, format_args!("domain name {host:?} invalid"));
        } else if spec.hosts.iter().take(index).any(|earlier| earlier == host) {
            review.error(&field, format_args!("duplicate hosts in virtual service: {host}"));
        }
    }
    let on_mesh = spec.gateways.is_empty() || spec.gateways.iter().any(|name| name == "mesh");
    if on_mesh && spec.hosts.iter().any(|host| host == "*") {
        let message =
            "wildcard host * is not allowed for virtual services bound to the mesh gateway";
        review.error("spec.hosts", message);
    }
}

/// Whether this is a DNS name Istio accepts; `wild` allows `*` and `*.example.com`.
pub(crate) fn host_name(host: &str, wild: bool) -> bool {
    let plain = match (wild, host) {
        (true, "*") => return true,
        (true, _) => host.strip_prefix("*.").unwrap_or(host),
        (false, _) => host,
    };
    plain.len() <= 255 && plain.split('.').all(label)
}

/// Whether this is a DNS-1123 label.
pub(crate) fn label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn http_route(route: &HttpRoute, path: &str, review: &mut Review) {
    actions(route, path, review);
    weights(&route.route, path, review);
    for (index, block) in route.matches.iter().enumerate() {
        http_match(block, &format!("{path}.match[{index}]"), review);
    }
    if let Some(fault) = &route.fault {
        http_fault(fault, &format!("{path}.fault"), review);
    }
    if let Some(retries) = &route.retries {
        http_retries(retries, &format!("{path}.retries"), review);
    }
    mirrors(route, path, review);
    if let Some(redirect) = &route.redirect {
        http_redirect(redirect, &format!("{path}.redirect"), review);
    }
    if let Some(response) = &route.direct_response
        && !STATUS.contains(&i64::from(*response.status))
    {
        let field = format!("{path}.directResponse.status");
        let status = response.status;
        review.error(field, format_args!("invalid HTTP status {status}, must be 200 to 599"));
    }
    if let Some(rewrite) = &route.rewrite {
        http_rewrite(rewrite, &format!("{path}.rewrite"), review);
    }
}

fn http_redirect(redirect: &Redirect, path: &str, review: &mut Review) {
    if let Some(code) = redirect.redirect_code
        && !REDIRECT_CODES.contains(&code)
    {
        let field = format!("{path}.redirectCode");
        review.error(field, format_args!("{code} is not one of 301, 302, 303, 307, 308"));
    }
    if *redirect == Redirect::default() {
        review.error(path, "redirect must specify URI, authority, scheme, or port");
    }
    if let Some(port) = redirect.port {
        port_number(port, &format!("{path}.port"), review);
    }
}

fn http_rewrite(rewrite: &Rewrite, path: &str, review: &mut Review) {
    if *rewrite == Rewrite::default() {
        review.error(path, "rewrite must specify URI, UriRegexRewrite, authority, or both");
    }
    let Some(regex) = &rewrite.uri_regex_rewrite else { return };
    if !rewrite.uri.is_empty() {
        review.error(path, "rewrite may only contain one of URI or UriRegexRewrite");
    }
    if regex.pattern.is_empty() || regex.rewrite.is_empty() {
        review.error(path, "UriRegexRewrite requires both Rewrite and Match to be specified");
    }
    expression(&regex.pattern, &format!("{path}.uriRegexRewrite.match"), review);
}

/// One rule does one thing: forward, redirect, answer or delegate.
fn actions(route: &HttpRoute, path: &str, review: &mut Review) {
    let (forwards, redirects) = (!route.route.is_empty(), route.redirect.is_some());
    let (answers, delegates) = (route.direct_response.is_some(), route.delegate.is_some());
    if !(forwards || redirects || answers || delegates) {
        review.error(path, "HTTP route, redirect or direct_response is required");
    }
    if forwards && redirects {
        review.error(path, "HTTP route cannot contain both route and redirect");
    }
    if answers && (forwards || redirects) {
        review.error(path, "HTTP route cannot contain both route or redirect and direct_response");
    }
    if delegates && (forwards || redirects || answers) {
        review.error(
            path,
            "HTTP route cannot contain both delegate and route, redirect or direct_response",
        );
    }
    if redirects && route.fault.is_some() {
        review.error(path, "HTTP route cannot contain both fault and redirect");
    }
    if redirects && route.rewrite.is_some() {
        review.error(path, "HTTP route rule cannot contain both rewrite and redirect");
    }
}

/// Weights need not sum to 100, but to something.
fn weights(route: &[RouteDestination], path: &str, review: &mut Review) {
    let mut total: i64 = 0;
    for (index, share) in route.iter().enumerate() {
        let field = format!("{path}.route[{index}]");
        destination(&share.destination, &format!("{field}.destination"), review);
        let weight = share.weight.unwrap_or(0);
        if weight < 0 {
            review.error(format!("{field}.weight"), format_args!("weight {weight} < 0"));
        }
        total += i64::from(weight.max(0));
    }
    if route.len() > 1 && total == 0 {
        review.error(format!("{path}.route"), "total destination weight = 0");
    }
    // Envoy refuses a sum above 2^32-1; weights are at most 2^31-1 each, so three can exceed it.
    if total > i64::from(u32::MAX) {
        review.error(
            format!("{path}.route"),
            format_args!("total destination weight {total} is too large"),
        );
    }
}

pub(crate) fn destination(destination: &Destination, path: &str, review: &mut Review) {
    let host = &destination.host;
    if host == "*" {
        review.error(format!("{path}.host"), "invalid destination host *");
    } else if !host_name(host, true) {
        review.error(format!("{path}.host"), format_args!("domain name {host:?} invalid"));
    }
    if !destination.subset.is_empty() {
        subset_name(&destination.subset, &format!("{path}.subset"), review);
    }
    if let Some(port) = &destination.port {
        port_number(*port.number, &format!("{path}.port.number"), review);
    }
}

pub(crate) fn subset_name(name: &str, path: &str, review: &mut Review) {
    if !label(name) || name.chars().any(|c| c.is_ascii_uppercase()) {
        review
            .error(path, format_args!("subset name is invalid: {name:?} is not a DNS-1123 label"));
    }
}

pub(crate) fn port_number(number: u32, path: &str, review: &mut Review) {
    if !(1..=65_535).contains(&number) {
        review.error(path, format_args!("port number {number} must be in the range 1..65535"));
    }
}

fn http_match(block: &HttpMatch, path: &str, review: &mut Review) {
    let one = |name: &str, text: &Option<StringMatch>, review: &mut Review| {
        if let Some(text) = text {
            let field = format!("{path}.{name}");
            if name == "uri" && text.is_presence() {
                review.error(&field, "uri match must say exact, prefix or regex");
            }
            string_match(text, &field, review);
        }
    };
    one("uri", &block.uri, review);
    one("scheme", &block.scheme, review);
    one("method", &block.method, review);
    one("authority", &block.authority, review);
    let maps = [("headers", &block.headers), ("withoutHeaders", &block.without_headers)];
    for (name, map) in maps {
        for (header, text) in map {
            let field = format!("{path}.{name}.{header}");
            if !header_name(header) {
                review.error(
                    &field,
                    format_args!("header name {header:?} is not a valid header name"),
                );
            }
            string_match(text, &field, review);
        }
    }
    for (name, text) in &block.query_params {
        string_match(text, &format!("{path}.queryParams.{name}"), review);
    }
    if let Some(port) = block.port {
        port_number(port, &format!("{path}.port"), review);
    }
}

/// RFC 9110's token, or one of HTTP/2's pseudo headers.
fn header_name(name: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let plain = name.strip_prefix(':').unwrap_or(name);
    !plain.is_empty() && plain.chars().all(token)
}

fn string_match(text: &StringMatch, path: &str, review: &mut Review) {
    if text.is_presence() {
        return;
    }
    if let Some(regex) = &text.regex {
        expression(regex, &format!("{path}.regex"), review);
    }
    if text.exact.as_deref() == Some("") || text.prefix.as_deref() == Some("") {
        // Envoy refuses an empty prefix; pilot reads an empty text as "not set".
        review.error(path, "an empty string cannot be matched; use {} for presence");
    }
}

/// RE2 and the regex crate agree on what is allowed but for look-around (in neither) and
/// back-references (in neither), so the crate is the judge.
fn expression(pattern: &str, path: &str, review: &mut Review) {
    if let Err(error) = regex::Regex::new(pattern) {
        let last = error.to_string().lines().last().unwrap_or_default().to_owned();
        review.error(path, format_args!("invalid regular expression {pattern:?}: {last}"));
    } else if pattern.is_empty() {
        review.error(path, "an empty regular expression cannot be matched");
    }
}

fn http_fault(fault: &HttpFault, path: &str, review: &mut Review) {
    if fault.delay.is_none() && fault.abort.is_none() {
        review.error(path, "HTTP fault injection must have an abort and/or a delay");
    }
    if let Some(delay) = &fault.delay {
        fault_delay(delay, &format!("{path}.delay"), review);
    }
    if let Some(abort) = &fault.abort {
        fault_abort(abort, &format!("{path}.abort"), review);
    }
}

fn fault_delay(delay: &Delay, path: &str, review: &mut Review) {
    if delay.exponential_delay.is_some() {
        review.error(path, "exponentialDelay not supported yet");
    } else if delay.fixed_delay.is_none() {
        review.error(path, "delay type must be set: fixedDelay is required");
    }
    if let Some(percent) = delay.percent {
        review.warn(format!("{path}.percent"), "is deprecated, use percentage");
        if !(0..=100).contains(&percent) {
            review.error(
                format!("{path}.percent"),
                format_args!("percentage {percent} is not in range 0..100"),
            );
        }
    }
    let absent = delay.percent.unwrap_or(0) == 0;
    percentage(delay.percentage.as_ref(), absent, "no request will be delayed", path, review);
}

fn fault_abort(abort: &Abort, path: &str, review: &mut Review) {
    if abort.http2_error.is_some() {
        review.error(path, "HTTP/2 abort fault injection not supported yet");
    } else if abort.http_status.is_none() && abort.grpc_status.is_none() {
        review
            .warn(path, "abort type must be set: without httpStatus or grpcStatus it does nothing");
    }
    if let Some(status) = abort.http_status
        && !STATUS.contains(&i64::from(status))
    {
        review.error(
            format!("{path}.httpStatus"),
            format_args!("invalid abort http status {status}, must be 200 to 599"),
        );
    }
    if let Some(status) = &abort.grpc_status
        && !GRPC.contains(&status.as_str())
    {
        review.error(
            format!("{path}.grpcStatus"),
            format_args!("gRPC status {status:?} is not supported"),
        );
    }
    percentage(abort.percentage.as_ref(), true, "no request will be aborted", path, review);
}

/// An absent percentage means 0% here, which nobody ever wants.
fn percentage(
    share: Option<&Percentage>,
    warn_if_absent: bool,
    meaning: &str,
    path: &str,
    review: &mut Review,
) {
    match share {
        Some(share) => percent(share, &format!("{path}.percentage.value"), review),
        None if warn_if_absent => {
            review.warn(
                format!("{path}.percentage"),
                format_args!("is absent, which means 0%: {meaning}"),
            );
        }
        None => {}
    }
}

fn percent(share: &Percentage, path: &str, review: &mut Review) {
    // Not a range test alone: NaN must be refused too.
    if !(0.0..=100.0).contains(&*share.value) {
        review.error(path, format_args!("percentage {} is not in range 0..100", share.value));
    }
}

fn http_retries(retries: &Retries, path: &str, review: &mut Review) {
    if *retries.attempts < 0 {
        review.error(format!("{path}.attempts"), "attempts cannot be negative");
    }
    if *retries.attempts == 0 && (retries.per_try_timeout.is_some() || !retries.retry_on.is_empty())
    {
        review.error(path, "http retry policy configured when attempts are set to 0 (disabled)");
    }
    for part in retries.retry_on.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let code = part.parse::<u16>().is_ok_and(|code| (100..=599).contains(&code));
        let word = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '5')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !code && (!word || part.parse::<u64>().is_ok()) {
            review.error(
                format!("{path}.retryOn"),
                format_args!("{part:?} is not a valid retryOn policy"),
            );
        }
    }
}

fn mirrors(route: &HttpRoute, path: &str, review: &mut Review) {
    if let Some(mirror) = &route.mirror {
        destination(mirror, &format!("{path}.mirror"), review);
    }
    if route.mirror.is_some() && !route.mirrors.is_empty() {
        review.error(path, "HTTP route cannot contain both mirror and mirrors");
    }
    for (index, mirror) in route.mirrors.iter().enumerate() {
        let field = format!("{path}.mirrors[{index}]");
        destination(&mirror.destination, &format!("{field}.destination"), review);
        if let Some(share) = &mirror.percentage {
            percent(share, &format!("{field}.percentage.value"), review);
        }
    }
    if let Some(share) = &route.mirror_percentage {
        percent(share, &format!("{path}.mirrorPercentage.value"), review);
    }
    if let Some(share) = route.mirror_percent
        && share > 100
    {
        review.error(
            format!("{path}.mirrorPercent"),
            format_args!("mirror percent {share} is not in range 0..100"),
        );
    }
}

fn tcp_route(route: &TcpRoute, path: &str, review: &mut Review) {
    if route.route.is_empty() {
        review.error(path, "TCP route is required");
    }
    weights(&route.route, path, review);
    for (index, block) in route.matches.iter().enumerate() {
        let field = format!("{path}.match[{index}]");
        if let Some(port) = block.port {
            port_number(port, &format!("{field}.port"), review);
        }
        for subnet in &block.destination_subnets {
            if network(subnet).is_none() {
                review.error(
                    format!("{field}.destinationSubnets"),
                    format_args!("{subnet:?} is not a CIDR block or an address"),
                );
            }
        }
    }
}

/// Rules that can never be used: behind a rule for everything, or with the same conditions as an
/// earlier one.
fn unused(spec: &Spec, review: &mut Review) {
    let mut seen: Vec<&HttpMatch> = Vec::new();
    let mut everything = None;
    for (index, route) in spec.http.iter().enumerate() {
        let field = format!("spec.http[{index}]");
        if let Some(earlier) = everything {
            review.warn(
                &field,
                format_args!(
                    "rule not used (only the last rule can have no matches; {earlier} has none)"
                ),
            );
            continue;
        }
        if route.matches.is_empty() {
            everything = Some(index);
        }
        for (number, block) in route.matches.iter().enumerate() {
            let anonymous =
                |block: &HttpMatch| HttpMatch { name: Field::default(), ..block.clone() };
            if seen.iter().any(|earlier| anonymous(earlier) == anonymous(block)) {
                review.warn(
                    format!("{field}.match[{number}]"),
                    "is not used (duplicate match in an earlier rule)",
                );
            }
            seen.push(block);
        }
    }
    let bare = spec.tcp.iter().position(|route| route.matches.is_empty());
    for index in bare.map_or(0..0, |first| first + 1..spec.tcp.len()) {
        review.warn(
            format!("spec.tcp[{index}]"),
            "rule not used (only the last rule can have no matches)",
        );
    }
}
