//! What may stand where something else is expected.

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;
use serde_json::{Value, json};

use crate::schema::Type;

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "cart",
    "V_1",
    "*",
    "**",
    "*.example.com",
    "a.*.b",
    "a..b",
    "-a",
    "a-",
    "a.1",
    "1",
    "example.com.",
    "127.0.0.1",
    "::1",
    "10.0.0.0/8",
    "10.0.0.0/33",
    "a/b",
    "a/b/c",
    "/",
    "mesh",
    "ns/",
    "gw.ns.svc",
    ".",
    "~",
    "shop",
    "GET",
    "get",
    "host",
    ":authority",
    ":path",
    "x-b3",
    "x y",
    "@request.auth.claims.iss",
    "100%",
    "%REQ(a)%",
    "100%%",
    "(",
    "[a-",
    "a{id}",
    "/a/.*",
    "(?=x)",
    "5xx",
    "5xx,reset",
    "5xx, reset",
    "499",
    "503",
    "gatway-error",
    "NOT_FOUND",
    "TIRED",
    "http",
    "ftp",
    "configmap://shop/ca",
    "configmap://x",
    "us/*",
    "us",
    "us/west/a",
    "*/*",
    "kubernetes",
    "topology.kubernetes.io/region",
    "failure-domain",
    "CONNECT",
    "outbound_.80_._.a.b",
    "a_b",
    "a b",
    "é",
    "app.kubernetes.io/name",
    "x/y/z",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const DURATIONS: &[&str] = &[
    "5s", "1ms", "0s", "0", "0.5ms", "1.0001s", "1.5s", "1h30m", "-1s", "+5s", ".5s", "5.s", "5",
    "soon", "2562048h", "1d", "100us", "1500ms", "1e3s", "",
];

const NUMBERS: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    99,
    100,
    101,
    199,
    200,
    301,
    302,
    304,
    400,
    503,
    599,
    600,
    601,
    997,
    1001,
    65_535,
    65_536,
    5_000_011,
    536_870_913,
    -1,
    -100,
    2_147_483_647,
    2_147_483_648,
    4_294_967_295,
    4_294_967_296,
];

fn pick<T: Clone>(all: &[T], rng: &mut TestRng) -> T {
    all[rng.random_range(0..all.len())].clone()
}

/// Something of any kind.
pub(super) fn anything(rng: &mut TestRng) -> Value {
    match rng.random_range(0..12) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!({}),
        3 => json!([]),
        4 => json!([null]),
        5 => pick(&[0.5, 1.5, 0.000_01, 100.5, 5.0, -0.5], rng).into(),
        6 => json!([pick(TEXTS, rng)]),
        7 | 8 => pick(NUMBERS, rng).into(),
        9 => pick(DURATIONS, rng).into(),
        _ => pick(TEXTS, rng).into(),
    }
}

/// Something of the same kind as this.
pub(super) fn like(value: &Value, rng: &mut TestRng) -> Value {
    match value {
        Value::Bool(flag) => (!flag).into(),
        Value::Number(number) if number.is_f64() => {
            pick(&[0.0, -1.0, 0.000_01, 0.0001, 50.0, 100.0, 100.5, 1e9], rng).into()
        }
        Value::Number(_) => pick(NUMBERS, rng).into(),
        Value::String(text) if text.ends_with(['s', 'm', 'h']) && rng.random() => {
            pick(DURATIONS, rng).into()
        }
        Value::String(_) => pick(TEXTS, rng).into(),
        Value::Array(_) => json!([]),
        Value::Object(_) => json!({}),
        Value::Null => anything(rng),
    }
}

/// Something that the schema takes there.
pub(super) fn fitting(kind: &Type, rng: &mut TestRng) -> Value {
    match kind {
        Type::Any => json!({}),
        Type::Text => pick(TEXTS, rng).into(),
        Type::Bool => rng.random::<bool>().into(),
        Type::Int(min, max) => {
            let all: Vec<i64> =
                NUMBERS.iter().copied().filter(|number| (min..=max).contains(&number)).collect();
            pick(&all, rng).into()
        }
        Type::Number(..) => pick(&[0.0, 0.000_01, 1.0, 50.0, 99.9, 100.0], rng).into(),
        Type::Duration | Type::AnyDuration => {
            pick(&["5s", "1ms", "1.5s", "1h30m", "1.0001s"], rng).into()
        }
        Type::Bytes => pick(&["", "aGk=", "aGVs"], rng).into(),
        Type::Enum(names) => pick(names, rng).into(),
        Type::List(kind) | Type::Short(kind, _) => {
            let many = rng.random_range(0..3);
            (0..many).map(|_| fitting(kind, rng)).collect()
        }
        Type::Map(kind) => map(kind, rng),
        Type::Selector => map(&Type::Text, rng),
        Type::Object(message) => {
            let mut fields = serde_json::Map::new();
            for (name, kind) in message.fields {
                if message.required.contains(name) || rng.random_range(0..3) == 0 {
                    fields.insert((*name).to_owned(), fitting(kind, rng));
                }
            }
            for group in message.one_of {
                let set: Vec<&str> =
                    group.iter().copied().filter(|name| fields.contains_key(*name)).collect();
                for name in set.iter().skip(1) {
                    fields.remove(*name);
                }
            }
            fields.into()
        }
    }
}

fn map(kind: &Type, rng: &mut TestRng) -> Value {
    let many = rng.random_range(0..3);
    let entry = |rng: &mut TestRng| (pick(TEXTS, rng).to_owned(), fitting(kind, rng));
    (0..many).map(|_| entry(rng)).collect::<serde_json::Map<_, _>>().into()
}
