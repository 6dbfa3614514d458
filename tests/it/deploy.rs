//! What runs a suite inside a cluster (`deploy/`), held against what it is made of: the rights, the
//! files of the suite, the arguments and the image's version. `tests/cluster/job` runs it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use faultless::cluster::rights::{Place, rules};
use serde::Deserialize as _;
use serde_json::Value;

use crate::program::{Place as Folder, finish};

fn documents(path: &str) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let documents = serde_yaml::Deserializer::from_str(&text);
    documents.map(|document| Value::deserialize(document).unwrap()).collect()
}

/// The one object of a kind and a name.
fn object(path: &str, kind: &str, name: &str) -> Value {
    let found = documents(path).into_iter();
    let mut found = found.filter(|it| it["kind"] == kind && it["metadata"]["name"] == name);
    let object = found.next().unwrap_or_else(|| panic!("{path} has no {kind} {name}"));
    assert!(found.next().is_none(), "{path} has {kind} {name} twice");
    object
}

fn strings(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().unwrap();
    list.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_rights_are_those_of_the_table() {
    const RIGHTS: &str = "deploy/job/rights.yaml";
    for (kind, name, place) in [
        ("ClusterRole", "faultless-application", Place::Application),
        ("Role", "faultless-control-plane", Place::ControlPlane),
        ("ClusterRole", "faultless", Place::Cluster),
    ] {
        let expected = Value::from(rules(place));
        assert_eq!(object(RIGHTS, kind, name)["rules"], expected, "{kind} {name}");
    }
    let bound: BTreeSet<String> = documents(RIGHTS)
        .iter()
        .filter(|it| it["roleRef"]["name"] == "faultless-application")
        .map(|it| it["metadata"]["namespace"].as_str().unwrap().to_owned())
        .collect();
    let application = &documents("features/application.yaml")[0];
    assert_eq!(bound, strings(&application["namespaces"]));
}

#[test]
fn the_whole_suite_is_mounted() {
    let made = &documents("features/kustomization.yaml")[0]["configMapGenerator"];
    let [features, demo] = [0, 1].map(|at| strings(&made[at]["files"]));
    let lying = |folder: &str, prefix: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let names = files.map(|entry| entry.file_name().into_string().unwrap());
        names.map(|name| format!("{prefix}{name}")).collect()
    };
    let mut expected = lying("features", "");
    assert!(expected.remove("kustomization.yaml"));
    assert_eq!(features, expected);
    assert_eq!(demo, lying("features/demo", "demo/"));
    let pod = &object("deploy/job/job.yaml", "Job", "faultless")["spec"]["template"]["spec"];
    let items = pod["volumes"][0]["projected"]["sources"][1]["configMap"]["items"].clone();
    let items = items.as_array().unwrap();
    let paths: BTreeSet<String> =
        items.iter().map(|item| item["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(paths, demo);
    for item in items {
        let (key, path) = (item["key"].as_str().unwrap(), item["path"].as_str().unwrap());
        assert_eq!(Path::new(path).file_name().unwrap(), key, "a ConfigMap's keys are file names");
    }
}

#[test]
fn the_arguments_are_understood_and_the_parts_are_all_run() {
    let spec = &object("deploy/job/job.yaml", "Job", "faultless")["spec"];
    let container = &spec["template"]["spec"]["containers"][0];
    let version = format!("localhost/faultless:{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(container["image"], version.as_str());
    let args = container["args"].as_array().unwrap();
    let parts = format!("--shard=job/{}", spec["completions"]);
    assert!(args.iter().any(|arg| arg == parts.as_str()), "{args:?}");
    // Outside a pod it gets as far as looking for the pod's account.
    let folder = Folder::new();
    let out = format!("--out={}", folder.path("out").display());
    let args: Vec<&str> = args
        .iter()
        .map(|arg| arg.as_str().unwrap())
        .map(|arg| if arg.starts_with("--out=") { out.as_str() } else { arg })
        .collect();
    let mut command = folder.faultless(&args);
    command.env("JOB_COMPLETION_INDEX", "1");
    for elsewhere in ["KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"] {
        command.env_remove(elsewhere);
    }
    let said = finish(command);
    assert!(said.stderr.contains("connecting to the cluster around this pod"), "{said:?}");
}
