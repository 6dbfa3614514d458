//! `faultless preflight`: whether a run on a cluster is possible, without writing anything to it.
//! The table is for a person, on stderr; stdout has the missing rights alone, for
//! `kubectl apply -f -`.

use std::sync::Arc;
use std::time::Duration;

use faultless::application::Application;
use faultless::cluster::Cluster;
use faultless::error::{Error, ExitCode, Result};
use faultless::scenario::Patience;
use faultless::units::Span;
use faultless::verdict::Confidence;

use crate::check::dry_run;
use crate::cli::PreflightArgs;
use crate::console;
use crate::features::Suite;
use crate::telemetry_source::telemetry_source;

/// As `check` has it by default; what scenarios configure does not depend on it.
const MAX_LOAD_TIME: Duration = Duration::from_mins(2);

/// Looks, and tells.
pub(crate) async fn preflight(args: &PreflightArgs) -> Result<ExitCode> {
    let (application, features) = match (Suite::read(&args.features), &args.features.application) {
        (Ok(suite), _) => (suite.application, suite.features),
        // Without features it is looked at what every run needs.
        (Err(cause), Some(path)) => {
            let application = Application::read(path)?;
            console::note(&format!("what features configure is not looked at: {cause}"));
            (application, Vec::new())
        }
        (Err(cause), None) => return Err(cause),
    };
    let max_load_time = Span::new(MAX_LOAD_TIME)
        .map_err(|cause| Error::runner("looking at the features", cause))?;
    let patience = Patience { confidence: Confidence::default(), max_load_time };
    let checked = dry_run(&features, &Arc::new(application.clone()), patience).await;
    if !checked.problems.is_empty() {
        let problems = reports::wording::counted(checked.problems.len() as u64, "problem");
        console::note(&format!(
            "{problems} in the features, of which `faultless check` tells: what is wrong is not \
             looked at"
        ));
    }
    let source = telemetry_source(&args.prometheus)?;
    let target = Cluster::context(&args.context, args.kubeconfig.as_deref()).await?;
    let looked =
        faultless::preflight::preflight(&target, &application, &checked.objects, &source).await?;
    console::note(looked.table().trim_end());
    if let Some(roles) = looked.roles() {
        console::line(roles.trim_end());
    }
    Ok(if looked.passes() { ExitCode::Passed } else { ExitCode::Wrong })
}
