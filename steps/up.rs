//! `faultless up`: a local mesh that stays; and what Faultless is in a pod: `faultless agent`, a
//! load agent, and `faultless heal`, a healer.

use faultless::application::Application;
use faultless::cluster::Cluster;
use faultless::error::{ExitCode, Result};
use faultless::load;
use faultless::scenario::healer::{self, Charge};
use tokio_util::sync::CancellationToken;

use crate::cli::{AgentArgs, HealArgs, UpArgs};
use crate::local::LocalMesh;
use crate::shows;
use crate::signals::Signals;

/// Starts a mesh and keeps it until a signal comes.
pub(crate) async fn up(args: UpArgs) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let application = match args.empty {
        true => None,
        false => Some(Application::read(&args.application)?),
    };
    if let Some(path) = &args.write_kubeconfig {
        LocalMesh::may_write_kubeconfig(path)?;
    }
    let mesh = tokio::select! {
        mesh = LocalMesh::start(args.envoy.clone(), shows::note) => mesh?,
        _ = signals.next() => return Ok(ExitCode::Passed),
    };
    let kept = tokio::select! {
        kept = keep(&args, &mesh, application) => kept,
        _ = signals.next() => Ok(()),
    };
    shows::note("stopping");
    if let Some(path) = &args.write_kubeconfig {
        // It reaches nothing any more; a file with a token is not left about.
        mesh.remove_kubeconfig(path);
    }
    mesh.stop().await;
    kept.map(|()| ExitCode::Passed)
}

/// Tells how the mesh is reached and brings the application into it; ends only when that fails.
async fn keep(args: &UpArgs, mesh: &LocalMesh, application: Option<Application>) -> Result<()> {
    if let Some(path) = &args.write_kubeconfig {
        mesh.write_kubeconfig(path)?;
    }
    if let Some(application) = application {
        let target = mesh.target().await?;
        target.deploy(&application.folder, &application.manifests).await?;
        let pods = target.deployed(&application.namespaces).await?;
        shows::note(&format!("{} is up: {pods} pods", application.application));
    } else {
        shows::note("an empty mesh is up");
    }
    match &args.write_kubeconfig {
        Some(path) => shows::line(&format!("export KUBECONFIG={}", path.display())),
        None => shows::note("with --write-kubeconfig FILE, kubectl could reach it"),
    }
    shows::note("Ctrl-C stops it");
    std::future::pending().await
}

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
pub(crate) async fn heal(args: HealArgs) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let charge = Charge::parse(&args.charge)?;
    let target = Cluster::in_cluster()?;
    let healing = async {
        healer::heal(&target, &charge, &shows::line).await?;
        std::future::pending().await
    };
    tokio::select! {
        ended = healing => ended,
        _ = signals.next() => Ok(ExitCode::Passed),
    }
}
