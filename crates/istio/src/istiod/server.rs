//! A server-side dry run: what a cluster's API server and istiod's webhook say of an object
//! together. Nothing is written.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

/// Which of the objects the cluster of this context of `kubectl` would take. They are all of the
/// namespace `default`, and each has a name of its own.
pub(super) fn accepts(context: &str, objects: &[Value]) -> Vec<bool> {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    for (index, object) in objects.iter().enumerate() {
        let mut object = object.clone();
        object["metadata"]["name"] = format!("n{index}").into();
        writeln!(file, "{object}").unwrap();
    }
    file.flush().unwrap();
    let asked = ["create", "--dry-run=server", "--output=name", "--context", context, "-f"];
    let output = Command::new("kubectl").args(asked).arg(file.path()).output().unwrap();
    let refusals = String::from_utf8_lossy(&output.stderr).into_owned();
    let ours = |line: &str| line.contains("rror from server") || line.contains("error validating");
    assert!(refusals.is_empty() || refusals.lines().any(ours), "{refusals}");
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: HashSet<&str> = names.lines().filter_map(|line| line.rsplit('/').next()).collect();
    (0..objects.len()).map(|index| names.contains(format!("n{index}").as_str())).collect()
}
