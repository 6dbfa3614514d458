//! A journal's records, and how they stand in its file: a line of JSON each, with the format's
//! version and a checksum over the record's own bytes. Pure: text in, records out, and what is torn
//! or spoilt is told apart from what is sound.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application::settings::Endpoint;
use crate::cluster::ObjectRef;
use crate::scenario::compare::checksum;

/// The format that this version writes, and the newest it reads.
pub(super) const FORMAT: u32 = 1;

/// Whose change it is: it is restored when that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The run's: load agents, dead-man's switches.
    Run,
    /// A scenario's, by its place in the run.
    Scenario(u32),
}

/// The undo of one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub enum Undo {
    /// The object did not exist before: delete it, if it still is this run's.
    Added {
        /// Which.
        object: ObjectRef,
    },
    /// The object was there: give it back its `spec`, and take our marks off.
    Changed {
        /// Which.
        object: ObjectRef,
        /// The whole object as it was.
        before: Value,
        /// The `spec` that was about to be written; nothing else is overwritten.
        wrote: Value,
    },
    /// Pods were told something by `PUT`: tell them what they knew before.
    Put {
        /// How they are asked and told.
        endpoint: Endpoint,
        /// The names of the pods.
        pods: Vec<String>,
        /// What was true before, of each of them.
        before: Value,
        /// What they were about to be told; nothing else is overwritten.
        wrote: Value,
    },
}

/// Whose run it is and how its target is reached: enough to finish it without its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The run's id.
    pub run: String,
    /// What reports call the target.
    pub target: String,
    /// Whether the target is a mesh of the run's own process, which ended with it.
    pub own_mesh: bool,
    /// The kubeconfig's context.
    pub context: String,
    /// The kubeconfig; the usual one if it is not named.
    pub kubeconfig: Option<PathBuf>,
    /// The application's namespaces; the Lease is in the first.
    pub namespaces: Vec<String>,
    /// The machine it ran on.
    pub host: String,
    /// Its process.
    pub pid: u32,
    /// When it began, RFC 3339.
    pub begun: String,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Record {
    /// The first line.
    Begin(Header),
    /// Something is about to be done.
    Intent {
        /// Counts from 0.
        id: u64,
        scope: Scope,
        /// The service it is done to, as `namespace/name of our object for it`.
        subject: String,
        undo: Undo,
    },
    /// It was done; `spec` is what the API server made of it.
    Done { id: u64, spec: Option<Value> },
    /// It was undone.
    Undone { id: u64 },
}

/// A line that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Torn or spoilt.
    Damaged,
    /// Written in a format that this version does not know.
    Newer(u64),
}

/// What a file holds.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Content {
    pub(super) records: Vec<Record>,
    /// Lines that are torn or spoilt.
    pub(super) damaged: u32,
    /// The newest format that is newer than ours, if no line is in ours.
    pub(super) newer: Option<u64>,
}

/// A record's line, with its line break.
pub(super) fn encode(record: &Record) -> serde_json::Result<String> {
    let record = serde_json::to_string(record)?;
    let check = checksum(record.as_bytes());
    Ok(format!("{{\"v\":{FORMAT},\"check\":\"{check}\",\"record\":{record}}}\n"))
}

/// Reads what is left of a file, which may end anywhere and hold anything.
pub(super) fn decode(bytes: &[u8]) -> Content {
    let (mut content, mut unknown) = (Content::default(), 0);
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match decode_line(line) {
            Ok(record) => content.records.push(record),
            Err(Unusable::Damaged) => content.damaged += 1,
            Err(Unusable::Newer(format)) => {
                content.newer = content.newer.max(Some(format));
                unknown += 1;
            }
        }
    }
    // A version writes all its lines in one format: among lines of ours, one of another is spoilt.
    if !content.records.is_empty() && content.newer.take().is_some() {
        content.damaged += unknown;
    }
    content
}

fn decode_line(line: &[u8]) -> Result<Record, Unusable> {
    let text = std::str::from_utf8(line).map_err(|_| Unusable::Damaged)?;
    let sound = |text: &str| -> Option<(u64, Option<Record>)> {
        let (format, rest) = text.strip_prefix("{\"v\":")?.split_once(",\"check\":\"")?;
        let (check, rest) = rest.split_once("\",\"record\":")?;
        let record = rest.strip_suffix('}')?;
        if checksum(record.as_bytes()) != check {
            return None;
        }
        Some((format.parse().ok()?, serde_json::from_str(record).ok()))
    };
    match sound(text) {
        Some((format, _)) if format > u64::from(FORMAT) => Err(Unusable::Newer(format)),
        Some((_, Some(record))) => Ok(record),
        Some((_, None)) | None => Err(Unusable::Damaged),
    }
}
