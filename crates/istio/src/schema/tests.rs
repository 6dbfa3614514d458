//! The tables say what the CRDs do that Istio ships
//! (`manifests/charts/base/files/crd-all.gen.yaml`), field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize as _;
use serde_json::Value;

use super::{DESTINATION_RULE, Message, Type, VIRTUAL_SERVICE};
use crate::upstream::{module, skipped};

/// What may stand at each path, in a few words.
type Fields = BTreeMap<String, String>;

fn ours(kind: &Type, path: &str, fields: &mut Fields) {
    let said = match kind {
        Type::Any => return,
        Type::Text | Type::AnyDuration => "string".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Bytes => "byte".to_owned(),
        Type::Int(min, max) => format!("integer {min}..{max}"),
        Type::Number(min, max) => format!("number {min}..{max}"),
        Type::Duration => "duration".to_owned(),
        Type::Enum(names) => format!("enum {}", names.join(" ")),
        Type::List(kind) => {
            ours(kind, &format!("{path}[]"), fields);
            "array".to_owned()
        }
        Type::Short(kind, most) => {
            ours(kind, &format!("{path}[]"), fields);
            format!("array of {most}")
        }
        Type::Map(kind) => {
            ours(kind, &format!("{path}{{}}"), fields);
            "object".to_owned()
        }
        Type::Selector => "selector".to_owned(),
        Type::Object(message) => object(message, path, fields),
    };
    fields.insert(path.to_owned(), said);
}

fn object(message: &Message, path: &str, fields: &mut Fields) -> String {
    for (name, kind) in message.fields {
        ours(kind, &format!("{path}.{name}"), fields);
    }
    let groups = message.one_of.iter().map(|group| format!(" one of {}", group.join(" ")));
    let required = message.required.iter().map(|name| format!(" needs {name}"));
    format!("object{}{}", required.collect::<String>(), groups.collect::<String>())
}

fn theirs(schema: &Value, path: &str, fields: &mut Fields) {
    let rules = |of: &Value| {
        let rules = of["x-kubernetes-validations"].as_array().cloned().unwrap_or_default();
        rules.iter().map(|rule| rule["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = rules(schema);
    let format = schema["format"].as_str().unwrap_or_default();
    let said = match schema["type"].as_str().unwrap() {
        "string" if own == ["duration(self) >= duration('1ms')"] => "duration".to_owned(),
        "string" if format == "byte" => "byte".to_owned(),
        "string" => match schema["enum"].as_array() {
            Some(names) => names
                .iter()
                .fold("enum".to_owned(), |all, name| format!("{all} {}", name.as_str().unwrap())),
            None => format!("string{}", own.concat()),
        },
        "boolean" => "boolean".to_owned(),
        "integer" if format == "int32" => format!("integer {}..{}", i32::MIN, i32::MAX),
        "integer" => {
            let bound = |name: &str, open| schema[name].as_i64().unwrap_or(open);
            format!("integer {}..{}", bound("minimum", i64::MIN), bound("maximum", i64::MAX))
        }
        "number" => {
            let bound = |name: &str, open| schema[name].as_f64().unwrap_or(open);
            let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
            format!("number {}..{}", bound("minimum", low), bound("maximum", high))
        }
        "array" => {
            theirs(&schema["items"], &format!("{path}[]"), fields);
            schema["maxItems"]
                .as_u64()
                .map_or("array".to_owned(), |most| format!("array of {most}"))
        }
        "object" if own.len() == 2 && schema["maxProperties"] == 4096 => {
            let value = &schema["additionalProperties"];
            assert_eq!((&value["maxLength"], rules(value).len()), (&63.into(), 1), "{path}");
            "selector".to_owned()
        }
        "object" => their_object(schema, path, fields),
        other => panic!("{path} is a {other}"),
    };
    fields.insert(path.to_owned(), said);
}

fn their_object(schema: &Value, path: &str, fields: &mut Fields) -> String {
    if schema["additionalProperties"].is_object() {
        theirs(&schema["additionalProperties"], &format!("{path}{{}}"), fields);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        theirs(field, &format!("{path}.{name}"), fields);
    }
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value.as_str().unwrap().to_owned();
    let required = listed(&schema["required"]);
    let required = required.iter().map(|field| format!(" needs {}", name(field)));
    let several = listed(&schema["allOf"]);
    let groups = several.iter().chain([schema]).filter_map(|of| of["oneOf"].as_array());
    let groups = groups.map(|group| {
        let names = group.iter().filter_map(|one| one["required"].as_array());
        let names = names.map(|one| name(&one[0])).collect::<Vec<_>>();
        format!(" one of {}", names.join(" "))
    });
    format!("object{}{}", required.collect::<String>(), groups.collect::<String>())
}

#[test]
fn the_tables_are_those_of_the_crds() {
    let Some(module) = module() else { return skipped("the tables of the CRDs") };
    let path = module.join("manifests/charts/base/files/crd-all.gen.yaml");
    let text = fs::read_to_string(path).unwrap();
    let crds: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect();
    for (kind, message) in
        [("VirtualService", &VIRTUAL_SERVICE), ("DestinationRule", &DESTINATION_RULE)]
    {
        let crd = crds.iter().find(|crd| crd["spec"]["names"]["kind"] == kind).unwrap();
        for version in crd["spec"]["versions"].as_array().unwrap() {
            let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
            let (mut own, mut shipped) = (Fields::new(), Fields::new());
            theirs(spec, "spec", &mut shipped);
            let (_, field) = message.fields.iter().find(|(name, _)| *name == "spec").unwrap();
            ours(field, "spec", &mut own);
            assert!(shipped.len() > 100, "{}", shipped.len());
            let paths = own.keys().chain(shipped.keys()).collect::<BTreeSet<_>>();
            let differ = paths.into_iter().filter(|path| own.get(*path) != shipped.get(*path));
            let differ = differ.map(|path| (path, own.get(path), shipped.get(path)));
            let differ = differ.collect::<Vec<_>>();
            assert!(differ.is_empty(), "{kind} (path, ours, the CRD's): {differ:#?}");
        }
    }
}
