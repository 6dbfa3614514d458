//! What a field may hold, and what a message of istio/api's protos consists of.

/// What a field holds.
pub(crate) enum Type {
    Text,
    Bool,
    /// Whole numbers within these bounds.
    Int(i64, i64),
    /// Numbers within these bounds.
    Number(f64, f64),
    /// At least 1 ms.
    Duration,
    /// Zero and less are allowed too.
    AnyDuration,
    /// Base64.
    Bytes,
    Enum(&'static [&'static str]),
    List(&'static Self),
    /// A list of at most so many.
    Short(&'static Self, usize),
    Map(&'static Self),
    /// Labels to choose pods by: no keys without a letter, no `*` in either.
    Selector,
    Object(&'static Message),
    /// Not looked into (metadata, status).
    Any,
}

/// A protobuf message.
pub(crate) struct Message {
    pub(crate) fields: &'static [(&'static str, Type)],
    pub(crate) required: &'static [&'static str],
    /// Groups of which at most one may be set.
    pub(crate) one_of: &'static [&'static [&'static str]],
}

pub(crate) const INT32: Type = Type::Int(i32::MIN as i64, i32::MAX as i64);
pub(crate) const UINT32: Type = Type::Int(0, u32::MAX as i64);
pub(crate) const UINT64: Type = Type::Int(0, i64::MAX);
pub(crate) const NUMBER: Type = Type::Number(f64::NEG_INFINITY, f64::INFINITY);
pub(crate) const PERCENT: Type = Type::Number(0.0, 100.0);
pub(crate) const TEXTS: Type = Type::List(&Type::Text);
pub(crate) const TEXT_MAP: Type = Type::Map(&Type::Text);

/// A message without rules of its own.
pub(crate) const fn message(fields: &'static [(&'static str, Type)]) -> Message {
    Message { fields, required: &[], one_of: &[] }
}
