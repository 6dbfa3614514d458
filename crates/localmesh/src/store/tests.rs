//! What the store promises, over any sequence of writes and in Kubernetes' words.

mod sequences;
mod watches;
mod words;
mod writes;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::kinds::{self, Kind};

fn stamp(n: u64) -> Stamp {
    Stamp {
        time: "2026-01-02T03:04:05Z".to_owned(),
        uid: format!("uid-{n}"),
        suffix: "x7k2p".to_owned(),
    }
}

fn lease(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"holderIdentity": "a"}})
}

fn deployment(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {"replicas": 1}})
}

fn create(store: &mut Store, kind: &'static Kind, object: Value) -> Arc<Object> {
    let n = store.version();
    store.create(kind, object, &stamp(n), false).unwrap().object
}

fn change(
    store: &mut Store,
    kind: &'static Kind,
    name: &str,
    part: Part,
    change: impl FnOnce(&mut Value),
) -> Result<Written, Refusal> {
    let mut object = (*store.get(kind, "shop", name).unwrap()).clone();
    change(&mut object);
    let merged = store.merged(kind, "shop", name, part, object)?;
    store.replace(kind, merged, false)
}

fn delete(store: &mut Store, kind: &'static Kind, name: &str) -> Result<Written, Refusal> {
    store.delete(kind, "shop", name, &Preconditions::default(), &stamp(0), false)
}

#[track_caller]
fn refused(answer: Result<Written, Refusal>, code: u16, reason: &str, message: &str) {
    let refusal = answer.unwrap_err();
    assert_eq!((refusal.code, refusal.reason), (code, reason), "{refusal}");
    assert_eq!(refusal.message, message);
}
