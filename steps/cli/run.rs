//! How features run.

use std::path::PathBuf;

use clap::Args;
use faultless::cluster::PullPolicy;
use faultless::units::Span;
use faultless::verdict::Confidence;

use super::features::FeatureArgs;
use super::prometheus::PrometheusArgs;

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
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
    /// The image of load agents and watchdogs, where `faultless image` or the Dockerfile made one
    /// [default: the variable `FAULTLESS_AGENT_IMAGE`, then `agent_image` in the application's
    /// description, then localhost/faultless:VERSION, which nodes must have and never pull]
    #[arg(long, value_name = "NAME", requires = "context")]
    pub agent_image: Option<String>,
    /// When nodes pull that image: Always, `IfNotPresent` or Never [default: as Kubernetes does]
    #[arg(long, value_name = "POLICY", requires = "context")]
    pub image_pull_policy: Option<PullPolicy>,
    /// A secret with which it is pulled, in each namespace; may be said several times.
    #[arg(long = "image-pull-secret", value_name = "NAME", requires = "context")]
    pub image_pull_secrets: Vec<String>,
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
    /// Take warnings of `check` for mistakes: nothing is started if there are any.
    #[arg(long)]
    pub strict: bool,
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
    /// Where `junit.xml`, `events.jsonl`, `report.html` and `messages.ndjson` go.
    #[arg(long, value_name = "DIR", default_value = "faultless-out")]
    pub out: PathBuf,
    /// Tell each step, change, proof and claim while it happens, not only how scenarios end.
    #[arg(long, short)]
    pub verbose: bool,
}

/// Five heartbeats must fit into the time of a dead-man's switch.
fn at_least_ten_seconds(text: &str) -> std::result::Result<Span, String> {
    let span: Span = text.parse().map_err(|cause| format!("{cause}"))?;
    match span.duration().as_secs() {
        0..10 => Err("a switch this fast would fire at the first hiccup: at least 10s".to_owned()),
        _ => Ok(span),
    }
}
