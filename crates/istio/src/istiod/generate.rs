//! Objects that are nearly right: a good one with one thing changed, or two.

use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde::Deserialize as _;
use serde_json::Value;

use super::values::{anything, fitting, like};
use crate::schema::{DESTINATION_RULE, Message, Type, VIRTUAL_SERVICE};

/// Makes the same objects in the same order, whenever it is asked.
pub(super) struct Generator {
    rng: TestRng,
    good: Vec<Value>,
}

/// One step down an object.
#[derive(Debug, Clone)]
enum Step {
    Field(String),
    Item(usize),
}

// === impl Generator ===

impl Generator {
    pub(super) fn new() -> Self {
        let documents = serde_yaml::Deserializer::from_str(include_str!("good.yaml"));
        let good = documents.map(|document| Value::deserialize(document).unwrap()).collect();
        Self { rng: TestRng::deterministic_rng(RngAlgorithm::ChaCha), good }
    }

    pub(super) fn object(&mut self) -> Value {
        let mut object = self.good[self.rng.random_range(0..self.good.len())].clone();
        let changes = 1 + usize::from(self.rng.random_range(0..4) == 0);
        for _ in 0..changes {
            self.change(&mut object);
        }
        object
    }

    fn change(&mut self, object: &mut Value) {
        let mut places = Vec::new();
        collect(&object["spec"], &mut vec![Step::Field("spec".to_owned())], &mut places);
        let place = places[self.rng.random_range(0..places.len())].clone();
        let message = match object["kind"].as_str() {
            Some("VirtualService") => &VIRTUAL_SERVICE,
            _ => &DESTINATION_RULE,
        };
        let here = kind_at(message, &place);
        let rng = &mut self.rng;
        let Some(value) = at(object, &place) else { return };
        match rng.random_range(0..10) {
            0 => *value = anything(rng),
            1..=3 => *value = like(value, rng),
            4 | 5 => {
                if let Some(kind) = here {
                    *value = fitting(kind, rng);
                }
            }
            6 | 7 => add(value, here, rng),
            8 => remove(object, &place),
            _ => rename(object, &place, rng),
        }
    }
}

fn collect(value: &Value, path: &mut Vec<Step>, places: &mut Vec<Vec<Step>>) {
    places.push(path.clone());
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.map(|(name, field)| (Step::Field(name.clone()), field));
    let items = value.as_array().into_iter().flatten().enumerate();
    for (step, inner) in fields.chain(items.map(|(index, item)| (Step::Item(index), item))) {
        path.push(step);
        collect(inner, path, places);
        path.pop();
    }
}

fn at<'a>(value: &'a mut Value, path: &[Step]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })
}

fn kind_at(message: &'static Message, path: &[Step]) -> Option<&'static Type> {
    let mut kind: Option<&'static Type> = None;
    for step in path {
        let within = match kind {
            None => Some(message),
            Some(Type::Object(message)) => Some(*message),
            Some(_) => None,
        };
        kind = match (step, within, kind) {
            (Step::Field(name), Some(message), _) => {
                Some(&message.fields.iter().find(|(field, _)| field == name)?.1)
            }
            (_, _, Some(Type::List(inner) | Type::Short(inner, _) | Type::Map(inner))) => {
                Some(inner)
            }
            _ => return None,
        };
    }
    kind
}

/// Adds a field that the schema knows, or one more item; what is unknown, seldom.
fn add(value: &mut Value, kind: Option<&'static Type>, rng: &mut TestRng) {
    match (value, kind) {
        (Value::Object(map), Some(Type::Object(message))) => {
            let (name, kind) = &message.fields[rng.random_range(0..message.fields.len())];
            map.insert((*name).to_owned(), fitting(kind, rng));
        }
        (Value::Object(map), _) => {
            map.insert("x".to_owned(), anything(rng));
        }
        (Value::Array(list), _) => {
            let again = list.first().cloned().unwrap_or_else(|| anything(rng));
            list.push(again);
        }
        (other, _) => *other = like(other, rng),
    }
}

fn remove(object: &mut Value, path: &[Step]) {
    let Some((last, parent)) = path.split_last() else { return };
    match (at(object, parent), last) {
        (Some(Value::Object(map)), Step::Field(name)) => {
            map.remove(name);
        }
        (Some(Value::Array(list)), Step::Item(index)) => {
            list.remove(*index);
        }
        _ => {}
    }
}

/// Misspells a field: in another case, as protobuf has it, or by a letter.
fn rename(object: &mut Value, path: &[Step], rng: &mut TestRng) {
    let Some((Step::Field(name), parent)) = path.split_last() else { return };
    let Some(Value::Object(map)) = at(object, parent) else { return };
    let snake: String =
        name.chars()
            .map(|c| {
                if c.is_ascii_uppercase() {
                    format!("_{}", c.to_ascii_lowercase())
                } else {
                    c.into()
                }
            })
            .collect();
    let new = match rng.random_range(0..4) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        2 => snake,
        _ => format!("{name}s"),
    };
    // The whole `spec` stays where it is.
    if !parent.is_empty()
        && let Some(value) = map.remove(name)
    {
        map.insert(new, value);
    }
}
