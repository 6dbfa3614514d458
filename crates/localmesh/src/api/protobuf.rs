//! Kubernetes' protobuf form of request bodies, read into JSON. `kubectl` 1.32 sends it from
//! `create namespace|deployment|job|secret|configmap|service|serviceaccount` and `auth can-i`, and
//! does not fall back to JSON. The messages are described in `schema`; what is not described is
//! refused, never dropped. Answers are always JSON, which such clients accept. Pure.

mod schema;

use k8s_openapi::ByteString;
use serde_json::{Map, Value, json};

use self::schema::{Field, Message, Shape};
use crate::store::Refusal;

/// The content type of such a body.
pub(super) const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with (`runtime/serializer/protobuf`).
const MAGIC: &[u8] = b"k8s\0";

/// One field as it is on the wire.
#[derive(Debug, Clone, Copy)]
enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

/// The rest of a message.
struct Reader<'a>(&'a [u8]);

/// Reads a body: the magic number, then a `runtime.Unknown` around the object's own message.
pub(super) fn decode(body: &[u8]) -> Result<Value, Refusal> {
    let rest = body.strip_prefix(MAGIC).ok_or_else(truncated)?;
    let mut type_meta = json!({});
    let mut raw: &[u8] = &[];
    let mut reader = Reader(rest);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => {
                type_meta = Value::Object(message(bytes, &schema::TYPE_META)?);
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            // An encoding and a content type of the raw bytes: no client of ours sets them.
            (3 | 4, Wire::Bytes([])) => {}
            (number, _) => return Err(unknown("Unknown", number)),
        }
    }
    let kind = type_meta["kind"].as_str().unwrap_or_default();
    let schema = schema::of(kind).ok_or_else(|| {
        unsupported(format!("objects of kind \"{kind}\" are not read from protobuf; send JSON"))
    })?;
    let mut object = message(raw, schema)?;
    object.insert("apiVersion".to_owned(), type_meta["apiVersion"].clone());
    object.insert("kind".to_owned(), type_meta["kind"].clone());
    Ok(Value::Object(object))
}

/// Reads one message. Its schema ends somewhere, so the depth is bounded.
fn message(bytes: &[u8], schema: &Message) -> Result<Map<String, Value>, Refusal> {
    let mut object = Map::new();
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.field()? {
        let field = schema.fields.iter().find(|field| field.number == number);
        let Field { name, shape, .. } = field.ok_or_else(|| unknown(schema.name, number))?;
        match (shape, wire) {
            (Shape::Skip, _) => {}
            (Shape::Map(of), Wire::Bytes(entry)) => {
                let (key, value) = map_entry(entry, of)?;
                let map = object.entry(*name).or_insert_with(|| json!({}));
                map[key] = value;
            }
            (Shape::List(of), wire) => {
                let list = object.entry(*name).or_insert_with(|| json!([]));
                if let Value::Array(items) = list {
                    items.push(value(wire, of)?);
                }
            }
            // Go writes every field that is no pointer, also when it is empty; JSON leaves those
            // out.
            (Shape::Omitted(of), wire) => {
                let value = value(wire, of)?;
                if !is_empty(&value) {
                    object.insert((*name).to_owned(), value);
                }
            }
            (shape, wire) => {
                object.insert((*name).to_owned(), value(wire, shape)?);
            }
        }
    }
    Ok(object)
}

fn value(wire: Wire<'_>, shape: &Shape) -> Result<Value, Refusal> {
    match (shape, wire) {
        (Shape::Text, Wire::Bytes(bytes)) => Ok(json!(text(bytes)?)),
        (Shape::Bytes, Wire::Bytes(bytes)) => Ok(json!(ByteString(bytes.to_vec()))),
        (Shape::Whole, Wire::Varint(number)) => Ok(json!(number.cast_signed())),
        (Shape::Flag, Wire::Varint(number)) => Ok(json!(number != 0)),
        (Shape::Of(schema), Wire::Bytes(bytes)) => Ok(Value::Object(message(bytes, schema)?)),
        (Shape::IntOrString, Wire::Bytes(bytes)) => {
            let parts = message(bytes, &schema::INT_OR_STRING)?;
            let part = if parts.get("type") == Some(&json!(1)) { "strVal" } else { "intVal" };
            Ok(parts.get(part).cloned().unwrap_or(json!(0)))
        }
        (Shape::Quantity, Wire::Bytes(bytes)) => {
            let parts = message(bytes, &schema::QUANTITY)?;
            Ok(parts.get("string").cloned().unwrap_or(json!("0")))
        }
        (Shape::Time, Wire::Bytes(bytes)) => {
            let parts = message(bytes, &schema::TIME)?;
            let seconds = parts.get("seconds").and_then(Value::as_i64).unwrap_or_default();
            let time = jiff::Timestamp::from_second(seconds).map_err(|_| truncated())?;
            Ok(if parts.is_empty() { Value::Null } else { json!(time.to_string()) })
        }
        _ => Err(truncated()),
    }
}

fn map_entry(bytes: &[u8], of: &Shape) -> Result<(String, Value), Refusal> {
    let mut key = String::new();
    let mut found = None;
    let mut reader = Reader(bytes);
    while let Some((number, wire)) = reader.field()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => text(bytes)?.clone_into(&mut key),
            (2, wire) => found = Some(value(wire, of)?),
            (number, _) => return Err(unknown("map entry", number)),
        }
    }
    Ok((key, found.unwrap_or_else(|| json!(""))))
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

fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|_| truncated())
}

fn truncated() -> Refusal {
    Refusal::bad_request("the body is no Kubernetes object in protobuf")
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(415, "UnsupportedMediaType", message)
}

fn unknown(message: &str, number: u64) -> Refusal {
    unsupported(format!("field {number} of {message} is not read from protobuf; send JSON"))
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// The next field's number and content, or `None` at the end.
    fn field(&mut self) -> Result<Option<(u64, Wire<'a>)>, Refusal> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| truncated())?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(truncated)?;
                self.0 = rest;
                Wire::Bytes(bytes)
            }
            // Kubernetes' own messages use no other wire type in what is described here.
            _ => return Err(truncated()),
        };
        Ok(Some((tag >> 3, wire)))
    }

    fn varint(&mut self) -> Result<u64, Refusal> {
        let mut number = 0_u64;
        // Ten groups of seven bits hold 64.
        for shift in (0..70).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or_else(truncated)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            number |= bits.checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(truncated())
    }
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
        assert_eq!(refused.message, "field 9 of Namespace is not read from protobuf; send JSON");
        assert_eq!(decode(&body("Pod", b"")).unwrap_err().code, 415);
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
