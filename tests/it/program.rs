//! The program itself, as a user starts it: with a home and a folder for temporary files of its
//! own, so that a test sees whatever is left behind.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::tools;

pub(crate) const FAULTLESS: &str = env!("CARGO_BIN_EXE_faultless");

/// What takes a second on an idle machine may take long on one that builds something beside it:
/// this bound is about hanging, not about speed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for something that comes soon.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where journals of tests are, if it is there: on a disk, a run that is killed a thousand times
/// waits for the disk more than for anything else, because each record is synced before its change
/// is made. What dies here is the process, and that loses no more in memory than on a disk.
const MEMORY: &str = "/dev/shm";

/// A place to run programs in.
pub(crate) struct Place {
    dir: TempDir,
    /// Where its folder `state` leads to.
    _memory: Option<TempDir>,
}

/// A `faultless` that runs.
pub(crate) struct Running {
    child: Child,
    /// Lines of stderr, as they come.
    lines: Receiver<String>,
    reader: Option<JoinHandle<()>>,
}

// === impl Place ===

impl Place {
    pub(crate) fn new() -> Self {
        // A short name: the paths of Unix sockets below it are limited.
        let dir = tempfile::Builder::new().prefix("it-").tempdir().unwrap();
        fs::create_dir(dir.path().join("tmp")).unwrap();
        let memory = tempfile::Builder::new().prefix("it-").tempdir_in(MEMORY).ok();
        if let Some(memory) = &memory {
            symlink(memory.path(), dir.path().join("state")).unwrap();
        }
        Self { dir, _memory: memory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What is in the folder for temporary files.
    pub(crate) fn left(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("tmp")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// The processes that work in the folder for temporary files, as each Envoy of a mesh does.
    pub(crate) fn envoys(&self) -> Vec<u32> {
        let tmp = self.path("tmp");
        let all = fs::read_dir("/proc").unwrap();
        let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let here = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&tmp))
        };
        pids.filter(here).collect()
    }

    /// `faultless` with these arguments, in the repository, with this place's home.
    pub(crate) fn faultless(&self, args: &[&str]) -> Command {
        let mut command = Command::new(FAULTLESS);
        command
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("TMPDIR", self.path("tmp"))
            .env("KUBECONFIG", self.path("no-kubeconfig"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env_remove("FAULTLESS_AGENT_IMAGE")
            .env_remove("FAULTLESS_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::of(self.faultless(args))
    }

    /// `up` that has come up, with its kubeconfig in this file.
    #[track_caller]
    pub(crate) fn up(&self, kubeconfig: &str) -> Running {
        let path = self.path(kubeconfig);
        let up = self.start(&["up", "--empty", "--write-kubeconfig", path.to_str().unwrap()]);
        up.says("Ctrl-C stops it");
        up
    }

    /// `kubectl` with this kubeconfig and input; what it said.
    pub(crate) fn kubectl_said(&self, kubeconfig: &str, args: &[&str], input: &str) -> Said {
        let mut command = Command::new(tools::kubectl());
        let stdin = self.file("stdin", input);
        command
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("KUBECONFIG", self.path(kubeconfig))
            .env("HOME", self.path("home"))
            .stdin(fs::File::open(stdin).unwrap());
        Said::of(command.output().unwrap())
    }

    /// `kubectl` that must succeed; its stdout.
    #[track_caller]
    pub(crate) fn kubectl(&self, kubeconfig: &str, line: &str) -> String {
        self.kubectl_with(kubeconfig, line, "")
    }

    /// The same with input.
    #[track_caller]
    pub(crate) fn kubectl_with(&self, kubeconfig: &str, line: &str, input: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let said = self.kubectl_said(kubeconfig, &args, input);
        assert_eq!(said.code, Some(0), "kubectl {line}: {said:?}");
        said.stdout
    }

    /// `faultless` that ends by itself; what it said.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        finish(self.faultless(args))
    }
}

/// Runs a command to its end, which must come.
#[track_caller]
pub(crate) fn finish(command: Command) -> Said {
    Said::of(assert_cmd::Command::from_std(command).timeout(PATIENCE).output().unwrap())
}

// === impl Said ===

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let code = output.status.code();
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

// === impl Running ===

impl Running {
    /// Starts a command.
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // Nobody needs to listen to the end.
                let _ = sender.send(line);
            }
        });
        Self { child, lines, reader: Some(reader) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on stderr.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        let mut heard = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return,
                Ok(line) => heard.push(line),
                Err(why) => panic!("`{text}` was not said ({why}); heard: {heard:?}"),
            }
        }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("/bin/sh")
            .args(["-c", &format!("kill -{name} {}", self.pid())])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// How it ended, once it has, and the rest of what it said.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut status = None;
        // Its stdout is small, so it never waits for us to read it.
        eventually("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let mut said: String = self.lines.try_iter().map(|line| line + "\n").collect();
        if let Some(mut stdout) = self.child.stdout.take() {
            stdout.read_to_string(&mut said).unwrap();
        }
        (status.unwrap(), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a failed assertion nothing may go on. Both are in vain after an orderly end.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// The path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
