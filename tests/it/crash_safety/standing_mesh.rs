//! The ground of these tests: an empty mesh that stays, runs against it that may be killed, and
//! what is there before and after. No pods, because what dies here is the runner, not the traffic.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::future::join_all;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::program::{Place, Running, Said, arg, eventually, finish};

/// Switches that are there, and fire long after the test.
pub(super) const LATE: &[&str] = &["--dead-man", "1h"];

/// No switches: nothing but the journal knows what was added.
pub(super) const NONE: &[&str] = &["--no-dead-man"];

const KC: &str = "kc";

/// Everything that a run could touch, and what it makes for itself.
const KINDS: &[(&str, &str, &str)] = &[
    ("networking.istio.io", "v1", "VirtualService"),
    ("networking.istio.io", "v1", "DestinationRule"),
    ("apps", "v1", "Deployment"),
    ("batch", "v1", "Job"),
    ("coordination.k8s.io", "v1", "Lease"),
    ("", "v1", "Service"),
    ("", "v1", "ServiceAccount"),
    ("", "v1", "ConfigMap"),
];

/// No journal of these tests has as many records as this.
const RECORDS_MAX: u32 = 300;

/// A mesh that stays.
pub(super) struct StandingMesh {
    pub(super) place: Place,
    namespaces: &'static [&'static str],
    runtime: Runtime,
    client: Client,
    _up: Running,
}

/// What killing runs came to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Killed {
    /// Runs killed, each at another point.
    pub(super) runs: u32,
    /// How many of them had left something.
    pub(super) left_something: u32,
    /// Recoveries killed.
    pub(super) recoveries: u32,
}

impl StandingMesh {
    /// A mesh with these objects in it.
    #[track_caller]
    pub(super) fn open(namespaces: &'static [&'static str], objects: &str) -> Self {
        let place = Place::new();
        let up = place.up(KC);
        place.kubectl_with(KC, "apply -f -", objects);
        place.kubectl(KC, "rollout status deploy/istiod -n istio-system --timeout=60s");
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(client(&place.path(KC)));
        Self { place, namespaces, runtime, client, _up: up }
    }

    #[track_caller]
    pub(super) fn kubectl(&self, line: &str) -> String {
        self.place.kubectl(KC, line)
    }

    #[track_caller]
    pub(super) fn apply(&self, objects: &str) {
        self.place.kubectl_with(KC, "apply -f -", objects);
    }

    /// Applies objects that name no namespace.
    #[track_caller]
    pub(super) fn apply_to(&self, namespace: &str, objects: &str) {
        self.place.kubectl_with(KC, &format!("apply -n {namespace} -f -"), objects);
    }

    /// Somebody else's hand on an object of the shop.
    #[track_caller]
    pub(super) fn patch(&self, object: &str, kind: &str, patch: &Value) {
        let (kind, patch) = (format!("--type={kind}"), patch.to_string());
        let mut args = vec!["patch", "-n", "shop", &kind, "-p", &patch];
        args.extend(object.split(' '));
        let said = self.place.kubectl_said(KC, &args, "");
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
    }

    /// A command that finds the mesh by the variable, as a person's does.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.place.faultless(args);
        command.env("KUBECONFIG", self.place.path(KC));
        command
    }

    fn run_args(&self, feature: &Path, more: &[&str]) -> Vec<String> {
        let (out, kubeconfig) = (out(feature), self.place.path(KC));
        let mut args =
            vec!["run", arg(feature), "--context", "faultless-local", "--out", arg(&out)];
        args.extend(["--kubeconfig", arg(&kubeconfig)]);
        args.extend(more);
        args.into_iter().map(str::to_owned).collect()
    }

    /// The command of a run, killed at this point of its journal if one is named.
    pub(super) fn run_command(
        &self,
        feature: &Path,
        more: &[&str],
        kill_at: Option<&str>,
    ) -> Command {
        let args = self.run_args(feature, more);
        let mut command = self.command(&args.iter().map(String::as_str).collect::<Vec<_>>());
        if let Some(kill_at) = kill_at {
            command.env("FAULTLESS_TEST_KILL_AT", kill_at);
        }
        command
    }

    pub(super) fn run(&self, feature: &Path, more: &[&str]) -> Said {
        finish(self.run_command(feature, more, None))
    }

    /// A run that goes on beside the test.
    pub(super) fn start(&self, feature: &Path, more: &[&str]) -> Running {
        let args = self.run_args(feature, more);
        self.place.start(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Kills a run at this point of its journal.
    #[track_caller]
    pub(super) fn die(&self, feature: &Path, more: &[&str], kill_at: &str) {
        let said = finish(self.run_command(feature, more, Some(kill_at)));
        assert_eq!(said.code, None, "it did not die at {kill_at}: {said:?}");
        assert_eq!(self.journals().len(), 1);
    }

    pub(super) fn faultless(&self, args: &[&str]) -> Said {
        finish(self.command(args))
    }

    /// Everything that a run could touch, without what the API server counts.
    #[track_caller]
    pub(super) fn slate(&self) -> Vec<Value> {
        let listing = KINDS.iter().map(|(group, version, kind)| {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
            async move { api.list(&ListParams::default()).await.unwrap().items }
        });
        let lists = self.runtime.block_on(join_all(listing));
        let objects = lists.into_iter().flatten().filter_map(|mut object| {
            let namespace = object.metadata.namespace.clone()?;
            let metadata = &mut object.metadata;
            (metadata.resource_version, metadata.generation) = (None, None);
            metadata.managed_fields = None;
            let here = self.namespaces.contains(&namespace.as_str());
            here.then(|| serde_json::to_value(object).unwrap())
        });
        objects.collect()
    }

    pub(super) fn journals(&self) -> Vec<PathBuf> {
        let state = self.place.path("state/faultless");
        let folders = fs::read_dir(state).into_iter().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Waits until an object is there.
    #[track_caller]
    pub(super) fn appears(&self, kind: &str, name: &str, namespace: &str) {
        let line = format!("get {kind} -n {namespace} -o name");
        eventually(&format!("{kind} {name} is there"), || {
            self.kubectl(&line).lines().any(|line| line.ends_with(&format!("/{name}")))
        });
    }

    /// Kills a run right before each record of its journal, right after it, and behind the change
    /// that it announces; kills the recovery too; then recovers, recovers again, and compares.
    #[track_caller]
    pub(super) fn survives_every_death(&self, feature: &Path, switches: &[&str]) -> Killed {
        let before = self.slate();
        let mut toll = Killed::default();
        for record in 0..RECORDS_MAX {
            for moment in ["before", "written", "applied"] {
                let at = format!("{record}:{moment}");
                let said = finish(self.run_command(feature, switches, Some(&at)));
                if let Some(code) = said.code {
                    assert_eq!(code, 0, "{at}: {said:?}");
                    assert_eq!(self.journals(), Vec::<PathBuf>::new(), "{at}");
                    if moment == "before" {
                        self.is_as_before(&before, "after a whole run");
                        return toll;
                    }
                    // A record that announces nothing has no change behind it.
                    assert_eq!(moment, "applied", "{at}");
                    continue;
                }
                toll.runs += 1;
                toll.left_something += u32::from(written(self.slate()) != written(before.clone()));
                toll.recoveries += u32::from(self.recovery_dies(toll.runs));
                for again in ["", " again"] {
                    let said = self.faultless(&["recover"]);
                    assert_eq!(said.code, Some(0), "{at}, recovered{again}: {said:?}");
                }
                self.is_as_before(&before, &format!("killed at {at}"));
            }
        }
        panic!("the journal never ends");
    }

    /// That what people write is as before at once, and that the pods follow.
    #[track_caller]
    fn is_as_before(&self, before: &[Value], when: &str) {
        assert_eq!(written(self.slate()), written(before.to_vec()), "{when}");
        let before = counted(before.to_vec());
        eventually(&format!("the pods are as before, {when}"), || counted(self.slate()) == before);
    }

    /// Kills a recovery somewhere; whether it was still there to be killed.
    fn recovery_dies(&self, number: u32) -> bool {
        let moment = ["before", "written"][number as usize % 2];
        let mut recover = self.command(&["recover"]);
        recover.env("FAULTLESS_TEST_KILL_AT", format!("{}:{moment}", number / 2 % 6));
        finish(recover).code.is_none()
    }
}

impl std::ops::AddAssign for Killed {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.left_something += other.left_something;
        self.recoveries += other.recoveries;
    }
}

impl std::fmt::Display for Killed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { runs, left_something, recoveries } = self;
        write!(
            f,
            "{runs} deaths of the runner ({left_something} left something), {recoveries} of a \
             recovery: all survived"
        )
    }
}

/// What people write of objects, without what controllers note.
fn written(mut slate: Vec<Value>) -> Vec<Value> {
    for object in &mut slate {
        object.as_object_mut().unwrap().remove("status");
    }
    slate
}

/// The whole objects, how many pods are ready included, without what each write counts up or dates.
fn counted(mut slate: Vec<Value>) -> Vec<Value> {
    for status in slate.iter_mut().filter_map(|object| object["status"].as_object_mut()) {
        status.remove("observedGeneration");
        status.remove("conditions");
    }
    slate
}

/// Where a run of this feature writes its reports.
pub(super) fn out(feature: &Path) -> PathBuf {
    feature.with_extension("out")
}

/// A client, because a `kubectl` for each look costs more than what is looked at.
async fn client(kubeconfig: &Path) -> Client {
    // A second installation is refused, and the first is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    Client::try_from(config).unwrap()
}

/// That the program ended so and said these words.
#[track_caller]
pub(super) fn told(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    let all = format!("{}{}", said.stdout, said.stderr);
    for word in words {
        assert!(all.contains(word), "`{word}` is not in:\n{all}");
    }
}

/// That a run beside the test ended so and said these words.
#[track_caller]
pub(super) fn ended(run: Running, code: i32, words: &[&str]) {
    let (status, said) = run.ended();
    assert_eq!(status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}
