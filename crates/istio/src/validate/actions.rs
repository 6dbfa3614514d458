//! What a rule does besides forwarding: it redirects, answers, or rewrites on the way.

use super::expression::expression;
use super::faults::http_status;
use super::node::Node;
use crate::review::Review;

/// Codes that pilot hands on to Envoy; of others it makes a route without an action.
const REDIRECT_CODES: &[i64] = &[301, 302, 303, 307, 308];

/// Above this istiod warns; above ten times it refuses (bytes).
const LARGE_BODY: usize = 100 * 1024;
const MAX_BODY: usize = 1024 * 1024;

/// Reviews what a rule does.
pub(super) fn actions(route: &Node<'_>, review: &mut Review) {
    if let Some(action) = route.get("redirect")
        && let Err((field, cause)) = redirect(&action, route)
    {
        review.error(field, cause);
    }
    let code = route.at("redirect").at("redirectCode");
    if (300..400).contains(&code.as_int()) && !REDIRECT_CODES.contains(&code.as_int()) {
        review.warn(
            code,
            "is none of 301, 302, 303, 307 and 308: Envoy gets no action, and refuses the route",
        );
    }
    if let Some(response) = route.get("directResponse") {
        direct_response(&response, review);
    }
    if let Some(action) = route.get("rewrite") {
        rewrite(&action, review);
    }
}

/// Istio stops at the first mistake.
fn redirect<'a>(redirect: &Node<'a>, route: &Node<'a>) -> Result<(), (Node<'a>, String)> {
    let wrong = |field: &str, cause: &str| {
        let field = if field.is_empty() { redirect.clone() } else { redirect.at(field) };
        Err((field, cause.to_owned()))
    };
    let has = |name: &str| !redirect.text(name).is_empty();
    if has("uri") && has("prefixRewrite") {
        return wrong("", "redirect may only specify one of uri or prefix_rewrite");
    }
    let not_by_prefix = |block: &Node<'_>| block.get("uri").is_some_and(|uri| !uri.has("prefix"));
    if has("prefixRewrite") && route.items("match").iter().any(not_by_prefix) {
        let message = "redirect prefix_rewrite requires all URI matches to use prefix match type";
        return wrong("prefixRewrite", message);
    }
    let texts = ["uri", "prefixRewrite", "authority", "scheme"];
    let ports = ["port", "derivePort"];
    if !texts.into_iter().any(has) && !ports.iter().any(|name| redirect.has(name)) {
        return wrong("", "redirect must specify URI, authority, scheme, or port");
    }
    let code = redirect.int("redirectCode");
    if code != 0 && !(300..=399).contains(&code) {
        return wrong("redirectCode", &format!("{code} is not a valid redirect code, must be 3xx"));
    }
    if !["", "http", "https"].contains(&redirect.text("scheme")) {
        return wrong("scheme", "invalid redirect scheme, must be \"http\" or \"https\"");
    }
    if redirect.int("port") > 65_535 {
        return wrong("port", "port number must be in the range 1..65535");
    }
    Ok(())
}

fn direct_response(response: &Node<'_>, review: &mut Review) {
    let body = response.at("body");
    let encoded = body.text("bytes");
    let bytes = encoded.trim_end_matches('=').len() * 3 / 4;
    let size = body.text("string").len().max(bytes);
    if size > MAX_BODY {
        review.error(&body, "large direct responses may impact the control plane: at most 1MB");
    } else if size > LARGE_BODY {
        review.warn(&body, "large direct responses may impact control plane performance");
    }
    http_status(&response.at("status"), review);
}

/// Istio stops at the first mistake.
fn rewrite(rewrite: &Node<'_>, review: &mut Review) {
    let by_regex = rewrite.get("uriRegexRewrite");
    let (uri, authority) = (rewrite.text("uri"), rewrite.text("authority"));
    if !uri.is_empty() && by_regex.is_some() {
        review.error(rewrite, "rewrite may only contain one of URI or UriRegexRewrite");
    } else if uri.is_empty() && by_regex.is_none() && authority.is_empty() {
        review.error(rewrite, "rewrite must specify URI, UriRegexRewrite, or authority");
    } else if let Some(regex) = by_regex {
        if regex.text("match").is_empty() || regex.text("rewrite").is_empty() {
            review.error(regex, "UriRegexRewrite requires both Rewrite and Match to be specified");
        } else {
            expression(&regex.at("match"), review);
        }
    }
}
