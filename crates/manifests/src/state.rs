//! What is known while a text is read: its budget, from which what anchors repeat is paid each
//! time, and what is not read as it looks.

use serde::de::Error;

use crate::problem::{Mark, Note, TOO_MUCH};
use crate::words::{self, Word};

/// What each node costs beside its characters. It is what a node needs of memory, about; and a text
/// without anchors has at most three nodes in two characters (`? ? `).
const NODE: usize = 16;

/// What a text may cost for each of its bytes: as much as one without anchors could.
const PER_BYTE: usize = 1 + NODE + NODE / 2;

/// A short text may repeat itself a little: some thousand nodes.
const SHORT: usize = 256 * 1024;

/// More notes than this are no longer read one by one.
const NOTES_MAX: usize = 20;

/// What is known while a text is read.
#[derive(Debug)]
pub(super) struct State<'t> {
    text: &'t str,
    budget: usize,
    notes: Vec<Note>,
    more: usize,
    /// Our own word on why it is refused.
    pub(super) refusal: Option<String>,
}

// === impl State ===

impl<'t> State<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let budget = text.len().saturating_mul(PER_BYTE).saturating_add(SHORT);
        Self { text, budget, notes: Vec::new(), more: 0, refusal: None }
    }

    pub(super) fn into_notes(mut self) -> Vec<Note> {
        if let (more @ 1.., Some(last)) = (self.more, self.notes.last_mut()) {
            last.what = format!("{}; and {more} more like this", last.what);
        }
        self.notes
    }

    pub(super) fn spend<E: Error>(&mut self, bytes: usize) -> Result<(), E> {
        match self.budget.checked_sub(bytes + NODE) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => self.refuse(TOO_MUCH.to_owned()),
        }
    }

    pub(super) fn refuse<T, E: Error>(&mut self, what: String) -> Result<T, E> {
        let error = E::custom(&what);
        self.refusal = Some(what);
        Err(error)
    }

    /// A scalar that the library took for text: where it begins in ours, if it is a plain one. The
    /// library lends the very characters, and before those of a quoted one there is the quote.
    pub(super) fn plain(&self, scalar: &'t str) -> Option<usize> {
        let at = (scalar.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        let before = self.text.get(..at)?;
        (!before.ends_with(['"', '\'']) && !tagged(before)).then_some(at)
    }

    /// What a plain scalar is for `kubectl`; a note if that is not what it looks like.
    pub(super) fn word(&mut self, scalar: &'t str) -> Word {
        let Some(at) = self.plain(scalar) else { return Word::Text };
        let word = words::resolve(scalar);
        let as_read = match &word {
            Word::Text => return word,
            Word::Bool(value) => format!("the boolean {value}"),
            Word::Number(value) => format!("the number {value}"),
        };
        if self.notes.len() < NOTES_MAX {
            let what = format!(
                "`{scalar}` is {as_read}, as kubectl reads it (YAML 1.1); quote it if text is meant"
            );
            let note = Note { at: self.mark(at), what };
            // What an anchor repeats is said once.
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        } else {
            self.more += 1;
        }
        word
    }

    fn mark(&self, at: usize) -> Mark {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        Mark { line, column }
    }
}

/// Whether what stands before a scalar ends with a tag of it (`!!str`), or with tag and anchor.
fn tagged(before: &str) -> bool {
    let mut words = before.rsplit([' ', '\n', ',', '[', '{']).filter(|word| !word.is_empty());
    words.find(|word| !word.starts_with('&')).is_some_and(|word| word.starts_with('!'))
}
