//! The `log` sub-resource of pods: what `kubectl logs` shows, and follows.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::answer::{not_allowed, typed_answer};
use super::request::{App, Asked};
use super::selection::Selection;
use crate::logs::Reader;
use crate::store::Refusal;

/// The longest that a log is followed: a real kubelet cuts idle streams after 4 hours.
const FOLLOW_MAX: Duration = Duration::from_hours(4);

/// Answers a request for a container's log.
pub(super) fn answer(app: &App, asked: &Asked, method: &Method) -> Result<Response, Refusal> {
    if method != Method::GET && method != Method::HEAD {
        return Err(not_allowed());
    }
    let pod = app.stored(&asked.target)?;
    let name = asked.target.name.as_deref().unwrap_or_default();
    let container = container(&pod, name, asked.options.text("container"))?;
    let selection = Selection::new(&asked.options, app.registry.now())?;
    let reader = app.logs.reader(asked.target.namespace(), name, &container);
    let Some(reader) = reader else {
        return Err(Refusal::bad_request(format!(
            "container \"{container}\" in pod \"{name}\" is waiting to start: {}",
            waiting_for(&pod, &container)
        )));
    };
    // Nothing is kept of a container's life before its restart: the two share one log.
    let body = if asked.options.flag("follow") {
        follow(reader, selection)
    } else {
        let mut selection = selection;
        let mut reader = reader;
        Body::from(selection.text(reader.read()))
    };
    Ok(typed_answer(StatusCode::OK, "text/plain", body))
}

fn follow(reader: Reader, selection: Selection) -> Body {
    let end = Instant::now() + FOLLOW_MAX;
    let state = (reader, selection, true);
    Body::from_stream(futures::stream::unfold(state, move |state| async move {
        let (mut reader, mut selection, mut first) = state;
        loop {
            if selection.bytes_left == 0 {
                return None;
            }
            // At the beginning there may be lines already, or none; then each round waits.
            if !first {
                match timeout_at(end, reader.changed()).await {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return None,
                }
            }
            let text = selection.text(reader.read());
            selection.tail = None;
            if !text.is_empty() || first {
                first = false;
                return Some((Ok::<_, Infallible>(Bytes::from(text)), (reader, selection, first)));
            }
        }
    }))
}

/// The container that is meant: the named one, or the only one.
fn container(pod: &Value, name: &str, asked: &str) -> Result<String, Refusal> {
    let of = |pointer: &str| {
        let containers = pod.pointer(pointer).and_then(Value::as_array);
        let names = containers.into_iter().flatten().filter_map(|c| c["name"].as_str());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let containers = of("/spec/containers");
    if asked.is_empty() {
        return match containers.as_slice() {
            [only] => Ok(only.clone()),
            several => Err(Refusal::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                several.join(" ")
            ))),
        };
    }
    let known = containers.iter().chain(&of("/spec/initContainers")).any(|c| c == asked);
    if known {
        Ok(asked.to_owned())
    } else {
        Err(Refusal::bad_request(format!("container {asked} is not valid for pod {name}")))
    }
}

/// Why a container has not started.
fn waiting_for(pod: &Value, container: &str) -> String {
    let statuses = pod["status"]["containerStatuses"].as_array();
    let status = statuses.into_iter().flatten().find(|status| status["name"] == container);
    let reason = status.and_then(|status| status["state"]["waiting"]["reason"].as_str());
    reason.unwrap_or("ContainerCreating").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_container_must_be_clear() {
        let pod = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        assert_eq!(container(&pod, "p", "b").unwrap(), "b");
        let refused = container(&pod, "p", "").unwrap_err();
        assert!(refused.message.ends_with("choose one of: [a b]"), "{refused}");
        assert!(container(&pod, "p", "c").is_err());
    }
}
