//! `istioctl validate` and `istioctl analyze`, asked of many objects at once.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What it says of one object.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) errors: Vec<String>,
    pub(super) warnings: Vec<String>,
    /// Whether `istioctl analyze` calls it invalid too (IST0106).
    pub(super) analyzed_invalid: bool,
}

/// Asks about each of the objects, which get names of their own for it.
pub(super) fn ask(program: &Path, objects: &[Value]) -> Vec<Said> {
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    for (index, object) in objects.iter().enumerate() {
        let mut object = object.clone();
        object["metadata"]["name"] = format!("n{index}").into();
        // What has no namespace is in none for `analyze`, which says nothing of it then.
        if object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = "default".into();
        }
        writeln!(file, "{object}\n---").unwrap();
    }
    file.flush().unwrap();
    let output = Command::new(program).args(["validate", "-f"]).arg(file.path()).output().unwrap();
    let offline = ["analyze", "--use-kube=false", "--all-namespaces", "--color=false"];
    let analyzed = Command::new(program).args(offline).arg(file.path()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut said = vec![Said::default(); objects.len()];
    let (mut warns, mut last) = (true, None);
    for line in text.lines() {
        if line.starts_with("Error:") {
            assert!(line.ends_with("occurred:"), "istioctl cannot tell: {text}");
            warns = false;
        }
        let entry = line.strip_prefix("\t* ").and_then(|entry| entry.split_once(": "));
        if let Some((object, message)) = entry {
            let name = object.rsplit('/').next().unwrap_or_default();
            let index: usize = name.trim_start_matches('n').parse().unwrap();
            let list = match warns {
                true => &mut said[index].warnings,
                false => &mut said[index].errors,
            };
            list.push(message.to_owned());
            last = (!warns).then_some(index);
        } else if let Some(message) = last.and_then(|index| said[index].errors.last_mut()) {
            message.push(' ');
            message.push_str(line);
        }
    }
    for line in String::from_utf8_lossy(&analyzed.stdout).lines() {
        let named = line.strip_prefix("Error [IST0106] (").and_then(|rest| rest.split(' ').nth(1));
        if let Some((_, name)) = named.and_then(|named| named.split_once('/')) {
            said[name.trim_start_matches('n').parse::<usize>().unwrap()].analyzed_invalid = true;
        }
    }
    said
}
