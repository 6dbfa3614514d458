//! Features with Istio's own YAML in them, as a person has it: what `check` says, and where.

use std::path::PathBuf;

use clap::Parser as _;
use tempfile::TempDir;

use super::*;
use crate::cli::{Cli, Command};

const HEAD: &str = "Feature: f\n  Scenario: s\n    Given every client sends requests\n    When \
                    this Istio configuration is applied:\n      \"\"\"yaml\n";

/// A file with one scenario that applies this text, which begins in line 6.
fn feature(yaml: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.feature");
    let lines: String = yaml.lines().map(|line| format!("      {line}\n")).collect();
    std::fs::write(&path, format!("{HEAD}{lines}      \"\"\"\n")).unwrap();
    (folder, path)
}

async fn checked(yaml: &str, flags: &[&str]) -> Result<ExitCode> {
    let (_folder, path) = feature(yaml);
    let fixed = ["faultless", "check", "--application", "features/application.yaml"];
    let words = fixed.into_iter().chain(flags.iter().copied()).chain(path.to_str());
    let Command::Check(args) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
    check(&args).await
}

fn virtual_service(host: &str) -> String {
    let spec =
        format!("{{hosts: [{host}], http: [{{route: [{{destination: {{host: {host}}}}}]}}]}}");
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: a, \
         namespace: travel-agency}}\nspec: {spec}\n"
    )
}

#[tokio::test]
async fn a_mistake_in_yaml_is_told_with_its_place_in_the_feature_file() {
    for (yaml, place, what) in [
        ("apiVersion: v1\nmetadata:\n\tname: x\n", ":8:7: ", "a tab stands where YAML is indented"),
        ("kind: A\nspec:\n  a: 1\n  a: 2\n", ":9:9: ", "the key `a` is there twice"),
        ("spec: {\n", ":7:", "did not find expected"),
    ] {
        let said = checked(yaml, &[]).await.unwrap_err();
        assert_eq!(said.exit_code(), ExitCode::Wrong);
        let said = said.to_string();
        assert!(said.contains(&format!("a.feature{place}")) && said.contains(what), "{said}");
    }
    // What was not read as it looks stands beside what is refused because of it.
    let said = checked(&virtual_service("on"), &[]).await.unwrap_err().to_string();
    assert!(said.contains("a.feature:9:22: `on` is the boolean true, as kubectl reads"), "{said}");
}

#[tokio::test]
async fn a_list_as_kubectl_prints_it_is_its_items() {
    let item = virtual_service("hotels");
    let item: String = item.lines().map(|line| format!("    {line}\n")).collect();
    let list = format!("apiVersion: v1\nitems:\n  -\n{item}kind: List\nmetadata: {{}}\n");
    assert_eq!(checked(&list, &["--strict"]).await.unwrap(), ExitCode::Passed);
    let wrong = list.replace("hosts: [hotels]", "hosts: [hotel]");
    let said = checked(&wrong, &[]).await.unwrap_err().to_string();
    assert!(said.contains("VirtualService travel-agency/a: spec.hosts[0]: no service"), "{said}");
}

#[tokio::test]
async fn warnings_are_mistakes_with_strict_alone() {
    let outside = virtual_service("payments.example.net");
    assert_eq!(checked(&outside, &[]).await.unwrap(), ExitCode::Passed);
    let said = checked(&outside, &["--strict"]).await.unwrap_err();
    assert_eq!(said.exit_code(), ExitCode::Wrong);
    let said = said.to_string();
    assert!(said.contains("warning: VirtualService travel-agency/a: spec.hosts[0]: no"), "{said}");
    assert_eq!(checked(&virtual_service("hotels"), &["--strict"]).await.unwrap(), ExitCode::Passed);
}

#[tokio::test]
async fn a_strict_run_starts_nothing_if_there_are_warnings() {
    let (folder, path) = feature(&virtual_service("payments.example.net"));
    let (out, application) = (folder.path().join("out"), "features/application.yaml");
    let words = ["faultless", "run", "--strict", "--application", application, "--out"];
    let words = words.into_iter().chain(out.to_str()).chain(path.to_str());
    let Command::Run(args) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
    let said = crate::run::run(args).await.unwrap_err();
    assert_eq!(said.exit_code(), ExitCode::Wrong);
    assert!(said.to_string().contains("payments.example.net"), "{said}");
    assert!(!out.exists());
}
