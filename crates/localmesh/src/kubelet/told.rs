//! What the pod's task hears of its containers.

use std::time::Duration;

use tokio::sync::mpsc;

/// What a container's supervisor tells.
#[derive(Debug)]
pub(super) enum Told {
    /// It runs.
    Started,
    /// It ended by itself, and whether it is started again after a while.
    Ended { outcome: Result<(), String>, again: Option<Duration> },
}

/// Told about the container of this name.
pub(super) type Teller = mpsc::Sender<(String, Told)>;

pub(super) fn farewell(outcome: &Result<(), String>, again: Option<Duration>) -> String {
    let how = match outcome {
        Ok(()) => "completed".to_owned(),
        Err(why) => format!("ended: {why}"),
    };
    match again {
        Some(wait) => format!("({how}; back-off {} s, then it is started again)", wait.as_secs()),
        None => format!("({how})"),
    }
}
