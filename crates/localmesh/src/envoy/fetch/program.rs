//! Programs: where one is, what one says, and whether it is an Envoy.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// `envoy --version` answers in some 30 ms; on a busy machine it may take a second.
const VERSION_WITHIN: Duration = Duration::from_secs(20);

/// How often a running program is looked at.
const POLL: Duration = Duration::from_millis(10);
/// How much of a program's output is read, from its end.
const OUTPUT_MAX: u64 = 64 * 1024;

/// How a program ended.
pub(super) struct Answer {
    pub(super) success: bool,
    /// The end of what it wrote to stdout and stderr.
    pub(super) output: String,
}

/// Runs a program to its end, within a bound. Its output goes through an unnamed file: a pipe would
/// need a reader, and would stay open when a grandchild keeps it.
pub(super) fn run(mut command: Command, within: Duration) -> io::Result<Answer> {
    let mut output: File = tempfile::tempfile()?;
    command.stdout(output.try_clone()?).stderr(output.try_clone()?);
    let mut child = command.spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > within {
            child.kill()?;
            child.wait()?;
            let cause = format!("it did not end within {} s", within.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, cause));
        }
        std::thread::sleep(POLL);
    };
    let length = output.seek(SeekFrom::End(0))?;
    output.seek(SeekFrom::Start(length.saturating_sub(OUTPUT_MAX)))?;
    let mut text = Vec::new();
    output.take(OUTPUT_MAX).read_to_end(&mut text)?;
    Ok(Answer { success: status.success(), output: String::from_utf8_lossy(&text).into_owned() })
}

/// The first executable file of this name on a search path.
pub(super) fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

pub(super) fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The version that a binary gives as an answer to `--version`; else why it is no Envoy.
pub(super) fn version(path: &Path) -> Result<String, String> {
    if !path.exists() {
        return Err("there is no such file".to_owned());
    }
    if !is_executable(path) {
        return Err("it is not an executable file".to_owned());
    }
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null());
    let answer = run(command, VERSION_WITHIN).map_err(|error| error.to_string())?;
    // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
    let version =
        answer.output.split_once("version: ").and_then(|(_, rest)| rest.split('/').nth(1));
    match version {
        Some(version) if answer.success => Ok(version.to_owned()),
        _ => Err("it does not answer `--version` as an Envoy does".to_owned()),
    }
}
