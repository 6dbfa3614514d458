//! Which files are read, which of their entries count, and what is said of wrong ones.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::files::Files;
use crate::error::{Error, ExitCode};

/// A context `name` to a cluster and with a user of these entries.
fn config(name: &str, cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: '{name}-c'\n  cluster: {cluster}\n\
         contexts:\n- name: '{name}'\n  context: {{cluster: '{name}-c', user: '{name}-u'}}\n\
         users:\n- name: \
         '{name}-u'\n  user: {user}\n"
    )
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn list(folder: &TempDir, names: &[&str]) -> Result<Files, Error> {
    let path = |name: &&str| match name.is_empty() {
        true => PathBuf::new(),
        false => folder.path().join(name),
    };
    Files::list(names.iter().map(path), "connecting")
}

const SERVER: &str = "{server: 'https://127.0.0.1:1', insecure-skip-tls-verify: true}";

#[test]
fn a_list_passes_over_what_is_missing_or_empty_and_the_first_entry_wins() {
    let second = config("ops@blue/travel", "{server: 'https://second:1'}", "{token: second}");
    let folder = folder(&[
        ("one", &config("ops@blue/travel", "{server: 'https://first:1'}", "{token: first}")),
        ("two", &second),
        ("three", &config("arn:aws:eks:eu-central-1:000000000000:cluster/green", SERVER, "{}")),
        ("empty", ""),
        ("comments", "# nothing yet\n---\n"),
    ]);
    let names = ["", "no/such", "empty", "comments", "one", "absent", "two", "three", "one"];
    let files = list(&folder, &names).unwrap();
    let entry = files.entry("ops@blue/travel").unwrap();
    assert_eq!(entry.cluster.value.server.as_deref(), Some("https://first:1"));
    assert!(entry.user.place.starts_with("user `ops@blue/travel-u` of "), "{}", entry.user.place);
    assert!(entry.user.place.ends_with("/one"), "{}", entry.user.place);
    assert!(files.entry("arn:aws:eks:eu-central-1:000000000000:cluster/green").is_ok());
    let error = files.entry("arn:aws:eks:eu-central-1:000000000000:cluster/gren").unwrap_err();
    let text = error.to_string();
    assert_eq!(error.exit_code(), ExitCode::Wrong);
    assert!(text.contains("did you mean `arn:aws:eks:eu-central-1:000000000000:cluster/green`?"));
    assert!(text.contains("passed over:") && text.contains("no/such"), "{text}");
    assert!(files.only().is_none());
    assert_eq!(list(&folder, &["gone", "two"]).unwrap().only(), Some(&*folder.path().join("two")));
}

#[test]
fn a_list_of_nothing_is_an_empty_kubeconfig() {
    let folder = folder(&[("empty", "")]);
    for (names, word) in [
        (&["", ""] as &[&str], "KUBECONFIG names no file"),
        (&["a", "b"], "none of the kubeconfigs is there: "),
        (&["empty"], "there are no contexts at all"),
    ] {
        let error = list(&folder, names).unwrap().entry("x").unwrap_err();
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    let error = Files::one(&folder.path().join("gone"), "connecting").unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_file_and_without_what_is_in_it() {
    let folder = folder(&[
        ("syntax", "users:\n- name: a\n  user: {token: \"hush\n contexts: [\n"),
        ("shape", "users:\n- name: a\n  user: hush\n"),
        ("kinds", "users:\n- name: a\n  user: {token: [hush]}\n"),
        ("binary", "\u{0}hush"),
    ]);
    std::fs::write(folder.path().join("bytes"), b"\xff\xfe\x00").unwrap();
    std::fs::write(folder.path().join("latin"), b"users: \xe9hush").unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for name in ["syntax", "shape", "kinds", "binary", "bytes", "latin", "folder"] {
        let error = list(&folder, &[name]).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.exit_code(), ExitCode::Wrong);
        assert!(text.contains(&format!("/{name}: ")) && !text.contains("hush"), "{text}");
        assert!(text.lines().count() <= 2, "{text}");
    }
    let text = list(&folder, &["shape"]).unwrap_err().to_string();
    assert!(text.contains("line 3, column 9"), "{text}");
}

async fn refused(cluster: &str, user: &str) -> String {
    let folder = folder(&[("file", &config("x", cluster, user))]);
    let entry = Files::one(&folder.path().join("file"), "connecting").unwrap().entry("x").unwrap();
    let error = entry.client(None, |_| {}).await.err().expect("a refusal");
    assert_eq!(error.exit_code(), ExitCode::Wrong, "{error}");
    let text = error.to_string();
    assert!(text.contains("/file"), "{text}");
    text
}

#[test]
fn text_is_read_whatever_editor_wrote_it() {
    let text = config("x", SERVER, "{}");
    let wide: Vec<u16> = std::iter::once(0xFEFF).chain(text.encode_utf16()).collect();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("mark", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("crlf", text.replace('\n', "\r\n").into_bytes()),
        ("little", wide.iter().copied().flat_map(u16::to_le_bytes).collect()),
        ("big", wide.iter().copied().flat_map(u16::to_be_bytes).collect()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        assert!(list(&folder, &[name]).unwrap().entry("x").is_ok(), "{name}");
    }
}

#[tokio::test]
async fn wrong_entries_are_told_by_name() {
    for (cluster, word) in [
        ("{}", "no `server`"),
        ("{server: 'https://'}", "`server` is no address"),
        ("{server: 'https://a', certificate-authority: gone}", "/gone: No such file"),
        ("{server: 'https://a', certificate-authority: file}", "no certificate in it"),
        ("{server: 'https://a', certificate-authority-data: '#'}", "is not base64"),
        ("{server: 'https://a', certificate-authority-data: aHVzaA==}", "no certificate in it"),
        ("{server: 'https://a', proxy-url: 'ftp://me:hush@p'}", "`ftp://***@p`"),
        ("{server: 'https://a', tls-server-name: 'a b'}", "`tls-server-name`"),
    ] {
        let text = refused(cluster, "{}").await;
        assert!(text.contains("cluster `x-c` of") && text.contains(word), "{word}: {text}");
        assert!(!text.contains("hush"), "{text}");
    }
    for (user, word) in [
        ("{tokenFile: gone}", "`tokenFile` "),
        ("{tokenFile: file}", "more in it than a token"),
        ("{token: \"hush\\n\"}", "`token` has a line break"),
        ("{client-certificate: gone, client-key: gone}", "gone"),
        ("{client-certificate-data: '#hush', client-key-data: '#hush'}", "base64"),
        ("{client-certificate-data: aHVzaA==, client-key-data: aHVzaA==}", "missing"),
        ("{auth-provider: {name: gcp}}", "gke-gcloud-auth-plugin"),
        ("{exec: {apiVersion: client.authentication.k8s.io/v1}}", "no `command`"),
        ("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: a}}", "neither"),
        ("{exec: {command: a}}", "neither"),
    ] {
        let text = refused(SERVER, user).await;
        assert!(text.contains("user `x-u` of") && text.contains(word), "{word}: {text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn a_cluster_that_is_nowhere_is_told_and_a_user_is_nobody() {
    let text = config("x", SERVER, "{}").replace("cluster: 'x-c'", "cluster: 'x-d'");
    let files = folder(&[("file", &text)]);
    let error = Files::one(&files.path().join("file"), "connecting")
        .unwrap()
        .entry("x")
        .unwrap_err()
        .to_string();
    assert!(error.contains("no cluster `x-d`") && error.contains("did you mean `x-c`?"), "{error}");
    let text = config("x", SERVER, "{}").replace("user: 'x-u'", "user: not-written-yet");
    let files = folder(&[("file", &text)]);
    let entry = Files::one(&files.path().join("file"), "connecting").unwrap().entry("x").unwrap();
    assert!(entry.user.value.token.is_none());
}

#[test]
fn paths_are_relative_to_their_own_file() {
    let user = "{tokenFile: token, exec: {command: bin/sign-in}}";
    let folder = folder(&[("file", &config("x", SERVER, user))]);
    let entry = Files::one(&folder.path().join("file"), "connecting").unwrap().entry("x").unwrap();
    let own = |name: &str| Some(folder.path().join(name).display().to_string());
    assert_eq!(entry.user.value.token_file, own("token"));
    assert_eq!(entry.user.value.exec.unwrap().command, own("bin/sign-in"));
    assert!(Path::new(&own("token").unwrap()).is_absolute());
}
