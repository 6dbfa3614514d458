//! Reads a child's output line by line without ever holding more than a bound of it: what a
//! process prints is not ours to trust.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longer lines are cut. Envoy's longest useful line is a rejection that quotes the resource; its
/// reason is at the end, which is why rejections are kept in another way (`nacks`).
const LINE_MAX: usize = 16 * 1024;

/// How much is read at once.
const CHUNK: usize = 4096;

/// Calls `each` with every line (without its end; invalid UTF-8 replaced) until the stream ends.
pub(super) async fn each_line(mut from: impl AsyncRead + Unpin, mut each: impl FnMut(&str)) {
    let mut chunk = vec![0; CHUNK];
    let mut line = Vec::new();
    // Bounded by the stream: it ends when the process does.
    while let Ok(read) = from.read(&mut chunk).await {
        if read == 0 {
            break;
        }
        for &byte in &chunk[..read] {
            if byte == b'\n' {
                each(&String::from_utf8_lossy(&line));
                line.clear();
            } else if line.len() < LINE_MAX {
                line.push(byte);
            }
        }
    }
    if !line.is_empty() {
        each(&String::from_utf8_lossy(&line));
    }
}

/// The newest few of many lines.
#[derive(Debug, Default)]
pub(super) struct Tail(VecDeque<String>);

// === impl Tail ===

impl Tail {
    /// Enough to show why a process ended, short enough to read in an error.
    const LINES: usize = 12;

    /// Keeps a line; the oldest goes.
    pub(super) fn push(&mut self, line: &str) {
        if self.0.len() == Self::LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.chars().take(500).collect());
    }

    /// The kept lines, oldest first, indented to stand below an error.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|line| format!("\n    {line}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_and_the_last_one_needs_no_end() {
        let text = format!("one\n{}\n\nlast \u{fffd}", "x".repeat(LINE_MAX + 5));
        let mut seen = Vec::new();
        each_line(text.as_bytes(), |line| seen.push(line.to_owned())).await;
        assert_eq!(seen, ["one", &"x".repeat(LINE_MAX), "", "last \u{fffd}"]);
    }

    #[test]
    fn a_tail_keeps_the_newest() {
        let mut tail = Tail::default();
        (0..40).for_each(|number| tail.push(&number.to_string()));
        assert!(tail.text().starts_with("\n    28\n") && tail.text().ends_with("\n    39"));
    }
}
