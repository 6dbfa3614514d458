//! What a rule does: it forwards, redirects, answers or delegates, and may rewrite on the way.

use super::faults::STATUS;
use super::matches::expression;
use super::names::port_number;
use crate::http_action::{DirectResponse, Redirect, Rewrite};
use crate::http_route::HttpRoute;
use crate::review::Review;

/// What Envoy can answer with in a redirect.
const REDIRECT_CODES: &[u32] = &[301, 302, 303, 307, 308];

/// Reviews what a rule does.
pub(super) fn actions(route: &HttpRoute, path: &str, review: &mut Review) {
    one_action(route, path, review);
    if let Some(action) = &route.redirect {
        redirect(action, &format!("{path}.redirect"), review);
    }
    if let Some(response) = &route.direct_response {
        direct_response(response, &format!("{path}.directResponse"), review);
    }
    if let Some(action) = &route.rewrite {
        rewrite(action, &format!("{path}.rewrite"), review);
    }
}

/// One rule does one thing: forward, redirect, answer or delegate.
fn one_action(route: &HttpRoute, path: &str, review: &mut Review) {
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

fn redirect(redirect: &Redirect, path: &str, review: &mut Review) {
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

fn direct_response(response: &DirectResponse, path: &str, review: &mut Review) {
    let status = *response.status;
    if !STATUS.contains(&i64::from(status)) {
        review.error(
            format!("{path}.status"),
            format_args!("invalid HTTP status {status}, must be 200 to 599"),
        );
    }
}

fn rewrite(rewrite: &Rewrite, path: &str, review: &mut Review) {
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
