//! What scenarios deploy of an application's own manifests needs rights too: those of its kinds.

use kube::core::{ApiResource, GroupVersionKind};

use super::facts::Asked;
use crate::application::Application;
use crate::application::manifest::{objects, read};
use crate::cluster::rights::{Need, Place, covers};
use crate::error::{Error, Result};

/// A manifest larger than this is no manifest.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;

/// What is done with an object that a scenario brings, and takes away at its end.
const VERBS: &[&str] = &["get", "create", "delete"];

/// Rights for kinds in the application's workloads that no run needs otherwise.
pub(super) fn rights(application: &Application) -> Result<Vec<Asked>> {
    let mut all = Vec::<Asked>::new();
    for manifest in application.workloads.values() {
        let path = application.folder.join(&manifest.file);
        for object in objects(&read(&path, MANIFEST_MAX)?, &path)? {
            let text = |field: &str| object[field].as_str().unwrap_or_default();
            let (api_version, kind) = (text("apiVersion"), text("kind"));
            if kind.is_empty() {
                let doing = format!("reading {}", path.display());
                return Err(Error::feature(doing, "an object in it has no `kind`"));
            }
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            let plural = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind)).plural;
            let of_object = object.pointer("/metadata/namespace").and_then(|name| name.as_str());
            let namespace = of_object.map(str::to_owned).or_else(|| manifest.namespace.clone());
            for verb in VERBS {
                let wanted = Asked {
                    place: Place::Application,
                    need: Need::Deploy,
                    namespace: namespace.clone().unwrap_or_default(),
                    group: group.to_owned(),
                    resource: plural.clone(),
                    verb: (*verb).to_owned(),
                    allowed: Ok(true),
                };
                if !required(group, &plural, verb) && !all.contains(&wanted) {
                    all.push(wanted);
                }
            }
        }
    }
    Ok(all)
}

/// Whether every run needs it anyway: a right that only a watchdog needs is not enough.
fn required(group: &str, plural: &str, verb: &str) -> bool {
    covers(Place::Application, Need::Run, group, plural, verb)
}
