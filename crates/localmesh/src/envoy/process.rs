//! Starts an Envoy, waits until it serves, notices its end, ends it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::lines::{Tail, each_line};
use super::{Spec, admin, bootstrap, shim};
use crate::error::{Error, Result};
use crate::image::Log;

/// An Envoy alone is ready after 0.1 s; sixteen at once on two busy cores after one or two. A
/// machine ten times slower is within this, and who waits for a hanging one waits no longer.
const READY_WITHIN: Duration = Duration::from_secs(15);
/// Between two looks at the admin socket while Envoy starts.
const READY_POLL: Duration = Duration::from_millis(10);
/// Envoy ends within some 10 ms of a SIGTERM; after this it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// The kernel's limit for the path of a Unix socket (`sockaddr_un`), without the closing zero.
const SOCKET_PATH_MAX: usize = 107;
/// How many starts may wait for the spawner thread; more callers than that wait for a place.
const SPAWNS_WAITING: usize = 64;

/// A running Envoy; dropped, it is killed.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    admin: PathBuf,
    name: String,
    tail: Arc<Mutex<Tail>>,
    // Reads the log until the process ends.
    reader: JoinSet<()>,
}

// === impl Envoy ===

impl Envoy {
    /// Writes the bootstrap and starts the process; its log lines go to `log`. The control
    /// plane must answer already.
    pub async fn spawn(spec: Spec, log: Log) -> Result<Self> {
        let doing = format!("starting Envoy for {}", spec.node);
        let admin = spec.dir.join(admin::SOCKET);
        if admin.as_os_str().len() > SOCKET_PATH_MAX {
            let cause = format!("the path of its socket is too long: {}", admin.display());
            return Err(Error::new(doing, cause).hint("set TMPDIR to a folder with a shorter name"));
        }
        prepare(&spec).await.map_err(|error| Error::new(&doing, error))?;
        let mut child = start(command(&spec)).await.map_err(|error| {
            Error::new(&doing, format!("cannot run {}: {error}", spec.shim.display()))
        })?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let mut reader = JoinSet::new();
        if let Some(stderr) = child.stderr.take() {
            let tail = Arc::clone(&tail);
            reader.spawn(async move {
                each_line(stderr, |line| {
                    tail.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    log(line.to_owned());
                })
                .await;
            });
        }
        Ok(Self { child, admin, name: spec.node, tail, reader })
    }

    /// Waits until the admin socket says `LIVE` and all listeners are up; an error when the
    /// process ends before, or after a bound.
    pub async fn ready(&mut self) -> Result<()> {
        let doing = format!("waiting for Envoy of {}", self.name);
        let deadline = Instant::now() + READY_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(|e| Error::new(&doing, e))? {
                return Err(self.died(&doing, status).await);
            }
            if serves(&self.admin).await {
                return Ok(());
            }
            sleep(READY_POLL).await;
        }
        let cause = format!("it was not ready after {READY_WITHIN:?}; its log:{}", self.tail());
        Err(Error::new(doing, cause).hint("is this machine overloaded, or is that no Envoy?"))
    }

    /// Waits until the process ends by itself; says how (exit code or signal) and what it last
    /// logged.
    pub async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => {
                self.log_end().await;
                format!("Envoy ended with {status}; its last lines:{}", self.tail())
            }
            Err(error) => format!("Envoy cannot be waited for: {error}"),
        }
    }

    /// Ends the process and waits for its end.
    pub async fn stop(mut self) {
        if let Some(pid) = self.pid() {
            // It may have ended by itself; then there is nobody to tell.
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(STOP_WITHIN, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?))
    }

    async fn died(&mut self, doing: &str, status: ExitStatus) -> Error {
        self.log_end().await;
        Error::new(doing, format!("it ended with {status}; its last lines:{}", self.tail()))
            .hint("the lines above are Envoy's own; `envoy --mode validate` shows more")
    }

    /// Waits until the log is read to its end, so that its last lines can be shown.
    async fn log_end(&mut self) {
        // Something else could hold the pipe open; the process has ended, so this is only a moment.
        let _ = timeout(Duration::from_millis(500), self.reader.join_next()).await;
    }

    fn tail(&self) -> String {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

async fn prepare(spec: &Spec) -> io::Result<()> {
    tokio::fs::create_dir_all(spec.dir.join("out")).await?;
    let config = bootstrap::config(&spec.dir, &spec.xds, &spec.node).to_string();
    tokio::fs::write(spec.dir.join(bootstrap::FILE), config).await
}

fn command(spec: &Spec) -> Command {
    let mut command = Command::new(&spec.shim);
    command
        .arg(shim::NAME)
        .arg(std::process::id().to_string())
        .arg("--")
        .arg(&spec.binary)
        .args(bootstrap::args(&spec.dir))
        .current_dir(&spec.dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C on a terminal goes to the whole process group; the runner, not the terminal,
        // decides when the sidecars end.
        .process_group(0)
        .kill_on_drop(true);
    command
}

async fn serves(admin: &Path) -> bool {
    let live = admin::get(admin, "/ready").await;
    if !live.is_ok_and(|answer| answer.status == 200) {
        return false;
    }
    let path = "/stats?filter=^listener_manager%5C.(workers_started|total_listeners_warming)$";
    admin::get(admin, path).await.is_ok_and(|answer| {
        let stat = |name| admin::stat(&answer.body, name);
        stat("listener_manager.workers_started") == Some(1)
            && stat("listener_manager.total_listeners_warming") == Some(0)
    })
}

// === the thread that forks ===

struct Job {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Starts a child from the one thread that lives as long as the program: the kernel kills a child
/// when the *thread* that forked it ends (`shim`). A worker of tokio's would not do: it becomes a
/// thread of the blocking pool, which ends when idle, as soon as a task calls `block_in_place`.
async fn start(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::SyncSender<Job>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, jobs) = mpsc::sync_channel::<Job>(SPAWNS_WAITING);
        #[expect(
            clippy::disallowed_methods,
            reason = "it lives as long as the program, see above"
        )]
        std::thread::spawn(move || {
            // Ends never: `SPAWNER` keeps the sending side.
            for mut job in jobs {
                let _runtime = job.runtime.enter();
                // If nobody waits any more the child is dropped, and so killed.
                let _ = job.reply.send(job.command.spawn());
            }
        });
        sender
    });
    let (reply, answer) = oneshot::channel();
    spawner
        .try_send(Job { command, runtime: Handle::current(), reply })
        .map_err(|_| io::Error::other("too many processes are being started at once"))?;
    answer.await.map_err(|_| io::Error::other("the thread that starts processes is gone"))?
}

#[cfg(test)]
mod tests;
