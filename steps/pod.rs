//! What the program is in a pod: `faultless agent`, a load agent, `faultless watchdog`, a watchdog,
//! and `faultless stand-in`, one of the demo's programs.

use faultless::cluster::Cluster;
use faultless::error::{ExitCode, Result};
use faultless::load;
use faultless::safety::watchdog::{self, WatchdogArgs};
use tokio_util::sync::CancellationToken;

use crate::cli::{AgentArgs, StandInArgs, WatchdogPodArgs};
use crate::console;
use crate::local;
use crate::signals::Signals;

/// Serves load requests until a signal comes.
pub(crate) async fn agent(args: AgentArgs) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let mut serving = std::pin::pin!(load::agent::main_tcp(args.listen, stop.clone()));
    tokio::select! {
        served = &mut serving => return served.map(|()| ExitCode::Passed),
        _ = signals.next() => stop.cancel(),
    }
    serving.await.map(|()| ExitCode::Passed)
}

/// Watches a run's heartbeat and gives back what it changed when it stops. It ends by a signal: its
/// Deployment would only start it again.
pub(crate) async fn watchdog(args: WatchdogPodArgs) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let charge = WatchdogArgs::parse(&args.charge)?;
    let target = Cluster::in_cluster()?;
    let watching = async {
        watchdog::watch(&target, &charge, &console::line).await?;
        std::future::pending().await
    };
    tokio::select! {
        ended = watching => ended,
        _ = signals.next() => Ok(ExitCode::Passed),
    }
}

/// Stands in for a program of the demo until a signal comes.
pub(crate) async fn stand_in(args: StandInArgs) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let mut standing = std::pin::pin!(local::stand_in(&args.name, args.args, stop.clone()));
    tokio::select! {
        ended = &mut standing => return ended.map(|()| ExitCode::Passed),
        _ = signals.next() => stop.cancel(),
    }
    standing.await.map(|()| ExitCode::Passed)
}
