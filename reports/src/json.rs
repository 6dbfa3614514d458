//! The record stream as text, one JSON object per line (`events.jsonl`), and back.

use crate::event::Record;

/// What a file of records held.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// The records, in order.
    pub records: Vec<Record>,
    /// Whether the last line had no end: the run was killed while it wrote. It is left out.
    pub torn: bool,
}

/// A line that is no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// From 1.
    pub line: usize,
    /// What is wrong with it.
    pub cause: String,
}

/// A record as one line, its end included.
///
/// # Panics
///
/// Never: records hold only what JSON can say.
#[must_use]
pub fn line(record: &Record) -> String {
    let mut line = serde_json::to_string(record).expect("records hold strings and whole numbers");
    line.push('\n');
    line
}

/// Reads a file of records; their numbers must go up from 0 without gaps.
///
/// It takes bytes, because a torn line may end within a character.
pub fn read(text: impl AsRef<[u8]>) -> Result<Recording, ReadError> {
    let mut records: Vec<Record> = Vec::new();
    for (index, line) in text.as_ref().split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            return Ok(Recording { records, torn: true });
        }
        let fail = |cause: String| ReadError { line: index + 1, cause };
        let record: Record =
            serde_json::from_slice(line).map_err(|error| fail(error.to_string()))?;
        if record.seq != records.len() as u64 {
            return Err(fail(format!("record {} where {} was due", record.seq, records.len())));
        }
        records.push(record);
    }
    Ok(Recording { records, torn: false })
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} is not a record of a run: {}", self.line, self.cause)
    }
}

impl std::error::Error for ReadError {}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../samples/run.jsonl");

    #[test]
    fn a_recording_is_written_as_it_was_read() {
        let recording = read(SAMPLE).unwrap();
        assert!(!recording.torn && recording.records.len() > 40);
        let written: String = recording.records.iter().map(line).collect();
        assert_eq!(written, SAMPLE);
    }

    #[test]
    fn a_torn_end_is_left_out_and_anything_else_is_an_error() {
        let whole = read(SAMPLE).unwrap().records.len();
        let torn = read(&SAMPLE[..SAMPLE.len() - 1]).unwrap();
        assert_eq!((torn.records.len(), torn.torn), (whole - 1, true));
        // Within a character.
        let torn = read([SAMPLE.as_bytes(), b"{\"seq\":\xc3"].concat()).unwrap();
        assert_eq!((torn.records.len(), torn.torn), (whole, true));
        assert!(read(b"\xff\xfe\n").is_err());
        assert_eq!(read(format!("{SAMPLE}{{}}\n")).unwrap_err().line, whole + 1);
        let gap: String = SAMPLE.split_inclusive('\n').skip(1).collect();
        assert_eq!(
            read(&gap).unwrap_err().to_string(),
            "line 1 is not a record of a run: record 1 where 0 was due"
        );
        assert!(read("").unwrap().records.is_empty());
    }

    #[test]
    fn a_record_stays_on_its_line() {
        let text = SAMPLE.replacen("local mesh", "a\\nb\\u001b", 1);
        let records = read(&text).unwrap().records;
        assert_eq!(line(&records[0]).matches('\n').count(), 1);
        assert!(!line(&records[0]).contains('\x1b'));
    }
}
