//! The containers' logs, kept in memory for `kubectl logs`: bounded per container, oldest lines go.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::image::Log;

/// Lines kept per container: some minutes of the demo's chattiest service.
const LINES_MAX: usize = 5_000;

/// Bytes kept per container; with the demo's 32 containers at most 32 MiB.
const BYTES_MAX: usize = 1 << 20;

/// The longest line; what is longer is cut, as container runtimes do at 16 KiB.
const LINE_BYTES_MAX: usize = 16 << 10;

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// Its text, without the line's end.
    pub text: Arc<str>,
}

/// All containers' logs; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    containers: Arc<Mutex<BTreeMap<Key, Arc<Container>>>>,
}

/// A reader's place in one log: reads what is there, then waits for more.
#[derive(Debug)]
pub struct Reader {
    container: Arc<Container>,
    written: watch::Receiver<u64>,
    next: u64,
}

/// Namespace, pod and container.
type Key = (String, String, String);

#[derive(Debug)]
struct Container {
    lines: Mutex<Ring>,
    /// How many lines were ever written; closed by `forget`.
    written: Mutex<Option<watch::Sender<u64>>>,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Line>,
    /// How many lines were dropped: the number of the first line that is kept.
    first: u64,
    bytes: usize,
}

// === impl Logs ===

impl Logs {
    /// Where a container's lines go. A container that starts again goes on in the same log; lines
    /// written after `forget` are lost.
    #[must_use]
    pub fn writer(&self, namespace: &str, pod: &str, container: &str) -> Log {
        let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        let container = Arc::clone(self.containers().entry(key).or_default());
        Arc::new(move |line| container.append(&line))
    }

    /// A reader at the beginning of a container's log; `None` when it never had one.
    #[must_use]
    pub fn reader(&self, namespace: &str, pod: &str, container: &str) -> Option<Reader> {
        let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        let container = Arc::clone(self.containers().get(&key)?);
        let written = lock(&container.written).as_ref()?.subscribe();
        Some(Reader { container, written, next: 0 })
    }

    /// Drops the logs of a pod that is gone; its readers come to an end.
    pub fn forget(&self, namespace: &str, pod: &str) {
        self.containers().retain(|(of_namespace, of_pod, _), container| {
            let gone = of_namespace == namespace && of_pod == pod;
            if gone {
                container.close();
            }
            !gone
        });
    }

    fn containers(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<Container>>> {
        lock(&self.containers)
    }
}

// === impl Reader ===

impl Reader {
    /// The lines since the last read that are still kept.
    pub fn read(&mut self) -> Vec<Line> {
        // Seen before the lines are taken, so that a line between the two wakes `changed`.
        self.written.mark_unchanged();
        let ring = lock(&self.container.lines);
        let skip = usize::try_from(self.next.saturating_sub(ring.first)).unwrap_or(usize::MAX);
        let lines: Vec<Line> = ring.lines.iter().skip(skip).cloned().collect();
        self.next = ring.first + ring.lines.len() as u64;
        lines
    }

    /// Waits until there is more; `false` when there never will be.
    pub async fn changed(&mut self) -> bool {
        self.written.changed().await.is_ok()
    }
}

// === impl Container ===

impl Default for Container {
    fn default() -> Self {
        Self { lines: Mutex::default(), written: Mutex::new(Some(watch::channel(0).0)) }
    }
}

impl Container {
    fn append(&self, text: &str) {
        let written = lock(&self.written);
        let Some(written) = written.as_ref() else { return };
        {
            let mut ring = lock(&self.lines);
            for line in text.split('\n') {
                ring.push(Line { at: Timestamp::now(), text: Arc::from(cut(line)) });
            }
        }
        written.send_modify(|count| *count += 1);
    }

    fn close(&self) {
        lock(&self.written).take();
    }
}

// === impl Ring ===

impl Ring {
    fn push(&mut self, line: Line) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
            let Some(dropped) = self.lines.pop_front() else { break };
            self.bytes -= dropped.text.len();
            self.first += 1;
        }
    }
}

fn cut(line: &str) -> &str {
    let line = line.trim_end_matches('\r');
    &line[..line.floor_char_boundary(LINE_BYTES_MAX)]
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section leaves the data whole, also if it panics.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| &*line.text).collect()
    }

    #[test]
    fn lines_are_kept_in_order_and_bounded() {
        let logs = Logs::default();
        assert!(logs.reader("a", "p", "c").is_none());
        let log = logs.writer("a", "p", "c");
        for i in 0..LINES_MAX + 2 {
            log(i.to_string());
        }
        let mut reader = logs.reader("a", "p", "c").unwrap();
        let lines = reader.read();
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(&*lines[0].text, "2");
        assert!(reader.read().is_empty());
        log("x\ny".to_owned());
        assert_eq!(texts(&reader.read()), ["x", "y"]);
        for _ in 0..1000 {
            log("é".repeat(LINE_BYTES_MAX));
        }
        let lines = reader.read();
        assert_eq!(lines[0].text.len(), LINE_BYTES_MAX);
        assert!(lines.len() * LINE_BYTES_MAX <= BYTES_MAX);
    }

    #[tokio::test]
    async fn a_reader_waits_and_ends_with_its_pod() {
        let logs = Logs::default();
        let log = logs.writer("a", "p", "c");
        let mut reader = logs.reader("a", "p", "c").unwrap();
        log("one".to_owned());
        assert!(reader.changed().await);
        assert_eq!(texts(&reader.read()), ["one"]);
        logs.forget("a", "other");
        logs.forget("a", "p");
        assert!(!reader.changed().await);
        log("lost".to_owned());
        assert!(logs.reader("a", "p", "c").is_none());
    }
}
