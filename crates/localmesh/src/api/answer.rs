//! The answers of the API: objects as JSON, and refusals as `v1` `Status` objects in the words that
//! `kubectl` and the `kube` crate understand.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::path::Target;
use crate::store::Refusal;

/// 405, as the API server words it.
pub(super) fn not_allowed() -> Refusal {
    let message = "the server does not allow this method on the requested resource";
    Refusal::new(405, "MethodNotAllowed", message)
}

/// 404 for a path that is none.
pub(super) fn no_such_path() -> Refusal {
    Refusal::new(404, "NotFound", "the server could not find the requested resource")
}

/// 503: there is nobody to hand the request on to.
pub(super) fn unavailable(message: String) -> Refusal {
    Refusal::new(503, "ServiceUnavailable", message)
}

/// 503 for a connection that failed, as the API server words it.
pub(super) fn unreachable(cause: &str) -> Refusal {
    unavailable(format!("error trying to reach service: {cause}"))
}

/// The `Status` object of a refusal.
pub(super) fn status(refusal: &Refusal) -> Value {
    let mut status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": refusal.message,
        "reason": refusal.reason,
        "code": refusal.code,
    });
    if !refusal.details.is_null() {
        status["details"] = refusal.details.clone();
    }
    status
}

/// The `Status` of a deletion that is complete.
pub(super) fn deleted(target: &Target, uid: &Value) -> Value {
    let mut details = json!({ "kind": target.kind.plural, "name": target.name, "uid": uid });
    if !target.kind.group.is_empty() {
        details["group"] = json!(target.kind.group);
    }
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })
}

/// A JSON answer.
pub(super) fn json_answer(code: StatusCode, body: &Value) -> Response {
    typed_answer(code, "application/json", body.to_string())
}

/// An answer of any content type.
pub(super) fn typed_answer(
    code: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A refusal as an answer.
pub(super) fn refusal_answer(refusal: &Refusal) -> Response {
    let code = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_answer(code, &status(refusal));
    if code == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// More warnings than this are not all told: a client takes a limited number of headers.
const WARNINGS_MAX: usize = 20;

/// Adds warnings as kubectl shows them (RFC 7234 `Warning: 299`).
pub(super) fn warn(response: &mut Response, warnings: &[String]) {
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    let rest = (more > 0).then(|| format!("and {more} more warnings"));
    for warning in warnings.iter().take(WARNINGS_MAX).chain(&rest) {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        // A warning that is no legal header (it holds a control character) is left out: the write
        // it belongs to has succeeded.
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn a_refusal_keeps_its_details() {
        let status = status(&Refusal::not_found(&kinds::DEPLOYMENT, "d"));
        assert_eq!(status["message"], "deployments.apps \"d\" not found");
        assert_eq!(status["details"]["name"], "d");
        assert_eq!(status["code"], 404);
    }

    #[test]
    fn warnings_are_quoted_and_illegal_ones_left_out() {
        let mut response = json_answer(StatusCode::OK, &json!({}));
        warn(&mut response, &["unknown field \"spec.x\"".to_owned(), "a\nb".to_owned()]);
        let values: Vec<_> = response.headers().get_all(header::WARNING).iter().collect();
        assert_eq!(values, ["299 - \"unknown field \\\"spec.x\\\"\""]);

        let mut response = json_answer(StatusCode::OK, &json!({}));
        let many: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        warn(&mut response, &many);
        let values: Vec<_> = response.headers().get_all(header::WARNING).iter().collect();
        assert_eq!(values.len(), WARNINGS_MAX + 1);
        assert_eq!(values[WARNINGS_MAX], "299 - \"and 180 more warnings\"");
    }
}
