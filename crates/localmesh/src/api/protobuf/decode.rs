//! Reads a body in protobuf into the JSON of the same object. What is not described is refused,
//! never dropped. Pure.

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use super::messages::{Label, fields};
use super::wire::{Reader, Wire, malformed};
use crate::store::Refusal;

/// The content type of such a body.
pub(in super::super) const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with (`runtime/serializer/protobuf`).
const MAGIC: &[u8] = b"k8s\0";

/// Reads a body: the magic number, then a `runtime.Unknown` around the object's own message.
pub(in super::super) fn decode(body: &[u8]) -> Result<Value, Refusal> {
    let rest = body.strip_prefix(MAGIC).ok_or_else(malformed)?;
    let mut type_meta = Map::new();
    let mut raw: &[u8] = &[];
    let mut reader = Reader(rest);
    while let Some((number, wire)) = reader.field()? {
        match number {
            1 => type_meta = message(wire.bytes()?, "TypeMeta")?,
            2 => raw = wire.bytes()?,
            // An encoding and a content type of the raw bytes: no client of ours sets them.
            3 | 4 if wire.bytes()?.is_empty() => {}
            _ => return Err(unsupported(format_args!("field {number} of Unknown"))),
        }
    }
    let kind = type_meta.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mut object = message(raw, kind)?;
    object.append(&mut type_meta);
    Ok(Value::Object(object))
}

/// Reads one message. No message of the table is inside itself, so the depth is bounded.
fn message(bytes: &[u8], name: &str) -> Result<Map<String, Value>, Refusal> {
    let fields = fields(name).ok_or_else(|| unsupported(format_args!("kind \"{name}\"")))?;
    let mut object = Map::new();
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.field()? {
        let field = fields.iter().find(|field| field.number == number);
        let field = field.ok_or_else(|| unsupported(format_args!("field {number} of {name}")))?;
        match field.label {
            // A create does not set it.
            _ if field.of == "Status" => {}
            Label::Map => {
                let (key, value) = map_entry(wire.bytes()?, field.of)?;
                object.entry(field.name).or_insert_with(|| json!({}))[key] = value;
            }
            Label::Repeated => {
                let value = value(wire, field.of)?;
                let list = object.entry(field.name).or_insert_with(|| json!([]));
                list.as_array_mut().ok_or_else(malformed)?.push(value);
            }
            Label::Plain | Label::Optional => {
                let value = value(wire, field.of)?;
                if field.label == Label::Optional || !is_empty(&value) {
                    object.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    Ok(object)
}

fn map_entry(bytes: &[u8], of: &str) -> Result<(String, Value), Refusal> {
    let mut key = String::new();
    let mut found = json!("");
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.field()? {
        match number {
            1 => wire.text()?.clone_into(&mut key),
            2 => found = value(wire, of)?,
            _ => return Err(unsupported(format_args!("field {number} of a map's entry"))),
        }
    }
    Ok((key, found))
}

fn value(wire: Wire<'_>, of: &str) -> Result<Value, Refusal> {
    Ok(match of {
        "string" => json!(wire.text()?),
        "bytes" => json!(ByteString(wire.bytes()?.to_vec())),
        "bool" => json!(wire.number()? != 0),
        "int32" | "int64" => json!(wire.number()?),
        name => plain(name, message(wire.bytes()?, name)?)?,
    })
}

/// The messages that JSON has as a plain value.
fn plain(name: &str, parts: Map<String, Value>) -> Result<Value, Refusal> {
    let part = |name: &str| parts.get(name).cloned();
    Ok(match name {
        "IntOrString" if part("type") == Some(json!(1)) => part("strVal").unwrap_or(json!("")),
        "IntOrString" => part("intVal").unwrap_or(json!(0)),
        "Quantity" => part("string").unwrap_or(json!("0")),
        "Time" if parts.is_empty() => Value::Null,
        "Time" => {
            let seconds = parts.get("seconds").and_then(Value::as_i64).unwrap_or_default();
            let time = Timestamp::from_second(seconds).map_err(|_| malformed())?;
            json!(time.to_string())
        }
        _ => Value::Object(parts),
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn unsupported(what: impl fmt::Display) -> Refusal {
    let message = format!(
        "{what} is not read from protobuf; send JSON, as kubectl does with: kubectl create \
         --dry-run=client -o json ... | kubectl apply -f -"
    );
    Refusal::new(415, "UnsupportedMediaType", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        field.extend(content);
        field
    }

    fn body(kind: &str, raw: &[u8]) -> Vec<u8> {
        let type_meta = [bytes(1, b"v1"), bytes(2, kind.as_bytes())].concat();
        let tail = [bytes(3, b""), bytes(4, b"")].concat();
        [MAGIC, &bytes(1, &type_meta), &bytes(2, raw), &tail].concat()
    }

    #[test]
    fn a_namespace_as_kubectl_sends_it() {
        let metadata = [
            bytes(1, b"a"),
            bytes(2, b""),
            vec![7 << 3, 0],
            bytes(8, b""),
            bytes(11, &[bytes(1, b"k"), bytes(2, b"v")].concat()),
        ]
        .concat();
        let raw = [bytes(1, &metadata), bytes(2, b""), bytes(3, &bytes(1, b""))].concat();
        assert_eq!(
            decode(&body("Namespace", &raw)).unwrap(),
            json!({
                "metadata": {"name": "a", "labels": {"k": "v"}},
                "apiVersion": "v1",
                "kind": "Namespace",
            })
        );
    }

    #[test]
    fn what_is_not_described_is_refused() {
        let refused = decode(&body("Namespace", &bytes(9, b"x"))).unwrap_err();
        let message = "field 9 of Namespace is not read from protobuf; send JSON";
        assert!(refused.message.starts_with(message), "{refused}");
        let refused = decode(&body("Role", b"")).unwrap_err();
        assert_eq!(refused.code, 415);
        assert!(refused.message.ends_with("| kubectl apply -f -"), "{refused}");
        assert_eq!(decode(b"{}").unwrap_err().code, 400);
        assert_eq!(decode(&body("Namespace", &[1 << 3 | 2, 9])).unwrap_err().code, 400);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&[MAGIC, raw.as_slice()].concat());
            for kind in ["Deployment", "Secret", "Job"] {
                let _ = decode(&body(kind, &raw));
            }
        }
    }
}
