//! The `scale` sub-resource: the number of replicas as an object of its own (`autoscaling/v1`).

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::answer::{json_answer, not_allowed};
use super::body::{content_type, object_body, read};
use super::patch::Patch;
use super::request::{App, Asked};
use crate::registry::WriteMode;
use crate::store::{Part, Refusal};

/// Answers a request for a workload's scale.
pub(super) async fn answer(
    app: &App,
    asked: &Asked,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    match *request.method() {
        Method::GET | Method::HEAD => {
            let object = app.stored(&asked.target)?;
            Ok(json_answer(StatusCode::OK, &scale_of(&object)))
        }
        Method::PUT => {
            let scale = object_body(request).await?;
            modify(app, asked, |_| Ok(scale))
        }
        Method::PATCH => {
            let (parts, body) = request.into_parts();
            let body = read(body).await?;
            let patch = Patch::parse(asked.target.kind, &content_type(&parts), &body)?;
            modify(app, asked, |scale| patch.apply(scale))
        }
        _ => Err(not_allowed()),
    }
}

fn modify(
    app: &App,
    asked: &Asked,
    change: impl FnOnce(&Value) -> Result<Value, Refusal>,
) -> Result<Response, Refusal> {
    let mode = WriteMode { dry_run: asked.options.dry_run()?, strict: false };
    let target = &asked.target;
    let name = target.name.as_deref().unwrap_or_default();
    let object =
        app.registry.modify(target.kind, target.namespace(), name, Part::Spec, mode, |object| {
            let scale = change(&scale_of(object))?;
            let mut object = object.clone();
            object["spec"]["replicas"] = json!(replicas(&scale)?);
            // The version the caller has seen is that of the workload.
            if let Some(version) = scale.pointer("/metadata/resourceVersion") {
                object["metadata"]["resourceVersion"] = version.clone();
            }
            Ok(object)
        })?;
    Ok(json_answer(StatusCode::OK, &scale_of(&object)))
}

/// The replicas a scale asks for; none named means none wanted, as in Kubernetes.
fn replicas(scale: &Value) -> Result<i32, Refusal> {
    match &scale["spec"]["replicas"] {
        Value::Null => Ok(0),
        replicas => replicas
            .as_i64()
            .and_then(|replicas| i32::try_from(replicas).ok())
            .filter(|replicas| *replicas >= 0)
            .ok_or_else(|| {
                Refusal::bad_request(format!(
                    "spec.replicas: Invalid value: {replicas}: must be a whole number, at least 0"
                ))
            }),
    }
}

fn scale_of(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let labels = object["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": { "replicas": number("/spec/replicas") },
        "status": { "replicas": number("/status/replicas"), "selector": selector.join(",") },
    })
}
