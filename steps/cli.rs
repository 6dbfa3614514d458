//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use faultless::units::Span;
use faultless::verdict::Confidence;

/// Chaos and resilience tests for Istio service meshes.
#[derive(Debug, Parser)]
#[command(name = "faultless", version, about, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 passed; 1 an expectation was not met, or a verdict was inconclusive or vacuous;
2 the features or arguments are wrong (nothing was touched); 3 the runner or its target failed;
4 something was left behind; 130, 143, 129 stopped by a signal (everything was put back).";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run features against a mesh: a local one of its own, or a named context.
    Run(RunArgs),
    /// Start a local mesh with the application in it, and keep it until Ctrl-C.
    Up(UpArgs),
    /// Finish runs that died on this machine: undo what their journals say.
    Recover(RecoverArgs),
    /// Restore or delete whatever dead runs left in a cluster, from any machine, without journals.
    ///
    /// It goes by labels and annotations. What portals were told (their settings) is in their
    /// memory and on no object: only the journal knows it, and pods that are replaced forget it.
    Sweep(SweepArgs),
    /// Check features without a mesh: unknown sentences, names and numbers.
    Check(CheckArgs),
    /// Render a recorded run again: its summary, `junit.xml` and `report.html`.
    Report(ReportArgs),
    /// List the sentences that features can use.
    Steps(StepsArgs),
    /// Be a load agent (in a pod of the mesh).
    #[command(hide = true)]
    Agent(AgentArgs),
    /// Be a healer (in a pod of the mesh): give back what a run changed when it dies.
    #[command(hide = true)]
    Heal(HealArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FeatureArgs {
    /// Feature files or folders of them; `FILE:LINE` picks one scenario.
    #[arg(value_name = "PATH", default_value = "features")]
    pub paths: Vec<PathBuf>,
    /// Only scenarios whose tags fit, e.g. `@fault and not @slow`.
    #[arg(long, value_name = "EXPRESSION")]
    pub tags: Option<String>,
    /// The application's description [default: `application.yaml` beside the features]
    #[arg(long, value_name = "FILE")]
    pub application: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub features: FeatureArgs,
    /// The kubeconfig context to run against [default: a local mesh of its own]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig [default: the variable KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE", requires = "context")]
    pub kubeconfig: Option<PathBuf>,
    /// The local mesh's Envoy [default: the variable `FAULTLESS_ENVOY`, PATH, or fetched once]
    #[arg(long, value_name = "FILE", conflicts_with = "context")]
    pub envoy: Option<PathBuf>,
    /// How many scenarios run at once, each on a mesh of its own [default: by cores and memory]
    #[arg(long, value_name = "N", conflicts_with = "context",
          value_parser = clap::value_parser!(u8).range(1..=16))]
    pub lanes: Option<u8>,
    /// How sure a verdict must be.
    #[arg(long, value_name = "PERCENT", default_value = "99.9%")]
    pub confidence: Confidence,
    /// How long one claim may ask for more load before it is inconclusive.
    #[arg(long, value_name = "TIME", default_value = "2m")]
    pub max_load_time: Span,
    /// Withhold every change: no scenario may pass then. It shows whether the suite can fail.
    #[arg(long)]
    pub placebo: bool,
    /// How long after the runner's death the mesh by itself takes away what was added and gives
    /// back what was changed, at least 10s.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = at_least_ten_seconds)]
    pub dead_man: Span,
    /// Run without that protection; the report says so.
    #[arg(long, conflicts_with = "dead_man")]
    pub no_dead_man: bool,
    /// How long to wait for another run on the same target to end [default: not at all]
    #[arg(long, value_name = "TIME")]
    pub wait: Option<Span>,
    /// Change objects even if Argo CD, Flux, Flagger or Argo Rollouts keep them as they are.
    #[arg(long)]
    pub adopt: bool,
    /// First finish a run on the same target that died.
    #[arg(long)]
    pub recover: bool,
    /// Where `junit.xml`, `events.jsonl` and `report.html` go.
    #[arg(long, value_name = "DIR", default_value = "faultless-out")]
    pub out: PathBuf,
    /// Tell each step, change, proof and claim while it happens, not only how scenarios end.
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// The Envoy binary [default: the variable `FAULTLESS_ENVOY`, then PATH, then fetched once]
    #[arg(long, value_name = "FILE")]
    pub envoy: Option<PathBuf>,
    /// Start without any application.
    #[arg(long, conflicts_with = "application")]
    pub empty: bool,
    /// The application's description.
    #[arg(long, value_name = "FILE", default_value = "features/application.yaml")]
    pub application: PathBuf,
    /// Where to write the kubeconfig (it holds a token; mode 0600).
    #[arg(long, value_name = "FILE")]
    pub write_kubeconfig: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Only tell what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// The kubeconfig context to sweep.
    #[arg(long, value_name = "NAME")]
    pub context: String,
    /// The kubeconfig [default: the variable KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Only this namespace; may be said several times [default: all]
    #[arg(long = "namespace", short, value_name = "NAME")]
    pub namespaces: Vec<String>,
    /// Only tell what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub features: FeatureArgs,
    /// How sure the run's verdicts must be.
    #[arg(long, value_name = "PERCENT", default_value = "99.9%")]
    pub confidence: Confidence,
    /// How long a claim of the run may ask for more load.
    #[arg(long, value_name = "TIME", default_value = "2m")]
    pub max_load_time: Span,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The record of a run, or the folder with its `events.jsonl`.
    #[arg(value_name = "PATH", default_value = "faultless-out")]
    pub record: PathBuf,
    /// Where `junit.xml` and `report.html` go [default: beside the record]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Show each step, change, proof and claim, also of scenarios that passed.
    #[arg(long, short)]
    pub verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StepsArgs {
    /// As the page in `docs/`.
    #[arg(long)]
    pub markdown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AgentArgs {
    /// Where to listen.
    #[arg(long, default_value = "0.0.0.0:8099")]
    pub listen: SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct HealArgs {
    /// The run's id, the namespace, and after how many seconds without a heartbeat.
    #[arg(num_args = 3, required = true, value_names = ["RUN", "NAMESPACE", "SECONDS"])]
    pub charge: Vec<String>,
}

/// Five heartbeats must fit into the time of a dead-man's switch.
fn at_least_ten_seconds(text: &str) -> std::result::Result<Span, String> {
    let span: Span = text.parse().map_err(|cause| format!("{cause}"))?;
    match span.duration().as_secs() {
        0..10 => Err("a switch this fast would fire at the first hiccup: at least 10s".to_owned()),
        _ => Ok(span),
    }
}
