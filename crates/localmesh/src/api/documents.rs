//! The documents that are not objects: what there is, and whether the server is well.

use axum::response::Response;
use http::StatusCode;

use super::answer::{json_answer, typed_answer};
use super::{discovery, openapi};

/// The document at a path, if there is one.
pub(super) fn document(path: &str, accept: &str) -> Option<Response> {
    let body = match path.trim_end_matches('/') {
        "/healthz" | "/livez" | "/readyz" => {
            return Some(typed_answer(StatusCode::OK, "text/plain; charset=utf-8", "ok"));
        }
        "/openapi/v2" if accept.contains("protobuf") => {
            let kind = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
            return Some(typed_answer(StatusCode::OK, kind, openapi::V2_PROTOBUF));
        }
        "/version" => discovery::version(),
        "/api" => discovery::core_versions(),
        "/apis" => discovery::group_list(),
        "/openapi/v2" => openapi::v2(),
        "/openapi/v3" => openapi::v3_index(),
        path => {
            if let Some(path) = path.strip_prefix("/openapi/v3/") {
                openapi::v3(path)?
            } else if let Some(version) = path.strip_prefix("/api/") {
                discovery::resources("", version)?
            } else {
                match path.strip_prefix("/apis/")?.split_once('/') {
                    None => discovery::group(path.strip_prefix("/apis/")?)?,
                    Some((group, version)) => discovery::resources(group, version)?,
                }
            }
        }
    };
    Some(json_answer(StatusCode::OK, &body))
}
