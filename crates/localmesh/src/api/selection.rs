//! Which lines of a log are wanted, and how they are shown. Pure; the time comes in.

use std::collections::VecDeque;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::options::Options;
use crate::logs::Line;
use crate::store::Refusal;

/// Which lines are wanted, and how they are shown.
pub(super) struct Selection {
    timestamps: bool,
    since: Option<Timestamp>,
    /// How many of the lines at the end, the first time.
    pub(super) tail: Option<usize>,
    /// How much may be sent still.
    pub(super) bytes_left: usize,
}

// === impl Selection ===

impl Selection {
    /// From the parameters of a request.
    pub(super) fn new(options: &Options, now: Timestamp) -> Result<Self, Refusal> {
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
    pub(super) fn text(&mut self, lines: Vec<Line>) -> String {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
}
