//! Credential plugins: a program that a user's entry names, and that says who the user is
//! (kubernetes.io, "client-go credential plugins").
//!
//! Run here and not by kube: with a bound in time and in size, with what it says on its standard
//! error in the error, and never with its output, which is the credential.

use std::io::{ErrorKind, IsTerminal, Write};
use std::pin::pin;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use kube::config::{Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::bearer::bearer;
use super::plugin_text::shown;
use crate::error::{Error, Result};

/// Some ask a cloud, which takes seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// A person signs in in a browser.
const PATIENCE_WITH_A_PERSON: Duration = Duration::from_mins(5);
/// How long its standard error is read on after its end.
const AFTER_ITS_END: Duration = Duration::from_secs(1);
/// A credential is a page: a token, or a certificate with its chain.
const OUTPUT_MAX: usize = 1 << 20;
/// What is kept of its standard error, before it is made fit to be shown.
const ERRORS_MAX: usize = 64 << 10;

/// A plugin of a user's entry.
#[derive(Debug)]
pub(super) struct Plugin {
    doing: String,
    command: String,
    version: String,
    config: ExecConfig,
    cluster: Option<ExecAuthCluster>,
}

/// What a plugin answered.
#[derive(Debug)]
pub(super) struct Said {
    /// The header that signs in.
    pub token: Option<HeaderValue>,
    /// A certificate and its key, as PEM.
    pub identity: Option<(String, SecretString)>,
    /// Until when that holds.
    pub until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    kind: Option<String>,
    api_version: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

// === impl Plugin ===

impl Plugin {
    /// The plugin of an entry, which is at this place.
    pub(super) fn new(place: &str, config: ExecConfig, cluster: &Cluster) -> Result<Self> {
        let doing = format!("signing in as {place}");
        let refuse = |cause: &str| Err(Error::feature(doing.clone(), cause));
        let command = config.command.clone().unwrap_or_default();
        if command.is_empty() {
            return refuse("its `exec` has no `command`");
        }
        let version = config.api_version.clone().unwrap_or_default();
        if !matches!(
            version.split_once('/'),
            Some(("client.authentication.k8s.io", "v1" | "v1beta1",))
        ) {
            return refuse(
                "the `apiVersion` of its `exec` is neither client.authentication.k8s.io/v1 nor \
                 …/v1beta1",
            );
        }
        let cluster = match config.provide_cluster_info {
            true => Some(ExecAuthCluster::try_from(cluster).map_err(|_| {
                Error::feature(
                    doing.clone(),
                    "the cluster's `certificate-authority`, which `provideClusterInfo` wants, \
                     cannot be read",
                )
            })?),
            false => None,
        };
        Ok(Self { doing, command, version, config, cluster })
    }

    /// Runs it once.
    pub(super) async fn run(&self) -> Result<Said> {
        let mode = self.config.interactive_mode.as_ref();
        let terminal = std::io::stdin().is_terminal();
        let person = terminal && mode != Some(&ExecInteractiveMode::Never);
        if mode == Some(&ExecInteractiveMode::Always) && !terminal {
            return Err(self.failed(
                "wants to ask a person (`interactiveMode: Always`), and the standard input is no \
                 terminal",
            ));
        }
        let patience = if person { PATIENCE_WITH_A_PERSON } else { PATIENCE };
        let child = self.start(person).map_err(|cause| self.not_started(&cause))?;
        let errors = Mutex::new(Vec::new());
        let output = output(child, person, &errors);
        let answer = match tokio::time::timeout(patience, output).await {
            Ok(output) => output.and_then(|output| self.read(&output)),
            Err(_) => Err(format!("gave no answer within {} s", patience.as_secs())),
        };
        let errors = errors.into_inner().unwrap_or_else(PoisonError::into_inner);
        answer.map_err(|what| match shown(&errors, &self.config) {
            Some(said) => self.failed(&format!("{what} and said:\n    {said}")),
            None => self.failed(&format!("{what} and said nothing on its standard error")),
        })
    }

    fn start(&self, person: bool) -> std::io::Result<Child> {
        let mut command = Command::new(&self.command);
        command.args(self.config.args.iter().flatten());
        for one in self.config.env.iter().flatten() {
            if let (Some(name), Some(value)) = (one.get("name"), one.get("value")) {
                command.env(name, value);
            }
        }
        let info = json!({
            "kind": "ExecCredential",
            "apiVersion": self.version,
            "spec": match &self.cluster {
                Some(cluster) => json!({ "interactive": person, "cluster": cluster }),
                None => json!({ "interactive": person }),
            },
        });
        command
            .env("KUBERNETES_EXEC_INFO", info.to_string())
            .stdin(if person { Stdio::inherit() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
    }

    /// Never quotes what it reads.
    fn read(&self, output: &[u8]) -> std::result::Result<Said, String> {
        // JSON, or the YAML that client-go takes, too.
        let answer: Answer = serde_yaml::from_slice(output)
            .map_err(|_| "did not write an ExecCredential".to_owned())?;
        if answer.kind.as_deref() != Some("ExecCredential") {
            return Err("did not write an ExecCredential".to_owned());
        }
        if answer.api_version.as_deref() != Some(&self.version) {
            return Err(format!(
                "did not answer in the `apiVersion` that the entry asks for, {}",
                self.version
            ));
        }
        let status = answer.status.ok_or_else(|| "wrote no `status`".to_owned())?;
        let token = match status.token.filter(|token| !token.is_empty()) {
            Some(token) => Some(bearer(&token).ok_or_else(|| {
                "wrote a token with characters in it that no header may have".to_owned()
            })?),
            None => None,
        };
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let pair = (some(status.client_certificate_data), some(status.client_key_data));
        let identity = match pair {
            (Some(certificate), Some(key)) => Some((certificate, key.into())),
            (None, None) => None,
            _ => return Err("wrote a certificate without its key, or the reverse".to_owned()),
        };
        if token.is_none() && identity.is_none() {
            return Err("wrote neither a token nor a certificate".to_owned());
        }
        let until = status.expiration_timestamp.map(|at| at.parse()).transpose();
        let until = until.map_err(|_| "wrote an `expirationTimestamp` that is none".to_owned())?;
        Ok(Said { token, identity, until })
    }

    /// It runs on, and a request does not wait for it any longer.
    pub(super) fn slow(&self, waited: Duration) -> Error {
        self.failed(&format!("has not answered within {} s; it is waited for", waited.as_secs()))
            .hint("sign in if it asks; the next request has its answer")
    }

    fn failed(&self, what: &str) -> Error {
        Error::runner(self.doing.clone(), format!("the plugin `{}` {what}", self.command))
    }

    fn not_started(&self, cause: &std::io::Error) -> Error {
        if cause.kind() != ErrorKind::NotFound {
            return self.failed(&format!("cannot be run: {cause}"));
        }
        let error = self.failed("is not installed here, or not on PATH");
        let hint = self.config.install_hint.as_deref().unwrap_or_default();
        match shown(hint.as_bytes(), &self.config) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What it wrote, or what became of it. What it says on its standard error is in `errors`, also
/// when this is given up.
async fn output(
    mut child: Child,
    person: bool,
    errors: &Mutex<Vec<u8>>,
) -> std::result::Result<Vec<u8>, String> {
    let (Some(output), Some(said)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("has no output".to_owned());
    };
    let mut said = pin!(last(said, person, errors));
    let mut answer = pin!(async { tokio::join!(whole(output), child.wait()) });
    let (output, ended) = tokio::select! {
        answer = &mut answer => {
            // What it started and left may hold it open for ever.
            let _ = tokio::time::timeout(AFTER_ITS_END, said).await;
            answer
        }
        () = &mut said => answer.await,
    };
    let ended = ended.map_err(|cause| format!("cannot be waited for: {cause}"))?;
    if !ended.success() {
        return Err(format!("ended with {ended}"));
    }
    match output {
        Ok(output) if output.len() <= OUTPUT_MAX => Ok(output),
        Ok(_) => Err("wrote more than 1 MiB".to_owned()),
        Err(cause) => Err(format!("cannot be read: {cause}")),
    }
}

/// All of a stream, up to one byte more than may be.
async fn whole(stream: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut output = Vec::new();
    let mut bounded = stream.take(OUTPUT_MAX as u64 + 1);
    bounded.read_to_end(&mut output).await?;
    // Who writes more than that must not wait for a reader for ever.
    tokio::io::copy(&mut bounded.into_inner(), &mut tokio::io::sink()).await?;
    Ok(output)
}

/// The end of a stream; a person sees all of it as it comes.
async fn last(mut stream: impl AsyncRead + Unpin, person: bool, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4_096];
    let end = |text: &[u8]| text.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
    // Half a token does not look like one: what is kept begins with a line.
    let mut inside = false;
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let mut piece = &buffer[..read];
        if person {
            // Nobody is told that a terminal is gone.
            let _ = std::io::stderr().write_all(piece);
        }
        if inside {
            let Some(next) = end(piece) else { continue };
            (inside, piece) = (false, &piece[next..]);
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(piece);
        if kept.len() > 2 * ERRORS_MAX {
            let rest = kept.len() - ERRORS_MAX;
            let line = end(&kept[rest..]);
            inside = line.is_none();
            let from = line.map_or(kept.len(), |next| rest + next);
            kept.drain(..from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_line_that_is_too_long_nothing_is_kept() {
        let kept = async |text: String| {
            let kept = Mutex::default();
            last(text.as_bytes(), false, &kept).await;
            String::from_utf8(kept.into_inner().unwrap()).unwrap()
        };
        for length in [2 * ERRORS_MAX, 3 * ERRORS_MAX] {
            let long = "x".repeat(length);
            assert_eq!(kept(format!("{long} token\nend\n")).await, "end\n");
            assert_eq!(kept(format!("{long} token")).await, "");
        }
        let lines = "a line\n".repeat(ERRORS_MAX);
        let kept = kept(lines.clone()).await;
        assert!(kept.len() <= 2 * ERRORS_MAX && kept.len() > ERRORS_MAX - 8, "{}", kept.len());
        assert!(lines.ends_with(&kept) && kept.starts_with('a'));
    }
}
