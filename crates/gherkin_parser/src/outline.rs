//! Outlines filled in: a scenario for each row of the examples, as the official compiler makes its
//! pickles. Only what is a column's name between angle brackets is replaced; any other such text is
//! text.

use crate::ast::{Examples, Scenario, Tag};
use crate::place::Place;
use crate::step::{Row, Step};

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
    /// Which examples it is from, by their place in the scenario's, and which of their rows.
    pub row: Option<(usize, usize)>,
}

// === impl Scenario ===

impl Scenario {
    /// What it stands for: itself, or one for each row of its examples; nothing if all are empty.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        if self.examples.is_empty() {
            return vec![Instance {
                place: self.head.place,
                name: self.head.name.clone(),
                tags: self.head.tags.clone(),
                steps: self.steps.clone(),
                row: None,
            }];
        }
        let each = self.examples.iter().enumerate();
        each.flat_map(|(index, examples)| self.of_examples(index, examples)).collect()
    }

    fn of_examples(&self, index: usize, examples: &Examples) -> Vec<Instance> {
        let Some(header) = &examples.header else { return Vec::new() };
        let rows = examples.rows.iter().enumerate();
        rows.map(|(number, row)| {
            let filled = |text: &str| filled(text, header, row);
            let step = |step: &Step| {
                let mut step = step.clone();
                step.text = filled(&step.text);
                if let Some(doc_string) = &mut step.doc_string {
                    doc_string.content = filled(&doc_string.content);
                    doc_string.media_type = doc_string.media_type.as_deref().map(filled);
                }
                for cell in step.table.iter_mut().flat_map(|row| &mut row.cells) {
                    *cell = filled(cell);
                }
                step
            };
            Instance {
                place: row.place,
                name: filled(&self.head.name),
                tags: [self.head.tags.as_slice(), &examples.head.tags].concat(),
                steps: self.steps.iter().map(step).collect(),
                row: Some((index, number)),
            }
        })
        .collect()
    }
}

/// One column after the other, as the official compiler does.
fn filled(text: &str, header: &Row, row: &Row) -> String {
    let cells = header.cells.iter().zip(&row.cells);
    cells.fold(text.to_owned(), |text, (column, value)| {
        if text.contains('<') { text.replace(&format!("<{column}>"), value) } else { text }
    })
}
