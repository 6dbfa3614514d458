//! The law of the types: whatever an API server may hold is written back as it was read. For what
//! the repository holds, and for what fits the schema, fields that nobody knows included.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::object::Object;
use crate::same::same;
use crate::schema::{DESTINATION_RULE, Message, Type, VIRTUAL_SERVICE};

/// Reads, writes and compares; answers what was read.
#[track_caller]
fn survives(value: &Value) -> Object {
    let object = Object::parse(value).unwrap_or_else(|cause| panic!("{cause}: {value}"));
    let written = object.to_value();
    assert!(same(&written, value), "read as {object:#?}\n{value}\nbecame\n{written}");
    assert_eq!(Object::parse(&written).as_ref(), Ok(&object));
    object
}

/// The files below a folder of the repository that end so.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|own| own == end)).collect()
}

/// The texts between triple quotes, without their indentation.
fn quoted(feature: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = feature.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with("\"\"\"") {
            let inside = lines.by_ref().take_while(|line| !line.trim_start().starts_with("\"\"\""));
            let text = inside.map(|line| line.get(indent..).unwrap_or_default());
            found.push(text.collect::<Vec<_>>().join("\n"));
        }
    }
    found
}

/// Each text of the repository with objects in it, of one document or several.
pub(crate) fn texts_of_the_repository() -> Vec<String> {
    let text = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let yaml = files("tests/it/data/translate", "yaml").iter().map(text).collect::<Vec<_>>();
    let features =
        [files("features", "feature"), files("tests/it/data/claims", "feature")].concat();
    let in_features = features.iter().flat_map(|path| quoted(&text(path)));
    yaml.into_iter().chain(in_features).collect()
}

#[test]
fn what_the_repository_holds_survives() {
    let mut seen = 0;
    for text in texts_of_the_repository() {
        for document in serde_yaml::Deserializer::from_str(&text) {
            let Ok(value) = Value::deserialize(document) else { continue };
            if ["VirtualService", "DestinationRule"].iter().any(|kind| value["kind"] == *kind) {
                survives(&value);
                seen += 1;
            }
        }
    }
    assert!(seen >= 40, "only {seen} objects were found");
}

/// JSON of any shape, as fields hold it that nobody knows.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((texts(), inner), 0..3).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&["", "a", "hosts", "mesh", "*", "spec", "rest", "match"][..])
            .prop_map(String::from),
        "[ -~]{0,8}",
    ]
}

/// A value that fits, empty ones included.
fn value(kind: &'static Type) -> BoxedStrategy<Value> {
    match kind {
        Type::Any => anything().boxed(),
        Type::Text => texts().prop_map(Value::from).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::Int(min, max) => {
            prop_oneof![Just(0), Just(*min), Just(*max), *min..=*max].prop_map(Value::from).boxed()
        }
        Type::Number(..) => {
            let whole = (0..100_i64).prop_map(Value::from);
            prop_oneof![whole, (0.0..100.0).prop_map(Value::from)].boxed()
        }
        Type::Bytes => select(&["", "aGk=", "aGVs"][..]).prop_map(Value::from).boxed(),
        Type::Duration | Type::AnyDuration => {
            select(&["5s", "1.5s", "0.250s", "90m", "1h30m", "0s"][..])
                .prop_map(Value::from)
                .boxed()
        }
        Type::Enum(names) => select(*names).prop_map(Value::from).boxed(),
        Type::List(kind) | Type::Short(kind, _) => {
            vec(value(kind), 0..3).prop_map(Value::from).boxed()
        }
        Type::Map(kind) => map(kind),
        Type::Selector => map(&Type::Text),
        Type::Object(message) => object(message),
    }
}

fn map(kind: &'static Type) -> BoxedStrategy<Value> {
    let fields = vec((texts(), value(kind)), 0..3);
    fields.prop_map(|fields| fields.into_iter().collect()).boxed()
}

fn object(message: &'static Message) -> BoxedStrategy<Value> {
    let mut fields: Vec<BoxedStrategy<Option<(String, Value)>>> = Vec::new();
    for (name, kind) in message.fields {
        let field = value(kind).prop_map(|value| ((*name).to_owned(), value));
        fields.push(option::weighted(0.4, field).boxed());
    }
    // No field of Istio's has a name that ends so.
    let unknown = ("[a-z]{1,4}_x", anything());
    fields.push(option::weighted(0.1, unknown).boxed());
    fields.prop_map(|fields| fields.into_iter().flatten().collect()).boxed()
}

fn metadata() -> impl Strategy<Value = Value> {
    let map = || vec((texts(), texts()), 0..3).prop_map(|all| all.into_iter().collect::<Value>());
    let owner = json!([{"kind": "Job", "name": "x", "uid": "1", "controller": true}]);
    (option::of(map()), option::of(map()), any::<bool>()).prop_map(move |(labels, notes, owned)| {
        let mut metadata = json!({
            "name": "x", "namespace": "a", "uid": "1", "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 1,
            "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
        });
        let fields = [
            ("labels", labels),
            ("annotations", notes),
            ("ownerReferences", owned.then(|| owner.clone())),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        metadata.as_object_mut().unwrap().extend(fields);
        metadata
    })
}

/// An object of a kind.
fn whole(kind: &'static str, message: &'static Message) -> impl Strategy<Value = Value> {
    (metadata(), object(message)).prop_map(move |(metadata, object)| {
        let mut object: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
        object.insert("apiVersion".to_owned(), "networking.istio.io/v1".into());
        object.insert("kind".to_owned(), kind.into());
        object.insert("metadata".to_owned(), metadata);
        object.into()
    })
}

proptest! {
    #[test]
    fn whatever_fits_the_schema_survives(
        virtual_service in whole("VirtualService", &VIRTUAL_SERVICE),
        destination_rule in whole("DestinationRule", &DESTINATION_RULE),
    ) {
        survives(&virtual_service);
        survives(&destination_rule);
    }
}

#[test]
fn a_null_is_as_good_as_nothing() {
    let object = json!({
        "kind": "VirtualService",
        "metadata": {"name": "x", "creationTimestamp": null},
        "spec": {"hosts": ["x"], "http": [{"timeout": null, "match": null}]},
        "status": null,
    });
    let written = Object::parse(&object).unwrap().to_value();
    // In what nobody knows it stays.
    let expected = json!({
        "kind": "VirtualService",
        "metadata": {"name": "x"},
        "spec": {"hosts": ["x"], "http": [{}]},
        "status": null,
    });
    assert!(same(&written, &expected), "{written}");
}
