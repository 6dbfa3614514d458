//! `faultless up`: a local mesh that stays.

use faultless::application::Application;
use faultless::error::{ExitCode, Result};

use crate::cli::UpArgs;
use crate::console;
use crate::local::LocalMesh;
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
        mesh = LocalMesh::start(args.envoy.clone(), console::note) => mesh?,
        _ = signals.next() => return Ok(ExitCode::Passed),
    };
    let kept = tokio::select! {
        kept = keep(&args, &mesh, application) => kept,
        _ = signals.next() => Ok(()),
    };
    console::note("stopping");
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
        console::note(&format!("{} is up: {pods} pods", application.application));
    } else {
        console::note("an empty mesh is up");
    }
    match &args.write_kubeconfig {
        Some(path) => console::line(&format!("export KUBECONFIG={}", path.display())),
        None => console::note("with --write-kubeconfig FILE, kubectl could reach it"),
    }
    console::note("Ctrl-C stops it");
    std::future::pending().await
}
