//! How a change is undone: again and again within a bound, as good twice as once, and never over
//! somebody else's edit.

use std::time::{Duration, Instant};

use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation};
use serde_json::{Value, json};

use super::{Entry, Undo};
use crate::application::settings::Endpoint;
use crate::cluster::Cluster;
use crate::cluster::ObjectRef;
use crate::error::{Error, Result};
use crate::faults::RUN_LABEL;
use crate::scenario::compare::{differences, digest, same};

/// The annotation that keeps what a changed object was, so that it can be restored without the
/// journal, from any machine.
const ORIGINAL: &str = "faultless.dev/original";

/// The annotation with the digest of the `spec` that we wrote: any other is somebody else's.
const WROTE: &str = "faultless.dev/wrote";

/// The annotation that is there for a moment only, so that the object gets another version.
const FENCE: &str = "faultless.dev/fence";

/// All annotations together may have 256 KiB (Kubernetes' limit), and others need theirs.
const ORIGINAL_MAX: usize = 200 * 1024;

/// One change is tried again for this long: an API server that restarts is back within it.
const UNDO_BUDGET: Duration = Duration::from_secs(45);

/// A whole restore takes no longer, however many changes fail. Each is tried at least once.
const RESTORE_BUDGET: Duration = Duration::from_mins(3);

/// The first pause between two attempts; each next one is twice as long, up to `PAUSE_MAX`.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// What a restore came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Changes undone.
    pub undone: u32,
    /// What is still there, each with the command that would remove it.
    pub left_behind: Vec<String>,
}

/// The time that a restore still has.
#[derive(Debug, Clone, Copy)]
pub(in crate::scenario) struct Budget {
    until: Instant,
}

/// All that has to be undone in one go: several changes of one object are one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::scenario) struct Task {
    /// The entries that it undoes.
    pub(in crate::scenario) ids: Vec<u64>,
    pub(in crate::scenario) what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::scenario) enum What {
    /// Delete it.
    Delete(ObjectRef),
    /// Give back `before`'s spec, if the spec now is one that we wrote.
    Revert { object: ObjectRef, before: Value, wrote: Vec<Value> },
    /// Tell the pods.
    Put { endpoint: Endpoint, pods: Vec<String>, before: Value, wrote: Vec<Value> },
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::scenario) enum Performed {
    /// Nothing of this change is left.
    Done,
    /// It cannot be undone by us, however often we try: why, and what a person can do.
    Stuck { why: String, command: String },
}

/// Our marks on an object that was there before us.
#[derive(Debug)]
pub(in crate::scenario) struct Marks;

// === impl Budget ===

impl Budget {
    /// A restore begins.
    pub(in crate::scenario) fn begin() -> Self {
        Self::lasting(RESTORE_BUDGET)
    }

    /// One of this length.
    pub(in crate::scenario) fn lasting(time: Duration) -> Self {
        Self { until: Instant::now() + time }
    }
}

/// Tries until it succeeds or the time is up.
pub(in crate::scenario) async fn retried<T>(
    budget: Budget,
    mut attempt: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let until = budget.until.min(Instant::now() + UNDO_BUDGET);
    let mut pause = PAUSE;
    loop {
        match attempt().await {
            Err(_) if Instant::now() + pause < until => {}
            ended => return ended,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// What undoes these entries, newest first.
pub(in crate::scenario) fn tasks(entries: &[Entry]) -> Vec<Task> {
    let mut tasks = Vec::<Task>::new();
    for entry in entries.iter().rev() {
        match &entry.undo {
            Undo::Added { object } => {
                let what = What::Delete(object.clone());
                tasks.push(Task { ids: vec![entry.id], what });
            }
            Undo::Changed { object, before, wrote } => {
                let mut specs = vec![wrote.clone()];
                specs.extend(entry.stored.clone());
                let earlier = tasks.iter_mut().find_map(|task| match &mut task.what {
                    What::Revert { object: other, before, wrote } if other == object => {
                        Some((&mut task.ids, before, wrote))
                    }
                    _ => None,
                });
                // The oldest record knows what was there before us.
                if let Some((ids, oldest, all)) = earlier {
                    ids.push(entry.id);
                    *oldest = before.clone();
                    all.extend(specs);
                } else {
                    let (object, before) = (object.clone(), before.clone());
                    let what = What::Revert { object, before, wrote: specs };
                    tasks.push(Task { ids: vec![entry.id], what });
                }
            }
            Undo::Put { endpoint, pods, before, wrote } => {
                let earlier = tasks.iter_mut().find_map(|task| match &mut task.what {
                    What::Put { endpoint: other, pods, before, wrote } if other == endpoint => {
                        Some((&mut task.ids, pods, before, wrote))
                    }
                    _ => None,
                });
                if let Some((ids, told, oldest, all)) = earlier {
                    ids.push(entry.id);
                    told.extend(pods.clone());
                    *oldest = before.clone();
                    all.push(wrote.clone());
                } else {
                    let (endpoint, pods) = (endpoint.clone(), pods.clone());
                    let (before, wrote) = (before.clone(), vec![wrote.clone()]);
                    let what = What::Put { endpoint, pods, before, wrote };
                    tasks.push(Task { ids: vec![entry.id], what });
                }
            }
        }
    }
    tasks
}

/// Undoes one change, again and again within the budget.
pub(in crate::scenario) async fn perform(
    target: &Cluster,
    run: &str,
    what: &What,
    budget: Budget,
) -> Result<Performed> {
    retried(budget, async || match what {
        What::Delete(object) => delete_once(target, object, run).await,
        What::Revert { object, before, wrote } => revert_once(target, object, before, wrote).await,
        What::Put { endpoint, pods, before, wrote } => {
            untell_once(target, endpoint, pods, before, wrote).await
        }
    })
    .await
}

/// Tells the pods that were told something what they knew before. Pods that are gone took it with
/// them, and new ones never heard of it.
async fn untell_once(
    target: &Cluster,
    endpoint: &Endpoint,
    pods: &[String],
    before: &Value,
    wrote: &[Value],
) -> Result<Performed> {
    for pod in target.pods(&endpoint.namespace, &endpoint.selector).await? {
        if !pods.contains(&pod.name) {
            continue;
        }
        let current = endpoint.read(target, &pod).await?;
        if same(&current, before) {
            continue;
        }
        if !wrote.iter().any(|wrote| same(wrote, &current)) {
            let lines = differences(before, &current).join("; ");
            let (pod, namespace) = (&pod.name, &endpoint.namespace);
            return Ok(Performed::Stuck {
                why: format!(
                    "somebody else told pod {pod} something meanwhile, or it began anew, and that \
                     is kept: {lines}"
                ),
                command: format!(
                    "kubectl delete pod {pod} -n {namespace} makes it forget everything"
                ),
            });
        }
        endpoint.write(target, &pod, before).await?;
    }
    Ok(Performed::Done)
}

async fn delete_once(target: &Cluster, object: &ObjectRef, run: &str) -> Result<Performed> {
    let Some(found) = target.get(object).await? else { return Ok(Performed::Done) };
    let label = found.pointer("/metadata/labels").and_then(|labels| labels.get(RUN_LABEL));
    if label.and_then(Value::as_str) != Some(run) {
        // Somebody replaced it by an object of their own; that is theirs to keep.
        return Ok(Performed::Done);
    }
    let uid = text(&found, "/metadata/uid");
    target.delete(object, uid).await?;
    let Some(still) = target.get(object).await? else { return Ok(Performed::Done) };
    let finalizers = still.pointer("/metadata/finalizers").and_then(Value::as_array);
    match finalizers.and_then(|held| held.first()).and_then(Value::as_str) {
        // The garbage collector's own finalizers go by themselves.
        Some("orphan" | "foregroundDeletion") => {
            Err(Error::left_behind(format!("deleting {object}"), "its dependents are not gone yet"))
        }
        // A foreign finalizer lets DELETE answer 200 and keeps the object.
        Some(finalizer) if text(&still, "/metadata/uid") == uid => Ok(Performed::Stuck {
            why: format!("it is deleted, but held by the finalizer {finalizer}"),
            command: object.delete_command(),
        }),
        // Pods and what owns them end in their own time.
        _ => Ok(Performed::Done),
    }
}

async fn revert_once(
    target: &Cluster,
    object: &ObjectRef,
    before: &Value,
    wrote: &[Value],
) -> Result<Performed> {
    let Some(mut current) = target.get(object).await? else { return Ok(Performed::Done) };
    if text(&current, "/metadata/uid") != text(before, "/metadata/uid") {
        // Deleted and made anew by somebody: nothing of ours is in it.
        return Ok(Performed::Done);
    }
    let reverted = same(&current["spec"], &before["spec"]);
    let marked = Marks::on(&current);
    if reverted && !marked {
        // The write may still be on its way: it finds another version than it was meant for.
        current = target.patch(object, Marks::fence(&current)).await?;
    }
    if !reverted && !wrote.iter().any(|spec| same(spec, &current["spec"])) {
        // Without our marks it is theirs: our write never took effect, or somebody replaced it as a
        // whole, or took the marks off to keep an edit of theirs.
        return Ok(if marked { conflict(object, before, &current) } else { Performed::Done });
    }
    target.patch(object, Marks::off(&current, before)).await?;
    Ok(Performed::Done)
}

fn conflict(object: &ObjectRef, before: &Value, current: &Value) -> Performed {
    let lines = differences(&before["spec"], &current["spec"]).join("; ");
    let kind = object.kind.to_lowercase();
    let (name, namespace) = (&object.name, &object.namespace);
    let place = format!("{kind} {name} -n {namespace}");
    Performed::Stuck {
        why: format!("somebody else changed it meanwhile, and that is kept: spec.{lines}"),
        command: format!(
            "kubectl annotate {place} {ORIGINAL}- {WROTE}- && kubectl label {place} {RUN_LABEL}- \
             keeps their edit"
        ),
    }
}

// === impl Task ===

impl Task {
    /// The object it is about.
    pub(in crate::scenario) const fn object(&self) -> Option<&ObjectRef> {
        match &self.what {
            What::Delete(object) | What::Revert { object, .. } => Some(object),
            What::Put { .. } => None,
        }
    }

    /// Of which kind the object is, or nothing.
    pub(in crate::scenario) fn kind(&self) -> &str {
        self.object().map_or("", |object| &object.kind)
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Delete(object) => write!(f, "{object}"),
            Self::Revert { object, .. } => write!(f, "{object} (changed)"),
            Self::Put { endpoint, .. } => write!(f, "{endpoint}"),
        }
    }
}

impl What {
    /// What a person types when we could not.
    pub(in crate::scenario) fn command(&self) -> String {
        match self {
            Self::Delete(object) => object.delete_command(),
            Self::Revert { object, before, .. } => {
                let ObjectRef { kind, namespace, name, .. } = object;
                let patch = json!([{"op": "replace", "path": "/spec", "value": before["spec"]}]);
                let kind = kind.to_lowercase();
                format!("kubectl patch {kind} {name} -n {namespace} --type=json -p '{patch}'")
            }
            Self::Put { endpoint, pods: _, before, wrote: _ } => {
                let Endpoint { namespace, selector, port, write, .. } = endpoint;
                format!(
                    "for pod in $(kubectl get pods -n {namespace} -l {selector} -o name); do \
                     kubectl port-forward -n {namespace} $pod {port} & sleep 1; \
                     curl -X PUT -d '{before}' localhost:{port}{write}; kill $!; done"
                )
            }
        }
    }
}

// === impl Marks ===

impl Marks {
    /// Whether an object carries them.
    pub(in crate::scenario) fn on(object: &Value) -> bool {
        let has = |path: &str, key: &str| {
            object.pointer(path).and_then(Value::as_object).is_some_and(|map| map.contains_key(key))
        };
        has("/metadata/annotations", ORIGINAL)
            || has("/metadata/annotations", WROTE)
            || has("/metadata/labels", RUN_LABEL)
    }

    /// The run that changed an object, as its kept original says.
    pub(in crate::scenario) fn run(object: &Value) -> Option<String> {
        let kept = object.pointer("/metadata/annotations")?.get(ORIGINAL)?.as_str()?;
        let original: Value = serde_json::from_str(kept).ok()?;
        original["run"].as_str().map(str::to_owned)
    }

    /// The patch that changes an object for the first time: it must be as it was read, and keeps
    /// what it was.
    pub(in crate::scenario) fn change(
        before: &Value,
        spec: &Value,
        run: &str,
    ) -> Result<json_patch::Patch> {
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
    fn fence(current: &Value) -> json_patch::Patch {
        let mut patch = vec![test("/metadata/uid", &current["metadata"]["uid"])];
        if !current["metadata"]["annotations"].is_object() {
            patch.push(add("/metadata/annotations", &json!({})));
        }
        patch.push(add(&format!("/metadata/annotations/{}", escaped(FENCE)), &json!("")));
        json_patch::Patch(patch)
    }

    /// The patch that changes an object once more, if nobody else did meanwhile.
    pub(in crate::scenario) fn change_again(current: &Value, spec: &Value) -> json_patch::Patch {
        json_patch::Patch(vec![
            test("/metadata/uid", &current["metadata"]["uid"]),
            test("/spec", &current["spec"]),
            replace("/spec", spec),
            add(&format!("/metadata/annotations/{}", escaped(WROTE)), &json!(digest(spec))),
        ])
    }

    /// The patch that gives back the spec and takes off our marks, and nothing else: what others
    /// wrote beside them stays.
    fn off(current: &Value, before: &Value) -> json_patch::Patch {
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

    /// The task that restores an object by its own marks, without a journal: the run it belongs
    /// to, and the task unless the marks are damaged.
    pub(in crate::scenario) fn task(object: &Value) -> Option<Task> {
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
        Some(Task { ids: Vec::new(), what: What::Revert { object, before, wrote } })
    }
}

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// A key as a JSON pointer writes it (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn pointer(path: &str) -> json_patch::jsonptr::PointerBuf {
    // All paths here begin with a slash and are escaped.
    json_patch::jsonptr::PointerBuf::parse(path).unwrap_or_default()
}

fn test(path: &str, value: &Value) -> PatchOperation {
    PatchOperation::Test(TestOperation { path: pointer(path), value: value.clone() })
}

fn add(path: &str, value: &Value) -> PatchOperation {
    PatchOperation::Add(AddOperation { path: pointer(path), value: value.clone() })
}

fn replace(path: &str, value: &Value) -> PatchOperation {
    PatchOperation::Replace(ReplaceOperation { path: pointer(path), value: value.clone() })
}

fn remove(path: &str) -> PatchOperation {
    PatchOperation::Remove(RemoveOperation { path: pointer(path) })
}
