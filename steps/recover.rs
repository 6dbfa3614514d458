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
    Ok(ended(&recovered.left_behind))
}

/// Restores or deletes whatever dead runs left in a mesh.
pub(crate) async fn sweep(args: &SweepArgs) -> Result<ExitCode> {
    let target = Cluster::context(&args.context, args.kubeconfig.as_deref()).await?;
    let swept =
        safety::sweep::sweep(&target, &args.namespaces, args.dry_run, &console::line).await?;
    if !args.dry_run {
        console::line(&format!("{} undone, {} of living runs left", swept.undone, swept.living));
    }
    for what in &swept.unproven {
        console::note(&format!("put back, not yet proven: {what}"));
    }
    Ok(match ended(&swept.left_behind) {
        ExitCode::Passed if !swept.unproven.is_empty() => ExitCode::Broken,
        code => code,
    })
}

fn ended(left_behind: &[String]) -> ExitCode {
    for what in left_behind {
        console::note(&format!("left behind: {what}"));
    }
    if left_behind.is_empty() { ExitCode::Passed } else { ExitCode::LeftBehind }
}
