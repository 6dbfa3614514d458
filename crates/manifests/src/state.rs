//! What is known while a text is read: its budget, from which what anchors repeat is paid each
//! time, and what is not read as it looks.

use std::collections::HashMap;

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

/// Longer words are shown in part, in characters.
const SHOWN_MAX: usize = 40;

/// What is known while a text is read.
#[derive(Debug)]
pub(super) struct State<'t> {
    text: &'t str,
    budget: usize,
    /// Where what begins that is not read as it looks, and what it is.
    notes: Vec<(usize, String)>,
    more: usize,
    /// Whether the word that begins there is a plain one: what an anchor repeats is looked at, and
    /// told, once.
    looked_at: HashMap<usize, bool>,
    /// Our own word on why it is refused.
    pub(super) refusal: Option<String>,
}

// === impl State ===

impl<'t> State<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let budget = text.len().saturating_mul(PER_BYTE).saturating_add(SHORT);
        Self { text, budget, notes: Vec::new(), more: 0, looked_at: HashMap::new(), refusal: None }
    }

    pub(super) fn into_notes(self) -> Vec<Note> {
        let note = |(at, what): &(usize, String)| Note { at: self.mark(*at), what: what.clone() };
        let mut notes: Vec<Note> = self.notes.iter().map(note).collect();
        if let (more @ 1.., Some(last)) = (self.more, notes.last_mut()) {
            last.what = format!("{}; and {more} more like this", last.what);
        }
        notes
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

    /// Whether a scalar that the library took for text is a plain one.
    pub(super) fn is_plain(&mut self, scalar: &'t str) -> bool {
        self.look_at(scalar).is_some_and(|(_, plain)| plain)
    }

    /// Where a scalar begins in our text, and whether it is a plain one. The library lends the very
    /// characters, and before those of a quoted one there is the quote.
    fn look_at(&mut self, scalar: &'t str) -> Option<(usize, bool)> {
        let at = (scalar.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        let before = self.text.get(..at)?;
        let plain = || !before.ends_with(['"', '\'']) && !tagged(before);
        Some((at, *self.looked_at.entry(at).or_insert_with(plain)))
    }

    /// What a plain scalar is for `kubectl`; a note if that is not what it looks like.
    pub(super) fn word(&mut self, scalar: &'t str) -> Word {
        let word = words::resolve(scalar);
        let as_read = match &word {
            Word::Text => return word,
            Word::Bool(value) => format!("the boolean {value}"),
            Word::Number(value) => format!("the number {value}"),
        };
        let told = self.looked_at.len();
        let Some((at, true)) = self.look_at(scalar) else { return Word::Text };
        if self.looked_at.len() == told {
            return word;
        }
        if self.notes.len() < NOTES_MAX {
            let shown: String = scalar.chars().take(SHOWN_MAX).collect();
            self.notes.push((
                at,
                format!(
                    "`{shown}` is {as_read}, as kubectl reads it (YAML 1.1); quote it if text is \
                     meant"
                ),
            ));
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

/// Whether what stands before a scalar ends with a tag of it (`!!str`), with an anchor before or
/// behind. A tag begins a node, so before it there is what nodes begin behind, or its line's
/// beginning.
fn tagged(before: &str) -> bool {
    let word = |text: &str| {
        let text = text.trim_end();
        let start = text.rfind([' ', '\t', '\n', ',', '[', '{']).map_or(0, |at| at + 1);
        (start, text.len())
    };
    let (mut start, mut end) = word(before);
    if before[start..end].starts_with('&') {
        (start, end) = word(&before[..start]);
    }
    if !before[start..end].starts_with('!') {
        return false;
    }
    let ended = |text: &str| text.is_empty() || text.ends_with(['\n', '\r']);
    let mut line = before[..start].trim_end_matches([' ', '\t']);
    if !ended(line) && line[word(line).0..].starts_with('&') {
        line = line[..word(line).0].trim_end_matches([' ', '\t']);
    }
    ended(line) || line.ends_with([':', '-', '?', ',', '[', '{'])
}
