//! A journal's records, and how they stand in its file: a line of JSON each, with the format's
//! version and a checksum over the record's own bytes. Pure: text in, records out, and what is torn
//! or spoilt is told apart from what is sound.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::safety::digest::checksum;
use crate::safety::journal::entry::{Scope, Undo};
use crate::safety::journal::header::Header;

/// The format that this version writes, and the newest it reads.
pub(crate) const FORMAT: u32 = 1;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(crate) enum Record {
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
pub(crate) enum Unusable {
    /// Torn or spoilt.
    Damaged,
    /// Written in a format that this version does not know.
    Newer(u64),
}

/// What a file holds.
#[derive(Debug, PartialEq, Default)]
pub(crate) struct Content {
    pub(crate) records: Vec<Record>,
    /// Lines that are torn or spoilt.
    pub(crate) damaged: u32,
    /// The newest format that is newer than ours, if no line is in ours.
    pub(crate) newer: Option<u64>,
}

/// A record's line, with its line break.
pub(crate) fn encode(record: &Record) -> serde_json::Result<String> {
    let record = serde_json::to_string(record)?;
    let check = checksum(record.as_bytes());
    Ok(format!("{{\"v\":{FORMAT},\"check\":\"{check}\",\"record\":{record}}}\n"))
}

/// Reads what is left of a file, which may end anywhere and hold anything.
pub(crate) fn decode(bytes: &[u8]) -> Content {
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
