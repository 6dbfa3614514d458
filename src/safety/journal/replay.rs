//! What records leave to be undone. Pure.

use crate::safety::journal::entry::Entry;
use crate::safety::journal::record::Record;

/// What these records leave to be undone, and the next number.
pub(crate) fn replay(records: &[Record]) -> (Vec<Entry>, u64) {
    let (mut entries, mut next) = (Vec::<Entry>::new(), 0);
    for record in records {
        match record.clone() {
            Record::Begin(_) => {}
            Record::Intent { id, scope, subject, undo } => {
                next = next.max(id.saturating_add(1));
                entries.push(Entry { id, scope, subject, undo, stored: None, place: u64::MAX });
            }
            Record::Done { id, spec } => {
                if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
                    entry.stored = spec;
                }
            }
            Record::Undone { id } => entries.retain(|entry| entry.id != id),
        }
    }
    (entries, next)
}
