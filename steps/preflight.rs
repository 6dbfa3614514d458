//! `faultless preflight`: whether a run on a cluster is possible, without writing anything to it.
//! The table is for a person, on stderr; stdout has the missing rights alone, for
//! `kubectl apply -f -`.

use faultless::application::Application;
use faultless::cluster::Cluster;
use faultless::error::{ExitCode, Result};

use crate::cli::PreflightArgs;
use crate::console;
use crate::features::Suite;
use crate::telemetry_source::telemetry_source;

/// Looks, and tells.
pub(crate) async fn preflight(args: &PreflightArgs) -> Result<ExitCode> {
    let application = match &args.features.application {
        Some(path) => Application::read(path)?,
        None => Suite::read(&args.features)?.application,
    };
    let source = telemetry_source(&args.prometheus)?;
    let target = Cluster::context(&args.context, args.kubeconfig.as_deref()).await?;
    let looked = faultless::preflight::preflight(&target, &application, &source).await?;
    console::note(looked.table().trim_end());
    if let Some(roles) = looked.roles() {
        console::line(roles.trim_end());
    }
    Ok(if looked.passes() { ExitCode::Passed } else { ExitCode::Wrong })
}
