//! A shop without pods on a local mesh, behind a faulty API server: a run against it takes a
//! fraction of a second, and everything that it did can be compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use regex::Regex;
use serde_json::Value;

use super::fault_proxy::{Proxy, Rule};
use crate::program::{Place, Running, Said, arg, eventually, finish};
use crate::shop;

const KC: &str = "kc";

/// Two objects are changed and two are added, behind two dead-man's switches.
const FEATURE: &str = r#"
Feature: A shop
  Scenario: Everything at once
    When every request to "cart" is delayed by 1s
    And each caller of "cart" may use 1 connection and keep 1 request waiting
    And every request to "stock" is delayed by 2s
    And each caller of "stock" may use 1 connection and keep 1 request waiting
"#;

/// Everything that a run touches.
const LISTS: &[&str] = &[
    "/apis/networking.istio.io/v1/namespaces/NAMESPACE/virtualservices",
    "/apis/networking.istio.io/v1/namespaces/NAMESPACE/destinationrules",
    "/apis/batch/v1/namespaces/NAMESPACE/jobs",
    "/apis/coordination.k8s.io/v1/namespaces/NAMESPACE/leases",
    "/apis/apps/v1/namespaces/NAMESPACE/deployments",
    "/api/v1/namespaces/NAMESPACE/services",
];

/// A mesh with so many shops in it.
pub(super) struct Street {
    _place: Place,
    _up: Running,
}

/// One of them, with an API server of its own.
pub(super) struct Shop {
    namespace: String,
    pub(super) place: Place,
    pub(super) proxy: Proxy,
    before: Vec<Value>,
}

// === impl Street ===

impl Street {
    #[track_caller]
    pub(super) fn open(shops: usize) -> (Self, Vec<Shop>) {
        let place = Place::new();
        let up = place.up(KC);
        let name = |shop: usize| format!("shop{shop}");
        let objects: String = (0..shops).map(|number| shop::objects(&name(number))).collect();
        place.kubectl_with(KC, "apply -f -", &objects);
        eventually("the control plane is there", || {
            place.kubectl(KC, "get pods -n istio-system -o name").contains("pod/istiod")
        });
        place.kubectl(KC, "rollout status deploy/istiod -n istio-system --timeout=60s");
        let kubeconfig = fs::read_to_string(place.path(KC)).unwrap();
        let shops = (0..shops).map(|shop| Shop::open(name(shop), &kubeconfig)).collect();
        (Self { _place: place, _up: up }, shops)
    }
}

// === impl Shop ===

impl Shop {
    fn open(namespace: String, kubeconfig: &str) -> Self {
        let (place, proxy) = (Place::new(), Proxy::start(kubeconfig));
        place.file("application.yaml", &shop::application(&namespace));
        place.file("shop.feature", FEATURE);
        place.file(KC, &proxy.kubeconfig());
        let mut shop = Self { namespace, place, proxy, before: Vec::new() };
        shop.before = shop.slate();
        assert_eq!(shop.before.len(), 5);
        shop
    }

    /// A run in this shop, with these further arguments.
    pub(super) fn command(&self, more: &[&str]) -> Command {
        let path = |name: &str| self.place.path(name);
        let (feature, kubeconfig, out) = (path("shop.feature"), path(KC), path("out"));
        let mut args = vec!["run", arg(&feature), "--context", "faulty"];
        args.extend(["--kubeconfig", arg(&kubeconfig), "--out", arg(&out)]);
        args.extend(more);
        self.place.faultless(&args)
    }

    #[track_caller]
    pub(super) fn run(&self, rules: &[Rule], more: &[&str]) -> Said {
        self.proxy.plan(rules);
        let mut command = self.command(more);
        command.stdout(Stdio::piped());
        finish(command)
    }

    /// A run that is killed at this position of its journal.
    #[track_caller]
    pub(super) fn die_at(&self, position: &str) {
        self.proxy.plan(&[]);
        let mut command = self.command(&[]);
        command.env("FAULTLESS_TEST_KILL_AT", position);
        let said = finish(command);
        assert_eq!((said.code, self.journals().len()), (None, 1), "{said:?}");
    }

    /// `faultless recover`.
    #[track_caller]
    pub(super) fn recover(&self, rules: &[Rule]) -> Said {
        self.proxy.plan(rules);
        self.place.run(&["recover"])
    }

    /// Everything that a run could touch, without what the API server counts.
    pub(super) fn slate(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for path in LISTS {
            all.extend(self.proxy.list(&path.replace("NAMESPACE", &self.namespace)));
        }
        for object in &mut all {
            let metadata = object["metadata"].as_object_mut().unwrap();
            for key in ["resourceVersion", "generation", "managedFields"] {
                metadata.remove(key);
            }
        }
        all
    }

    pub(super) fn journals(&self) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.place.path("state/faultless")).into_iter().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Everything is as it was, and nobody has to do anything.
    #[track_caller]
    pub(super) fn is_restored(&self, case: &str) {
        assert_eq!(self.slate(), self.before, "{case}");
        assert_eq!(self.journals(), Vec::<PathBuf>::new(), "{case}");
    }

    /// The objects that carry a run's label, as a report names them.
    pub(super) fn ours(&self) -> BTreeSet<String> {
        let ours = |path: &&str| {
            let objects = self.proxy.list(&path.replace("NAMESPACE", &self.namespace));
            let labelled = |object: &Value| {
                object.pointer("/metadata/labels").is_some_and(|labels| {
                    labels.as_object().unwrap().contains_key("faultless.dev/run")
                })
            };
            let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
            let kind = match path.rsplit('/').next().unwrap() {
                "virtualservices" => "VirtualService",
                "destinationrules" => "DestinationRule",
                "jobs" => "Job",
                "leases" => "Lease",
                "deployments" => "Deployment",
                other => panic!("{other}"),
            };
            let found = objects.iter().filter(|object| labelled(object)).map(name);
            let all = found.map(|name| format!("{kind} {}/{name}", self.namespace));
            all.collect::<Vec<_>>()
        };
        LISTS.iter().take(5).flat_map(ours).collect()
    }

    /// What is left behind, by the run's last word on it.
    pub(super) fn told_left(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.place.path("out/events.jsonl")).unwrap();
        let lines = text.lines().filter(|line| line.contains("\"left behind: "));
        names(&lines.collect::<String>())
    }

    /// Exactly what is left is named, and `recover` finishes once the server is well.
    #[track_caller]
    pub(super) fn is_told_truly(&self, case: &str, said: &Said) {
        let ours = self.ours();
        assert!(!ours.is_empty(), "{case}: exit code 4, and nothing is left: {said:?}");
        assert_eq!(self.told_left(), ours, "{case}: {said:?}");
        let recovered = self.recover(&[]);
        assert_eq!(recovered.code, Some(0), "{case}, recovered: {recovered:?}");
        self.is_restored(case);
    }
}

/// The objects that a text names.
pub(super) fn names(text: &str) -> BTreeSet<String> {
    let kinds = "VirtualService|DestinationRule|Job|Lease|Deployment";
    let name = Regex::new(&format!("(?:{kinds}) [a-z0-9-]+/[a-z0-9-]+")).unwrap();
    name.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}
