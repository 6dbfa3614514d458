//! A journal as version 0.1.0 left it when it was killed: whatever the types are called by now, it
//! is read to the last record, and it undoes what it says. The names of the machine are made up.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::ObjectRef;
use crate::safety::journal::{Earlier, Journal, Scope, Undo};
use crate::safety::testing::Fake;
use crate::safety::undo::{Budget, UndoOutcome, perform, undo_steps};

const JOURNAL: &[u8] = include_bytes!("data/journal-v1.journal");

/// The changed VirtualService, where an API server has it.
const HOTELS: &str =
    "/apis/networking.istio.io/v1/namespaces/travel-agency/virtualservices/hotels-of-theirs";

/// The journal, taken over in a folder of its own.
fn reopened() -> (TempDir, Journal) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rc0b274f1.journal");
    std::fs::write(&path, JOURNAL).unwrap();
    match Journal::reopen(&path).unwrap() {
        Earlier::Unfinished(journal, 0) => (folder, journal),
        other => panic!("not a journal that can be finished: {other:?}"),
    }
}

#[test]
fn every_record_of_the_version_before_is_read() {
    let (_folder, journal) = reopened();
    let header = journal.header();
    assert_eq!((header.run.as_str(), header.own_mesh), ("rc0b274f1", false));
    assert_eq!(header.context, "faultless-local");
    assert_eq!(header.namespaces, ["travel-agency", "travel-portal", "travel-control"]);
    let entries = journal.entries(|_| true);
    assert_eq!(entries.len(), 13);
    assert_eq!(journal.entries(|entry| entry.scope == Scope::Scenario(0)).len(), 3);
    let of = |which: fn(&Undo) -> bool| entries.iter().filter(|entry| which(&entry.undo)).count();
    assert_eq!(of(|undo| matches!(undo, Undo::Added { .. })), 11);
    assert_eq!(of(|undo| matches!(undo, Undo::Changed { .. })), 1);
    assert_eq!(of(|undo| matches!(undo, Undo::Put { .. })), 1);
    let told: Vec<String> = undo_steps(&entries).iter().map(|step| step.what.to_string()).collect();
    assert_eq!(told[0], "VirtualService travel-agency/faultless-cars", "newest first");
    assert!(told.contains(&"VirtualService travel-agency/hotels-of-theirs (changed)".to_owned()));
    assert!(told.contains(&"/settings of the pods app=voyages in travel-portal".to_owned()));
}

#[tokio::test]
async fn what_it_changed_is_given_back() {
    let (_folder, journal) = reopened();
    let entries = journal.entries(|entry| {
        entry.undo.object().is_some_and(|object: &ObjectRef| object.name == "hotels-of-theirs")
    });
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    let Undo::Changed { before, .. } = &entry.undo else { panic!("{entry:?}") };
    let mut now = before.clone();
    now["spec"] = entry.stored.clone().unwrap();
    // As the run had marked it.
    now["metadata"]["labels"] = json!({"faultless.dev/run": "rc0b274f1"});
    let fake = Fake::default();
    fake.put(HOTELS, now);
    let step = undo_steps(&entries).remove(0);
    let done = perform(&fake.cluster(), "rc0b274f1", &step.what, Budget::begin()).await.unwrap();
    assert_eq!(done, UndoOutcome::Done);
    let restored = fake.get(HOTELS).unwrap();
    assert_eq!(restored["spec"], before["spec"]);
    assert_eq!(restored.pointer("/metadata/labels").cloned().unwrap_or_default(), Value::Null);
}
