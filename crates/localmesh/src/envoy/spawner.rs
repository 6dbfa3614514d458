//! The thread that forks.

use std::io;
use std::sync::{OnceLock, mpsc};

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How many starts may wait for the spawner thread; more callers than that wait for a place.
const SPAWNS_WAITING: usize = 64;

struct Job {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Starts a child from the one thread that lives as long as the program: the kernel kills a child
/// when the *thread* that forked it ends (`shim`). A worker of tokio's would not do: it becomes a
/// thread of the blocking pool, which ends when idle, as soon as a task calls `block_in_place`.
pub(super) async fn start(command: Command) -> io::Result<Child> {
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
