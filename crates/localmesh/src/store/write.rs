//! The store's three writes: create, replace, delete. Pure.

use serde_json::{Value, json};

use super::deletion::{check_finalizers, check_preconditions, is_held, mark_for_deletion};
use super::identity::check_identity;
use super::meta;
use super::metadata::keep_metadata;
use super::new_object::{check_size, prepare};
use super::objects::{Store, key};
use super::parts::{has_generation, has_status, keep_other_part, same_spec};
use super::refusal::Refusal;
use super::types::{Change, Part, Preconditions, Stamp, Written};
use crate::kinds::Kind;

// === impl Store ===

impl Store {
    /// Stores a new object.
    pub fn create(
        &mut self,
        kind: &'static Kind,
        mut object: Value,
        stamp: &Stamp,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        prepare(kind, &mut object, stamp)?;
        let (namespace, name) = key(&object);
        if self.get(kind, &namespace, &name).is_some() {
            return Err(Refusal::already_exists(kind, &name));
        }
        Ok(self.store(kind, Change::Added, object, dry_run))
    }

    /// What a change of an object would store: `changed` with everything that may not change, or
    /// belongs to the other part, as it is stored.
    pub fn merged(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        part: Part,
        changed: Value,
    ) -> Result<Value, Refusal> {
        let stored = self.existing(kind, namespace, name)?;
        check_identity(kind, &stored, &changed)?;
        let mut object = keep_other_part(kind, &stored, part, changed);
        keep_metadata(&stored, &mut object, part == Part::Status && has_status(kind));
        object["apiVersion"] = stored["apiVersion"].clone();
        object["kind"] = stored["kind"].clone();
        check_finalizers(kind, &stored, &object)?;
        Ok(object)
    }

    /// Stores what `merged` made (and admission may have added to). Nothing is written when
    /// nothing changed; an object that only waited for its last finalizer goes.
    pub fn replace(
        &mut self,
        kind: &'static Kind,
        mut object: Value,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        let (namespace, name) = key(&object);
        let stored = self.existing(kind, &namespace, &name)?;
        let version = stored["metadata"]["resourceVersion"].clone();
        meta::metadata(&mut object).insert("resourceVersion".to_owned(), version);
        if *stored == object {
            return Ok(Written { object: stored, event: None });
        }
        if has_generation(kind) && !same_spec(&stored, &object) {
            let generation = meta::number(&stored, "/metadata/generation").unwrap_or(0);
            meta::metadata(&mut object).insert("generation".to_owned(), json!(generation + 1));
        }
        check_size(kind, &name, &object)?;
        let change = if meta::is_terminating(&object) && !is_held(&object) {
            Change::Deleted
        } else {
            Change::Modified
        };
        Ok(self.store(kind, change, object, dry_run))
    }

    /// Deletes an object, or marks it as to be deleted while something still holds it: a finalizer,
    /// a running pod's grace period, or a namespace's content.
    pub fn delete(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        conditions: &Preconditions,
        stamp: &Stamp,
        dry_run: bool,
    ) -> Result<Written, Refusal> {
        let stored = self.existing(kind, namespace, name)?;
        check_preconditions(kind, &stored, conditions)?;
        let mut object = (*stored).clone();
        mark_for_deletion(kind, &mut object, conditions, stamp);
        if !is_held(&object) {
            return Ok(self.store(kind, Change::Deleted, (*stored).clone(), dry_run));
        }
        if *stored == object {
            return Ok(Written { object: stored, event: None });
        }
        Ok(self.store(kind, Change::Modified, object, dry_run))
    }
}
