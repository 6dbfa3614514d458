//! What can be typed: the commands, and the arguments of each.

mod cli;
mod features;
mod image;
mod pods;
mod prometheus;
mod report;
mod run;
mod target;

pub(crate) use self::cli::{Cli, Command};
pub(crate) use self::features::{CheckArgs, FeatureArgs, StepsArgs};
pub(crate) use self::image::ImageArgs;
pub(crate) use self::pods::{AgentArgs, StandInArgs, WatchdogPodArgs};
pub(crate) use self::prometheus::PrometheusArgs;
pub(crate) use self::report::ReportArgs;
pub(crate) use self::run::RunArgs;
pub(crate) use self::target::{PreflightArgs, RecoverArgs, SweepArgs, UpArgs};
