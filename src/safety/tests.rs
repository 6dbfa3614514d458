//! That a journal tells the truth wherever it was cut, and that what it says is undone: for any
//! changes, whatever part of them took effect.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::journal::record::{Record, decode, encode};
use super::journal::*;
use super::testing::{Fake, Fate};
use super::undo::*;
use crate::application::settings::Endpoint;
use crate::cluster::ObjectRef;
use crate::safety::labels::{MANAGED_BY, RUN_LABEL};

const FOLDER: &str = "/apis/networking.istio.io/v1/namespaces/a/virtualservices";

fn header(run: &str) -> Header {
    Header { run: run.to_owned(), own_mesh: false, host: "here".to_owned(), ..Header::unknown() }
}

fn reference(name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "networking.istio.io/v1".to_owned(),
        kind: "VirtualService".to_owned(),
        namespace: "a".to_owned(),
        name: name.to_owned(),
    }
}

fn object(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "a"},
        "spec": spec,
    })
}

fn endpoint() -> Endpoint {
    Endpoint {
        namespace: "a".to_owned(),
        selector: "app=x".to_owned(),
        port: 8000,
        write: "/settings".to_owned(),
        read: "/status".to_owned(),
        pointer: "/settings".to_owned(),
    }
}

fn records() -> Vec<Record> {
    let added = Undo::Added { object: reference("x") };
    let before = object("y", json!({"hosts": ["y\n\"quoted\""], "http": [{"timeout": "1.5s"}]}));
    let changed = Undo::Changed { object: reference("y"), before, wrote: json!({"hosts": []}) };
    let put = Undo::Put {
        endpoint: endpoint(),
        pods: vec!["x-1".to_owned()],
        before: json!({"request_ratio": 50}),
        wrote: json!({"request_ratio": 100}),
    };
    let mut all = vec![Record::Begin(header("r1"))];
    for (id, undo) in [added, changed, put].into_iter().enumerate() {
        let (id, scope) = (id as u64, Scope::Scenario(1));
        all.push(Record::Intent { id, scope, subject: "a/x".to_owned(), undo });
        all.push(Record::Done { id, spec: Some(json!({"hosts": [100.0]})) });
    }
    all.push(Record::Undone { id: 2 });
    all
}

#[test]
fn a_journal_torn_at_any_byte_keeps_every_record_before() {
    let records = records();
    let lines: Vec<String> = records.iter().map(|record| encode(record).unwrap()).collect();
    let text = lines.concat();
    for end in 0..=text.len() {
        let content = decode(&text.as_bytes()[..end]);
        let mut whole = 0;
        let mut length = 0;
        for line in &lines {
            // The line break itself is not needed.
            length += line.len();
            whole += usize::from(length - 1 <= end);
        }
        assert_eq!(content.records, records[..whole], "torn at {end}");
        assert!(content.damaged <= 1);
        let torn = lines[..whole].concat().len() < end;
        assert_eq!(content.damaged == 1, torn, "torn at {end}");
    }
}

#[test]
fn a_spoilt_byte_costs_its_own_record_only() {
    let records = records();
    let lines: Vec<String> = records.iter().map(|record| encode(record).unwrap()).collect();
    let text = lines.concat();
    let mut begins = 0;
    for (number, line) in lines.iter().enumerate() {
        for at in begins..begins + line.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let content = decode(&bytes);
                // A spoilt line break takes the next line along, too.
                let lost = if at + 1 == begins + line.len() { 2 } else { 1 };
                let kept: Vec<_> = records[..number]
                    .iter()
                    .chain(records.iter().skip(number + lost))
                    .cloned()
                    .collect();
                // The record itself is sound if its format's number became 0.
                if at == begins + "{\"v\":".len() && bytes[at] == b'0' {
                    assert_eq!(content.records, records);
                    continue;
                }
                assert_eq!(content.records, kept, "bit {bit} of byte {at}");
                assert!(content.damaged > 0 && content.newer.is_none(), "bit {bit} of byte {at}");
            }
        }
        begins += line.len();
    }
}

#[test]
fn a_torn_record_does_not_spoil_the_next_one() {
    use std::io::Write as _;
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    let added = |name: &str| Undo::Added { object: reference(name) };
    journal.intend(Scope::Run, "", added("x")).unwrap();
    let path = journal.path();
    drop(journal);
    // What a disk that was full, or a machine without power, leaves.
    let mut disk = fs::OpenOptions::new().append(true).open(&path).unwrap();
    disk.write_all(b"{\"v\":1,\"check\":\"00").unwrap();
    let Earlier::Unfinished(journal, 1) = Journal::reopen(&path).unwrap() else {
        panic!("one record is damaged");
    };
    journal.intend(Scope::Run, "", added("y")).unwrap();
    let kept = journal.entries(|_| true).len();
    drop(journal);
    let Earlier::Unfinished(journal, 1) = Journal::reopen(&path).unwrap() else {
        panic!("one record is damaged");
    };
    assert_eq!((journal.entries(|_| true).len(), kept), (2, 2));
}

proptest! {

    #[test]
    fn garbage_is_no_journal(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(decode(&bytes).records.is_empty());
    }
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let line = encode(&Record::Undone { id: 1 }).unwrap();
    let newer = line.replace("{\"v\":1,", "{\"v\":2,");
    assert_eq!(decode(newer.as_bytes()).newer, Some(2));
    let state = TempDir::new().unwrap();
    let folder = state.path().join("k");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("r1.journal"), newer).unwrap();
    let error = Journal::reopen(&folder.join("r1.journal")).unwrap_err().to_string();
    assert!(error.contains("newer") && error.contains("hint"), "{error}");
}

#[test]
fn a_journal_is_found_again_with_all_it_knew() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    let path = journal.path();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let added = |name: &str| Undo::Added { object: reference(name) };
    let first = journal.intend(Scope::Run, "", added("x")).unwrap();
    let second = journal.intend(Scope::Scenario(0), "a/y", added("y")).unwrap();
    journal.done(first, Some(&json!({"hosts": []})));
    journal.undone(&[second]);
    assert!(!journal.close().unwrap(), "something is still to be undone");
    let kept = journal.entries(|_| true);
    assert!(matches!(Journal::reopen(&path).unwrap(), Earlier::Alive), "its run lives");
    drop(journal);
    // What a death in the middle of a write leaves.
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"v\":1,\"check\":\"00");
    fs::write(&path, bytes).unwrap();
    let Earlier::Unfinished(journal, damaged) = Journal::reopen(&path).unwrap() else {
        panic!("it is unfinished");
    };
    assert_eq!((damaged, journal.header().run.as_str()), (1, "r1"));
    let found = journal.entries(|_| true);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, &found[0].stored), (kept[0].id, &kept[0].stored));
    journal.undone(&[first]);
    drop(journal);
    let Earlier::Unfinished(journal, _) = Journal::reopen(&path).unwrap() else {
        panic!("it is still there");
    };
    assert!(journal.entries(|_| true).is_empty(), "what was appended after the tear counts");
    assert!(journal.close().unwrap());
    assert!(!path.exists() && journals(state.path(), None).unwrap().is_empty());
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_run() {
    let state = TempDir::new().unwrap();
    let file = state.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Journal::begin(&file, "k", header("r1")).unwrap_err();
    assert_eq!(error.blame(), crate::error::Blame::Runner);
    assert!(error.to_string().contains("nothing was changed"), "{error}");
}

// --- undoing ---

/// One change that a run makes.
#[derive(Debug, Clone)]
enum Step {
    Add(u8),
    Change(u8, u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0u8..4).prop_map(Step::Add),
        (4u8..8, 0u8..5).prop_map(|(object, spec)| Step::Change(object, spec)),
    ];
    proptest::collection::vec(step, 0..12)
}

fn spec(number: u8) -> Value {
    json!({"hosts": ["h"], "http": [{"timeout": format!("{number}s"), "weight": number}]})
}

/// Objects that were there before: with and without labels and annotations.
fn inhabited() -> Fake {
    let fake = Fake::default();
    for (at, metadata) in [
        json!({}),
        json!({"labels": {"kiali_wizard": "x"}}),
        json!({"annotations": {"a/b~c": "d"}, "labels": {}}),
        json!({"labels": {"l": "1"}, "annotations": {"a": "2"}, "finalizers": ["f"]}),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("o{}", at + 4);
        let mut there = object(&name, spec(100));
        for (key, value) in metadata.as_object().unwrap() {
            there["metadata"][key] = value.clone();
        }
        fake.put(&format!("{FOLDER}/{name}"), there);
    }
    fake
}

/// Does a step as a run does it: the intent first. `applied`: whether the write took effect;
/// `heard`: whether the run learned of it.
async fn do_step(fake: &Fake, journal: &Journal, step: &Step, applied: bool, heard: bool) {
    let cluster = fake.cluster();
    match step {
        Step::Add(number) => {
            let name = format!("o{number}");
            let mut new = object(&name, spec(*number));
            new["metadata"]["labels"] = json!({MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: "r1"});
            if fake.get(&format!("{FOLDER}/{name}")).is_some() {
                return;
            }
            let undo = Undo::Added { object: reference(&name) };
            let id = journal.intend(Scope::Scenario(0), "a/x", undo).unwrap();
            if applied {
                cluster.create(&new).await.unwrap();
                if heard {
                    journal.done(id, None);
                }
            }
        }
        Step::Change(number, to) => {
            let name = format!("o{number}");
            let there = fake.get(&format!("{FOLDER}/{name}")).unwrap();
            let wrote = spec(*to);
            let patch = match Marks::on(&there) {
                true => Marks::change_again(&there, &wrote),
                false => Marks::change(&there, &wrote, "r1").unwrap(),
            };
            let object = reference(&name);
            let undo = Undo::Changed { object: object.clone(), before: there, wrote };
            let id = journal.intend(Scope::Scenario(0), "a/x", undo).unwrap();
            if applied {
                let stored = cluster.patch(&object, patch).await.unwrap();
                if heard {
                    journal.done(id, stored.get("spec"));
                }
            }
        }
    }
}

async fn undo_all(fake: &Fake, journal: &Journal) -> Vec<UndoOutcome> {
    let mut ended = Vec::new();
    for step in undo_steps(&journal.entries(|_| true)) {
        let done = perform(&fake.cluster(), "r1", &step.what, Budget::begin()).await.unwrap();
        if done == UndoOutcome::Done {
            journal.undone(&step.ids);
        }
        ended.push(done);
    }
    ended
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![Just(Fate::Answered), Just(Fate::Refused), Just(Fate::Lost)]
}

/// On a clock that jumps over every pause.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For any changes, whichever took effect, whichever was heard of, and wherever the run died:
    /// restoring brings back exactly what was there, whatever its requests meet for a while, and
    /// doing it again changes nothing.
    #[test]
    fn restoring_brings_back_what_was_there(
        steps in steps(),
        fates in proptest::collection::vec((any::<bool>(), any::<bool>()), 12),
        undone_before_death in 0usize..4,
        troubles in proptest::collection::vec(fate(), 0..16),
    ) {
        block_on(async {
            let fake = inhabited();
            let before = fake.contents();
            let state = TempDir::new().unwrap();
            let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
            for (step, (applied, heard)) in steps.iter().zip(&fates) {
                do_step(&fake, &journal, step, *applied, *heard).await;
            }
            // A restore that dies in the middle, with its last mark not written.
            for step in undo_steps(&journal.entries(|_| true)).iter().take(undone_before_death) {
                perform(&fake.cluster(), "r1", &step.what, Budget::begin()).await.unwrap();
            }
            let path = journal.path();
            drop(journal);
            let Earlier::Unfinished(journal, 0) = Journal::reopen(&path).unwrap() else {
                panic!("the journal is there");
            };
            fake.meet(troubles);
            let ended = undo_all(&fake, &journal).await;
            prop_assert!(ended.iter().all(|done| *done == UndoOutcome::Done));
            prop_assert_eq!(fake.contents(), before.clone());
            undo_all(&fake, &journal).await;
            prop_assert_eq!(fake.contents(), before);
            prop_assert!(journal.close().unwrap());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn another_ones_edit_is_kept_and_told() {
    let fake = inhabited();
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    do_step(&fake, &journal, &Step::Change(4, 1), true, true).await;
    let path = format!("{FOLDER}/o4");
    let mut edited = fake.get(&path).unwrap();
    edited["spec"]["http"][0]["timeout"] = json!("77s");
    fake.put(&path, edited);
    let ended = undo_all(&fake, &journal).await;
    let [UndoOutcome::Stuck { why, command }] = &ended[..] else { panic!("{ended:?}") };
    assert!(why.contains("spec.http[0].timeout: 77s, was 100s"), "{why}");
    assert!(command.contains("kubectl annotate virtualservice o4 -n a"), "{command}");
    assert_eq!(fake.get(&path).unwrap()["spec"]["http"][0]["timeout"], "77s");
    assert!(!journal.close().unwrap());
}

#[tokio::test]
async fn an_edit_of_what_we_never_marked_is_no_conflict() {
    let fake = inhabited();
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    // The run died between its intent and its write.
    do_step(&fake, &journal, &Step::Change(4, 1), false, false).await;
    let path = format!("{FOLDER}/o4");
    let mut edited = fake.get(&path).unwrap();
    edited["spec"]["http"][0]["timeout"] = json!("77s");
    fake.put(&path, edited);
    let before = fake.contents();
    assert_eq!(undo_all(&fake, &journal).await, [UndoOutcome::Done]);
    assert_eq!(fake.contents(), before);
}

#[tokio::test]
async fn labels_that_others_wrote_meanwhile_stay() {
    let fake = inhabited();
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    do_step(&fake, &journal, &Step::Change(5, 1), true, true).await;
    let path = format!("{FOLDER}/o5");
    let mut edited = fake.get(&path).unwrap();
    edited["metadata"]["labels"]["theirs"] = json!("yes");
    fake.put(&path, edited);
    assert_eq!(undo_all(&fake, &journal).await, [UndoOutcome::Done]);
    let now = fake.get(&path).unwrap();
    assert_eq!(now["metadata"]["labels"], json!({"kiali_wizard": "x", "theirs": "yes"}));
    assert!(now["metadata"].get("annotations").is_none(), "{now}");
}

#[tokio::test]
async fn what_is_gone_or_somebody_elses_by_now_is_left_alone() {
    let fake = inhabited();
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    for step in [Step::Add(0), Step::Add(1), Step::Change(6, 1), Step::Change(7, 1)] {
        do_step(&fake, &journal, &step, true, true).await;
    }
    fake.remove(&format!("{FOLDER}/o0"));
    fake.remove(&format!("{FOLDER}/o6"));
    for name in ["o1", "o7"] {
        fake.remove(&format!("{FOLDER}/{name}"));
        fake.put(&format!("{FOLDER}/{name}"), object(name, spec(9)));
    }
    let before = fake.contents();
    assert_eq!(undo_all(&fake, &journal).await, vec![UndoOutcome::Done; 4]);
    assert_eq!(fake.contents(), before);
}

#[tokio::test]
async fn a_failing_api_server_is_asked_again() {
    let fake = inhabited();
    let before = fake.contents();
    let state = TempDir::new().unwrap();
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    for step in [Step::Add(0), Step::Change(5, 1)] {
        do_step(&fake, &journal, &step, true, true).await;
    }
    fake.refuse(2);
    fake.lose_answers(2);
    assert_eq!(undo_all(&fake, &journal).await, vec![UndoOutcome::Done; 2]);
    assert_eq!(fake.contents(), before);
}

#[tokio::test]
async fn a_change_that_arrives_after_its_undo_is_refused() {
    for number in 4..8 {
        let fake = inhabited();
        let before = fake.contents();
        let state = TempDir::new().unwrap();
        let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
        let there = fake.get(&format!("{FOLDER}/o{number}")).unwrap();
        let late = Marks::change(&there, &spec(1), "r1").unwrap();
        do_step(&fake, &journal, &Step::Change(number, 1), false, false).await;
        assert_eq!(undo_all(&fake, &journal).await, [UndoOutcome::Done]);
        let refused = fake.cluster().patch(&reference(&format!("o{number}")), late).await;
        assert!(refused.is_err(), "o{number}");
        assert_eq!(fake.contents(), before, "o{number}");
    }
}

#[test]
fn an_object_is_restored_by_its_own_marks() {
    block_on(async {
        let fake = inhabited();
        let before = fake.contents();
        let state = TempDir::new().unwrap();
        let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
        for number in 4..8 {
            do_step(&fake, &journal, &Step::Change(number, 1), true, true).await;
            do_step(&fake, &journal, &Step::Change(number, 2), true, true).await;
        }
        for number in 4..8 {
            let marked = fake.get(&format!("{FOLDER}/o{number}")).unwrap();
            let step = Marks::step(&marked).unwrap();
            let done = perform(&fake.cluster(), "r1", &step.what, Budget::begin()).await;
            assert_eq!(done.unwrap(), UndoOutcome::Done);
        }
        assert_eq!(fake.contents(), before);
    });
}

#[test]
fn an_original_that_fits_no_annotation_is_not_changed() {
    let mut there = object("x", json!({"hosts": ["h".repeat(300_000)]}));
    there["metadata"]["uid"] = json!("u");
    let error = Marks::change(&there, &spec(1), "r1").unwrap_err().to_string();
    assert!(error.contains("cannot be changed safely"), "{error}");
}

const PODS: &str = "/api/v1/namespaces/a/pods";

/// A pod that is set so.
fn pod(fake: &Fake, name: &str, settings: Value) {
    let metadata = json!({"name": name, "namespace": "a", "uid": name});
    let pod = json!({"metadata": metadata, "status": {"phase": "Running"}});
    fake.put(&format!("{PODS}/{name}"), pod);
    let page = json!({"metadata": {}, "name": name, "settings": settings});
    fake.put(&format!("{PODS}/{name}:8000/proxy/status"), page);
}

fn settings(fake: &Fake, pod: &str) -> Value {
    fake.get(&format!("{PODS}/{pod}:8000/proxy/status")).unwrap()["settings"].take()
}

#[tokio::test]
async fn pods_are_told_what_they_knew_unless_somebody_else_told_them_meanwhile() {
    let (fake, state) = (Fake::default(), TempDir::new().unwrap());
    let journal = Journal::begin(state.path(), "k", header("r1")).unwrap();
    let ratio = |ratio: u32| json!({"ratio": ratio, "devices": {"web": 50}});
    // The second of two changes reached only the first of two pods.
    for (before, wrote) in [(50, 90), (90, 100)] {
        let pods = vec!["one".to_owned(), "two".to_owned()];
        let (before, wrote) = (ratio(before), ratio(wrote));
        let undo = Undo::Put { endpoint: endpoint(), pods, before, wrote };
        journal.intend(Scope::Scenario(0), "web", undo).unwrap();
    }
    pod(&fake, "one", ratio(100));
    pod(&fake, "two", ratio(90));
    pod(&fake, "new", ratio(100));
    let all = undo_steps(&journal.entries(|_| true));
    assert_eq!(all.len(), 1, "both changes are undone in one go");
    for _ in ["once", "twice"] {
        let undone = perform(&fake.cluster(), "r1", &all[0].what, Budget::begin()).await;
        assert_eq!(undone.unwrap(), UndoOutcome::Done);
        assert_eq!(settings(&fake, "one"), ratio(50));
        assert_eq!(settings(&fake, "two"), ratio(50));
        assert_eq!(settings(&fake, "new"), ratio(100), "it was never told anything");
    }

    let journal = Journal::begin(state.path(), "k2", header("r1")).unwrap();
    let pods = vec!["one".to_owned()];
    let (before, wrote) = (ratio(50), ratio(90));
    let undo = Undo::Put { endpoint: endpoint(), pods, before, wrote };
    journal.intend(Scope::Scenario(0), "web", undo).unwrap();
    pod(&fake, "one", ratio(7));
    let ended = undo_all(&fake, &journal).await;
    let [UndoOutcome::Stuck { why, command }] = &ended[..] else { panic!("{ended:?}") };
    assert!(why.contains("ratio: 7, was 50") && why.contains("somebody else"), "{why}");
    assert_eq!(command, "kubectl delete pod one -n a makes it forget everything");
    assert_eq!(settings(&fake, "one"), ratio(7));
}
