//! `faultless recover` and `faultless sweep`: what to type when a run died.

use faultless::cluster::Cluster;
use faultless::error::{ExitCode, Result};
use faultless::safety;

use crate::cli::{RecoverArgs, SweepArgs};
use crate::console;

/// Finishes the runs of this machine that died.
pub(crate) async fn recover(args: &RecoverArgs) -> Result<ExitCode> {
    let recovered = safety::recover::recover(args.dry_run, &console::line).await?;
    if recovered.finished == 0 && recovered.living == 0 && recovered.left_behind.is_empty() {
        console::line("no run died here unfinished");
    }
    Ok(ended(&recovered.left_behind, &recovered.unproven))
}

/// Restores or deletes whatever dead runs left in a mesh.
pub(crate) async fn sweep(args: &SweepArgs) -> Result<ExitCode> {
    let target = Cluster::context(&args.context, args.kubeconfig.as_deref()).await?;
    let swept =
        safety::sweep::sweep(&target, &args.namespaces, args.dry_run, &console::line).await?;
    if !args.dry_run {
        console::line(&format!("{} undone, {} of living runs left", swept.undone, swept.living));
    }
    Ok(ended(&swept.left_behind, &swept.unproven))
}

fn ended(left_behind: &[String], unproven: &[String]) -> ExitCode {
    for what in left_behind {
        console::note(&format!("left behind: {what}"));
    }
    for what in unproven {
        console::note(&format!("put back, not yet proven: {what}"));
    }
    match (left_behind, unproven) {
        ([], []) => ExitCode::Passed,
        ([], _) => ExitCode::Broken,
        _ => ExitCode::LeftBehind,
    }
}
