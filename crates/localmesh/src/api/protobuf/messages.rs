//! The protobuf messages that are read: `messages.proto`, as one table. Pure.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A field of a message.
pub(super) struct Field {
    pub(super) number: u64,
    /// Its name in JSON.
    pub(super) name: &'static str,
    pub(super) label: Label,
    /// `string`, `bytes`, `bool`, `int32`, `int64` or a message; of a map, the type of its values.
    pub(super) of: &'static str,
}

/// How often a field may be there, and what an empty one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    /// Left out of the JSON when it is empty: Go writes such fields always.
    Plain,
    /// There when it is there: a pointer in Go.
    Optional,
    Repeated,
    /// From texts.
    Map,
}

static MESSAGES: LazyLock<BTreeMap<&str, Vec<Field>>> =
    LazyLock::new(|| parsed(include_str!("messages.proto")));

/// The fields of a message; `None` if it is not described.
pub(super) fn fields(message: &str) -> Option<&'static [Field]> {
    MESSAGES.get(message).map(Vec::as_slice)
}

/// Reads as much of protobuf's language as the file uses: no message stands inside another one.
fn parsed(text: &'static str) -> BTreeMap<&'static str, Vec<Field>> {
    text.split("\nmessage ")
        .skip(1)
        .filter_map(|message| message.split_once('}')?.0.split_once(" {"))
        .map(|(name, fields)| (name, fields.split(';').filter_map(field).collect()))
        .collect()
}

/// `optional bool immutable = 5`
fn field(text: &'static str) -> Option<Field> {
    let (declared, number) = text.trim().split_once(" = ")?;
    let (of, name) = declared.rsplit_once(' ')?;
    let map = of.strip_prefix("map<string, ").and_then(|of| of.strip_suffix('>'));
    let (label, of) = match (map, of.split_once(' ')) {
        (Some(of), _) => (Label::Map, of),
        (None, Some(("optional", of))) => (Label::Optional, of),
        (None, Some(("repeated", of))) => (Label::Repeated, of),
        _ => (Label::Plain, of),
    };
    Some(Field { number: number.parse().ok()?, name, label, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_in_the_file_is_read() {
        let file = include_str!("messages.proto");
        assert_eq!(MESSAGES.len(), file.matches("message ").count());
        assert_eq!(MESSAGES.values().flatten().count(), file.matches(" = ").count());
        let field = &fields("Secret").unwrap()[1];
        assert_eq!((field.number, field.name, field.label), (2, "data", Label::Map));
        assert_eq!(field.of, "bytes");
    }

    /// So no message is inside itself, and reading one comes to an end.
    #[test]
    fn a_message_stands_before_those_that_name_it() {
        let place =
            |name: &str| include_str!("messages.proto").find(&format!("\nmessage {name} {{"));
        for (name, fields) in MESSAGES.iter() {
            for field in fields {
                let scalar = ["string", "bytes", "bool", "int32", "int64"].contains(&field.of);
                let before = place(field.of).is_some_and(|of| Some(of) < place(name));
                assert!(scalar || before, "{name}.{}: {}", field.name, field.of);
            }
        }
    }
}
