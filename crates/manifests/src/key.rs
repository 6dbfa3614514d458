//! One key of a mapping: JSON has only text for that, and no text twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde_json::{Map, Value};

use crate::state::State;
use crate::words;
use crate::words::Word;

/// A key, for a mapping that has these already.
pub(super) struct Key<'s, 't> {
    pub(super) state: &'s mut State<'t>,
    pub(super) known: &'s Map<String, Value>,
}

/// What a key is.
pub(super) enum Name {
    /// `<<`: what comes is to be merged.
    Merge,
    Field(String),
}

// === impl Key ===

impl Key<'_, '_> {
    fn named<E: Error>(self, name: String) -> Result<Name, E> {
        self.state.spend(name.len())?;
        if self.known.contains_key(&name) {
            return self.state.refuse(format!("the key `{name}` is there twice"));
        }
        Ok(Name::Field(name))
    }
}

impl<'t> DeserializeSeed<'t> for Key<'_, 't> {
    type Value = Name;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Key<'_, 't> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is a word")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Name, E> {
        self.named(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Name, E> {
        self.named(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Name, E> {
        self.named(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Name, E> {
        self.named(words::number(value).map_or(value.to_string(), |number| number.to_string()))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'t str) -> Result<Name, E> {
        if value == "<<" && self.state.is_plain(value) {
            self.state.spend(value.len())?;
            return Ok(Name::Merge);
        }
        let name = match self.state.word(value) {
            Word::Text => value.to_owned(),
            Word::Bool(value) => value.to_string(),
            Word::Number(value) => value.to_string(),
        };
        self.named(name)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Name, E> {
        self.named(value.to_owned())
    }

    fn visit_unit<E: Error>(self) -> Result<Name, E> {
        self.state.refuse("a key is empty".to_owned())
    }
}
