//! One node of a document as JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::key::{Key, Name};
use crate::state::State;
use crate::words;
use crate::words::Word;

/// A node that is still to be read.
pub(super) struct Node<'s, 't>(pub(super) &'s mut State<'t>);

// === impl Node ===

impl<'t> DeserializeSeed<'t> for Node<'_, 't> {
    type Value = Value;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Node<'_, 't> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything that JSON can say, without a tag of its own")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.0.spend(0)?;
        Ok(value.into())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        self.0.refuse(format!("the number {value} needs more than 64 bits"))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        self.0.refuse(format!("the number {value} needs more than 64 bits"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.0.spend(0)?;
        match words::number(value) {
            Some(number) => Ok(number.into()),
            None => {
                self.0.refuse(format!("JSON, in which objects are sent, has no number {value}"))
            }
        }
    }

    fn visit_borrowed_str<E: Error>(self, value: &'t str) -> Result<Value, E> {
        self.0.spend(value.len())?;
        Ok(match self.0.word(value) {
            Word::Text => value.into(),
            Word::Bool(value) => value.into(),
            Word::Number(value) => value.into(),
        })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.0.spend(value.len())?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<Value, A::Error> {
        self.0.spend(0)?;
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Node(&mut *self.0))? {
            all.push(item);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'t>>(self, mut fields: A) -> Result<Value, A::Error> {
        self.0.spend(0)?;
        let (mut own, mut merged) = (Map::new(), None);
        while let Some(name) = fields.next_key_seed(Key { state: &mut *self.0, known: &own })? {
            let value = fields.next_value_seed(Node(&mut *self.0))?;
            match name {
                Name::Field(name) => drop(own.insert(name, value)),
                Name::Merge if merged.is_some() => {
                    let what = "the key `<<` is there twice; write `<<: [*a, *b]`";
                    return self.0.refuse(what.to_owned());
                }
                Name::Merge => merged = Some(value),
            }
        }
        if let Some(merged) = merged
            && !merge(&mut own, merged)
        {
            return self.0.refuse("`<<` merges mappings only".to_owned());
        }
        Ok(own.into())
    }

    fn visit_enum<A: EnumAccess<'t>>(self, tagged: A) -> Result<Value, A::Error> {
        let (tag, _) = tagged.variant::<String>()?;
        self.0.refuse(format!("the tag `!{tag}` means nothing in a manifest"))
    }
}

/// Adds what is merged (a mapping, or several of which the first counts most) where a mapping has
/// nothing of its own; false if it is neither.
fn merge(own: &mut Map<String, Value>, merged: Value) -> bool {
    let all = match merged {
        Value::Array(all) => all,
        one => vec![one],
    };
    all.into_iter().all(|one| {
        let Value::Object(fields) = one else { return false };
        for (name, value) in fields {
            own.entry(name).or_insert(value);
        }
        true
    })
}
