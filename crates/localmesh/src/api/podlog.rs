//! The `log` sub-resource of pods: what `kubectl logs` shows, and follows.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::App;
use super::answer::{not_allowed, typed_answer};
use super::handlers::{Asked, stored};
use crate::logs::{Line, Reader};
use crate::store::Refusal;

/// The longest that a log is followed: a real kubelet cuts idle streams after 4 hours.
const FOLLOW_MAX: Duration = Duration::from_hours(4);

/// Which lines are wanted, and how they are shown.
struct Selection {
    timestamps: bool,
    since: Option<Timestamp>,
    tail: Option<usize>,
    bytes_left: usize,
}

/// Answers a request for a container's log.
pub(super) fn answer(app: &App, asked: &Asked, method: &Method) -> Result<Response, Refusal> {
    if method != Method::GET && method != Method::HEAD {
        return Err(not_allowed());
    }
    let pod = stored(app, &asked.target)?;
    let name = asked.target.name.as_deref().unwrap_or_default();
    let container = container(&pod, name, asked.options.text("container"))?;
    let selection = Selection::new(asked, app.cluster.now())?;
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

// === impl Selection ===

impl Selection {
    fn new(asked: &Asked, now: Timestamp) -> Result<Self, Refusal> {
        let options = &asked.options;
        let since = match (options.number("sinceSeconds")?, options.text("sinceTime")) {
            (None, "") => None,
            (None, text) => {
                let time = text.parse::<Timestamp>();
                Some(time.map_err(|e| Refusal::bad_request(format!("sinceTime: {e}")))?)
            }
            (Some(seconds), "") => {
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                let start = now.as_second().saturating_sub(seconds);
                Some(Timestamp::from_second(start).unwrap_or(Timestamp::MIN))
            }
            (Some(_), _) => {
                return Err(Refusal::bad_request(
                    "at most one of sinceTime and sinceSeconds may be given",
                ));
            }
        };
        let number = |name: &str| -> Result<Option<usize>, Refusal> {
            let number = options.number(name)?;
            Ok(number.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
        };
        Ok(Self {
            timestamps: options.flag("timestamps"),
            since,
            tail: number("tailLines")?,
            bytes_left: number("limitBytes")?.unwrap_or(usize::MAX),
        })
    }

    /// The lines that are wanted, as text.
    fn text(&mut self, lines: Vec<Line>) -> String {
        let since = self.since.unwrap_or(Timestamp::MIN);
        let mut lines: VecDeque<Line> = lines.into_iter().filter(|line| line.at >= since).collect();
        if let Some(tail) = self.tail {
            lines.drain(..lines.len().saturating_sub(tail));
        }
        let mut text = String::new();
        for line in lines {
            if self.timestamps {
                // Writing to a string does not fail.
                let _ = write!(text, "{:.9} ", line.at);
            }
            text.push_str(&line.text);
            text.push('\n');
        }
        if text.len() > self.bytes_left {
            text.truncate(text.floor_char_boundary(self.bytes_left));
            self.bytes_left = 0;
        } else {
            self.bytes_left -= text.len();
        }
        text
    }
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
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn selection() -> Selection {
        Selection { timestamps: false, since: None, tail: None, bytes_left: usize::MAX }
    }

    fn lines(texts: &[&str]) -> Vec<Line> {
        let line = |(i, text): (usize, &&str)| Line {
            at: Timestamp::from_second(i64::try_from(i).unwrap()).unwrap(),
            text: Arc::from(*text),
        };
        texts.iter().enumerate().map(line).collect()
    }

    #[test]
    fn the_wanted_lines_are_shown() {
        let all = ["a", "b", "c"];
        assert_eq!(selection().text(lines(&all)), "a\nb\nc\n");
        assert_eq!(Selection { tail: Some(1), ..selection() }.text(lines(&all)), "c\n");
        let since = Some(Timestamp::from_second(1).unwrap());
        assert_eq!(Selection { since, ..selection() }.text(lines(&all)), "b\nc\n");
        let stamped = Selection { timestamps: true, ..selection() }.text(lines(&["a"]));
        assert_eq!(stamped, "1970-01-01T00:00:00.000000000Z a\n");
        let mut limited = Selection { bytes_left: 3, ..selection() };
        assert_eq!(limited.text(lines(&all)), "a\nb");
        assert_eq!(limited.text(lines(&all)), "");
    }

    #[test]
    fn the_container_must_be_clear() {
        let pod = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        assert_eq!(container(&pod, "p", "b").unwrap(), "b");
        let refused = container(&pod, "p", "").unwrap_err();
        assert!(refused.message.ends_with("choose one of: [a b]"), "{refused}");
        assert!(container(&pod, "p", "c").is_err());
    }
}
