//! The body of a request: its size, its form, and the object in it.

use std::fmt;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, header};
use serde_json::{Value, json};

use super::protobuf;
use crate::store::Refusal;

/// The largest request body, as etcd behind a real API server would take it (apiserver's
/// `MaxRequestBodyBytes`).
pub(super) const BODY_MAX: usize = 3 << 20;

/// The media type of the body, without its parameters; JSON where none is named.
pub(super) fn content_type(parts: &Parts) -> String {
    let value = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = value.unwrap_or("application/json").split(';').next().unwrap_or_default();
    media.trim().to_ascii_lowercase()
}

/// The whole body, up to the limit.
pub(super) async fn read(body: Body) -> Result<Bytes, Refusal> {
    to_bytes(body, BODY_MAX).await.map_err(|e| {
        Refusal::new(
            413,
            "RequestEntityTooLarge",
            format!("the body could not be read, or is larger than {BODY_MAX} bytes: {e}"),
        )
    })
}

/// A JSON object from the body.
pub(super) async fn object_body(request: Request<Body>) -> Result<Value, Refusal> {
    let (parts, body) = request.into_parts();
    let content_type = content_type(&parts);
    let bytes = read(body).await?;
    let unreadable =
        |e: &dyn fmt::Display| Refusal::bad_request(format!("the object cannot be read: {e}"));
    let object: Value = match content_type.as_str() {
        "application/json" | "text/plain" | "application/x-www-form-urlencoded" => {
            serde_json::from_slice(&bytes).map_err(|e| unreadable(&e))?
        }
        protobuf::CONTENT_TYPE => protobuf::decode(&bytes)?,
        "application/yaml" => serde_yaml::from_slice(&bytes).map_err(|e| unreadable(&e))?,
        other => {
            return Err(Refusal::new(
                415,
                "UnsupportedMediaType",
                format!(
                    "the body of the request was in an unknown format - accepted media types \
                     include: application/json, application/yaml, \
                     application/vnd.kubernetes.protobuf (got \"{other}\")"
                ),
            ));
        }
    };
    if object.is_object() {
        Ok(object)
    } else {
        Err(Refusal::bad_request("the object must be a map"))
    }
}

/// `DeleteOptions`, or nothing.
pub(super) async fn options_body(request: Request<Body>) -> Result<Value, Refusal> {
    let bytes = read(request.into_body()).await?;
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&bytes)
        .map_err(|e| Refusal::bad_request(format!("the delete options cannot be read: {e}")))
}
