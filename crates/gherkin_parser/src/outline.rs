//! Outlines filled in: a scenario for each row of the examples, as the official compiler makes its
//! pickles. Only what is a column's name between angle brackets is replaced; any other such text is
//! text. Rows times steps, and values that hold further columns, can make a small file endless, so
//! what is made is bounded.

use crate::ast::{Examples, Scenario, Tag};
use crate::place::Place;
use crate::step::{Row, Step};

/// A step costs this much besides its text, in bytes.
const STEP: usize = 256;

/// So many bytes are looked through in the time in which one is made, and a search costs as many.
const LOOK: usize = 16;

/// A scenario that can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The row it is made from, or the scenario itself.
    pub place: Place,
    /// Its name, filled in.
    pub name: String,
    /// The scenario's tags and those of the examples.
    pub tags: Vec<Tag>,
    /// Its steps, filled in.
    pub steps: Vec<Step>,
}

/// How much may still be made of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room(usize);

/// More would be made of a scenario's examples than there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the examples of the file, up to these, make more than {} MiB of steps", Room::MOST >> 20)]
pub struct TooMuch;

// === impl Room ===

impl Room {
    /// In bytes: some 100,000 steps, for a file of at most a megabyte.
    pub const MOST: usize = 64 << 20;

    fn take(&mut self, bytes: usize) -> Result<(), TooMuch> {
        self.0 = self.0.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }
}

impl Default for Room {
    fn default() -> Self {
        Self(Self::MOST)
    }
}

// === impl Scenario ===

impl Scenario {
    /// What it stands for: itself, or one for each row of its examples; nothing if all are empty.
    pub fn instances(&self, room: &mut Room) -> Result<Vec<Instance>, TooMuch> {
        if self.examples.is_empty() {
            return Ok(vec![Instance {
                place: self.head.place,
                name: self.head.name.clone(),
                tags: self.head.tags.clone(),
                steps: self.steps.clone(),
            }]);
        }
        let mut instances = Vec::new();
        for examples in &self.examples {
            for row in &examples.rows {
                instances.extend(self.of_row(examples, row, room)?);
            }
        }
        Ok(instances)
    }

    fn of_row(
        &self,
        examples: &Examples,
        row: &Row,
        room: &mut Room,
    ) -> Result<Option<Instance>, TooMuch> {
        let Some(header) = &examples.header else { return Ok(None) };
        let mut filled = |text: &str| filled(text, header, row, room);
        let name = filled(&self.head.name)?;
        let mut steps = Vec::new();
        for step in &self.steps {
            let mut step = step.clone();
            step.text = filled(&step.text)?;
            if let Some(doc_string) = &mut step.doc_string {
                doc_string.content = filled(&doc_string.content)?;
                doc_string.media_type =
                    doc_string.media_type.as_deref().map(&mut filled).transpose()?;
            }
            for cell in step.table.iter_mut().flat_map(|row| &mut row.cells) {
                *cell = filled(cell)?;
            }
            steps.push(step);
        }
        let tags = [self.head.tags.as_slice(), &examples.head.tags].concat();
        room.take(tags.iter().map(|tag| STEP + tag.name.len()).sum())?;
        Ok(Some(Instance { place: row.place, name, tags, steps }))
    }
}

/// One column after the other, as the official compiler does.
fn filled(text: &str, header: &Row, row: &Row, room: &mut Room) -> Result<String, TooMuch> {
    room.take(STEP + text.len())?;
    let mut filled = text.to_owned();
    for (column, value) in header.cells.iter().zip(&row.cells) {
        if !filled.contains('<') {
            break;
        }
        // To look through it costs less than to keep it, and yet something.
        room.take(LOOK + filled.len() / LOOK)?;
        let name = format!("<{column}>");
        // Before it is made: a value may be as long as the file, and stand in it as often.
        let times = filled.matches(&name).count();
        if times > 0 {
            room.take(times.saturating_mul(value.len()))?;
            filled = filled.replace(&name, value);
        }
    }
    Ok(filled)
}
