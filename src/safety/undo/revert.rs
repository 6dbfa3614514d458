//! Giving an object back its `spec`, and never over somebody else's edit.

use serde_json::Value;

use crate::cluster::{Cluster, ObjectRef};
use crate::error::Result;
use crate::safety::compare::{differences, same};
use crate::safety::labels::RUN_LABEL;
use crate::safety::patch::text;
use crate::safety::undo::marks::{Marks, ORIGINAL, WROTE};
use crate::safety::undo::steps::UndoOutcome;

pub(crate) async fn revert_once(
    cluster: &Cluster,
    object: &ObjectRef,
    before: &Value,
    wrote: &[Value],
) -> Result<UndoOutcome> {
    let Some(mut current) = cluster.get(object).await? else { return Ok(UndoOutcome::Done) };
    if text(&current, "/metadata/uid") != text(before, "/metadata/uid") {
        // Deleted and made anew by somebody: nothing of ours is in it.
        return Ok(UndoOutcome::Done);
    }
    let reverted = same(&current["spec"], &before["spec"]);
    let marked = Marks::on(&current);
    if reverted && !marked {
        // The write may still be on its way: it finds another version than it was meant for.
        current = cluster.patch(object, Marks::fence(&current)).await?;
    }
    if !reverted && !wrote.iter().any(|spec| same(spec, &current["spec"])) {
        // Without our marks it is theirs: our write never took effect, or somebody replaced it as a
        // whole, or took the marks off to keep an edit of theirs.
        return Ok(if marked { conflict(object, before, &current) } else { UndoOutcome::Done });
    }
    cluster.patch(object, Marks::off(&current, before)).await?;
    Ok(UndoOutcome::Done)
}

pub(crate) fn conflict(object: &ObjectRef, before: &Value, current: &Value) -> UndoOutcome {
    let lines = differences(&before["spec"], &current["spec"]).join("; ");
    let kind = object.kind.to_lowercase();
    let (name, namespace) = (&object.name, &object.namespace);
    let place = format!("{kind} {name} -n {namespace}");
    UndoOutcome::Stuck {
        why: format!("somebody else changed it meanwhile, and that is kept: spec.{lines}"),
        command: format!(
            "kubectl annotate {place} {ORIGINAL}- {WROTE}- && kubectl label {place} {RUN_LABEL}- \
             keeps their edit"
        ),
    }
}
