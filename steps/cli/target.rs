//! A mesh on its own: one that is looked at, one that stays, and one in which runs died.

use std::path::PathBuf;

use clap::Args;

use super::features::FeatureArgs;
use super::prometheus::PrometheusArgs;

#[derive(Debug, Args)]
pub(crate) struct PreflightArgs {
    #[command(flatten)]
    pub features: FeatureArgs,
    /// The kubeconfig context to look at.
    #[arg(long, value_name = "NAME")]
    pub context: String,
    /// The kubeconfig [default: the variable KUBECONFIG, then ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    #[command(flatten)]
    pub prometheus: PrometheusArgs,
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
