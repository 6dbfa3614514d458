//! Our marks on an object that was there before us: enough to give it back without the journal,
//! from any machine. Pure.

use serde_json::{Value, json};

use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::safety::digest::digest;
use crate::safety::labels::RUN_LABEL;
use crate::safety::patch::{add, escaped, remove, replace, test};
use crate::safety::undo::steps::{UndoAction, UndoStep};

/// The annotation that keeps what a changed object was, so that it can be restored without the
/// journal, from any machine.
pub(crate) const ORIGINAL: &str = "faultless.dev/original";

/// The annotation with the digest of the `spec` that we wrote: any other is somebody else's.
pub(crate) const WROTE: &str = "faultless.dev/wrote";

/// The annotation that is there for a moment only, so that the object gets another version.
const FENCE: &str = "faultless.dev/fence";

/// All annotations together may have 256 KiB (Kubernetes' limit), and others need theirs.
const ORIGINAL_MAX: usize = 200 * 1024;

/// What marks say, and the patches that set them and take them off.
#[derive(Debug)]
pub(crate) struct Marks;

// === impl Marks ===

impl Marks {
    /// Whether an object carries them.
    pub(crate) fn on(object: &Value) -> bool {
        let has = |path: &str, key: &str| {
            object.pointer(path).and_then(Value::as_object).is_some_and(|map| map.contains_key(key))
        };
        has("/metadata/annotations", ORIGINAL)
            || has("/metadata/annotations", WROTE)
            || has("/metadata/labels", RUN_LABEL)
    }

    /// The run that changed an object, as its kept original says.
    pub(crate) fn run(object: &Value) -> Option<String> {
        let kept = object.pointer("/metadata/annotations")?.get(ORIGINAL)?.as_str()?;
        let original: Value = serde_json::from_str(kept).ok()?;
        original["run"].as_str().map(str::to_owned)
    }

    /// The patch that changes an object for the first time: it must be as it was read, and keeps
    /// what it was.
    pub(crate) fn change(before: &Value, spec: &Value, run: &str) -> Result<json_patch::Patch> {
        let had = |path: &str| before.pointer(path).is_some_and(Value::is_object);
        let (labels, annotations) = (had("/metadata/labels"), had("/metadata/annotations"));
        let original = json!({
            "run": run,
            "labels": labels,
            "annotations": annotations,
            "spec": before["spec"],
        })
        .to_string();
        if original.len() > ORIGINAL_MAX {
            let size = original.len();
            let cause = format!("it has {size} bytes, more than {ORIGINAL_MAX}");
            return Err(Error::runner("keeping the original in an annotation", cause)
                .hint("an object of that size cannot be changed safely"));
        }
        let mut patch = vec![
            test("/metadata/uid", &before["metadata"]["uid"]),
            test("/metadata/resourceVersion", &before["metadata"]["resourceVersion"]),
            replace("/spec", spec),
        ];
        if !labels {
            patch.push(add("/metadata/labels", &json!({})));
        }
        if !annotations {
            patch.push(add("/metadata/annotations", &json!({})));
        }
        patch.push(add(&format!("/metadata/labels/{}", escaped(RUN_LABEL)), &json!(run)));
        for (key, value) in [(ORIGINAL, original), (WROTE, digest(spec))] {
            patch.push(add(&format!("/metadata/annotations/{}", escaped(key)), &json!(value)));
        }
        Ok(json_patch::Patch(patch))
    }

    /// A patch that changes nothing but the object's version, once it is taken `off` again.
    pub(crate) fn fence(current: &Value) -> json_patch::Patch {
        let mut patch = vec![test("/metadata/uid", &current["metadata"]["uid"])];
        if !current["metadata"]["annotations"].is_object() {
            patch.push(add("/metadata/annotations", &json!({})));
        }
        patch.push(add(&format!("/metadata/annotations/{}", escaped(FENCE)), &json!("")));
        json_patch::Patch(patch)
    }

    /// The patch that changes an object once more, if nobody else did meanwhile.
    pub(crate) fn change_again(current: &Value, spec: &Value) -> json_patch::Patch {
        json_patch::Patch(vec![
            test("/metadata/uid", &current["metadata"]["uid"]),
            test("/spec", &current["spec"]),
            replace("/spec", spec),
            add(&format!("/metadata/annotations/{}", escaped(WROTE)), &json!(digest(spec))),
        ])
    }

    /// The patch that gives back the spec and takes off our marks, and nothing else: what others
    /// wrote beside them stays.
    pub(crate) fn off(current: &Value, before: &Value) -> json_patch::Patch {
        let mut patch = vec![
            test("/metadata/uid", &current["metadata"]["uid"]),
            test("/spec", &current["spec"]),
            replace("/spec", &before["spec"]),
        ];
        for (map, keys) in
            [("labels", &[RUN_LABEL][..]), ("annotations", &[ORIGINAL, WROTE, FENCE])]
        {
            let path = format!("/metadata/{map}");
            let Some(now) = current.pointer(&path).and_then(Value::as_object) else { continue };
            let ours = keys.iter().filter(|key| now.contains_key(**key)).count();
            let was_there = before.pointer(&path).is_some_and(Value::is_object);
            if ours == now.len() && !was_there {
                patch.push(remove(&path));
                continue;
            }
            for key in keys.iter().filter(|key| now.contains_key(**key)) {
                patch.push(remove(&format!("{path}/{}", escaped(key))));
            }
        }
        json_patch::Patch(patch)
    }

    /// The step that restores an object by its own marks, without a journal; none if the marks are
    /// damaged.
    pub(crate) fn step(object: &Value) -> Option<UndoStep> {
        let annotations = object.pointer("/metadata/annotations")?;
        let original: Value = serde_json::from_str(annotations[ORIGINAL].as_str()?).ok()?;
        let mut before = object.clone();
        before["spec"] = original.get("spec")?.clone();
        for map in ["labels", "annotations"] {
            if original[map] == json!(false)
                && let Some(metadata) = before["metadata"].as_object_mut()
            {
                metadata.shift_remove(map);
            }
        }
        let ours = annotations[WROTE].as_str() == Some(digest(&object["spec"]).as_str());
        let wrote = if ours { vec![object["spec"].clone()] } else { Vec::new() };
        let object = ObjectRef::of(object).ok()?;
        Some(UndoStep { ids: Vec::new(), what: UndoAction::Revert { object, before, wrote } })
    }
}
