//! How an object is read so that nothing of it is lost: each field remembers whether it was
//! written, and each part keeps the rest, which this version does not know.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// What an object says and these types do not know; it is written back as it was read.
pub type Rest = Map<String, Value>;

/// A field that means the same when it is absent as when it is empty, as protobuf has it. It reads
/// as the empty value then, and what its owner wrote as empty is written back as empty. Two are
/// equal if they mean the same.
#[derive(Clone, Copy, Default)]
pub struct Field<T> {
    value: T,
    /// Whether it was there when it was read.
    written: bool,
}

/// Whether a field is left out when its object is written.
pub(crate) trait Absent {
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// Defines parts of objects: structs whose fields may all be absent, and which keep the rest. A
/// field is an `Option` where its absence means something else than its empty value, otherwise a
/// [`Field`].
macro_rules! parts {
    ($(
        $(#[$about:meta])*
        pub struct $name:ident { $($(#[$field_about:meta])* pub $field:ident: $type:ty,)* }
    )*) => { $(
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            $(
                $(#[$field_about])*
                #[serde(skip_serializing_if = "crate::field::Absent::is_absent")]
                pub $field: $type,
            )*
            /// What else there is.
            #[serde(flatten)]
            pub rest: crate::field::Rest,
        }
    )* };
}

pub(crate) use parts;

// === impl Field ===

impl<T: Default + PartialEq> Absent for Field<T> {
    fn is_absent(&self) -> bool {
        !self.written && self.value == T::default()
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self { value, written: false }
    }
}

impl From<&str> for Field<String> {
    fn from(value: &str) -> Self {
        value.to_owned().into()
    }
}

impl<A, T: FromIterator<A>> FromIterator<A> for Field<T> {
    fn from_iter<I: IntoIterator<Item = A>>(items: I) -> Self {
        T::from_iter(items).into()
    }
}

impl<T> Deref for Field<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Field<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: PartialEq> PartialEq for Field<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq<str> for Field<String> {
    fn eq(&self, other: &str) -> bool {
        self.value == other
    }
}

impl PartialEq<&str> for Field<String> {
    fn eq(&self, other: &&str) -> bool {
        self.value == *other
    }
}

impl PartialEq<String> for Field<String> {
    fn eq(&self, other: &String) -> bool {
        self.value == *other
    }
}

#[expect(clippy::into_iter_without_iter, reason = "`iter` is that of the value")]
impl<'a, T> IntoIterator for &'a Field<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.value.into_iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Field<T> {
    /// A null is as good as nothing, which is why no API server keeps one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(deserializer)?;
        Ok(value.map(|value| Self { value, written: true }).unwrap_or_default())
    }
}
