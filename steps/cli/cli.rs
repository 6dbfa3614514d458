//! The commands of the program, and what each is told on the command line.

use clap::{Parser, Subcommand};

use super::features::{CheckArgs, StepsArgs};
use super::image::ImageArgs;
use super::pods::{AgentArgs, StandInArgs, WatchdogPodArgs};
use super::report::ReportArgs;
use super::run::RunArgs;
use super::target::{PreflightArgs, RecoverArgs, SweepArgs, UpArgs};

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
    /// Look whether a run on a cluster is possible; nothing is written.
    ///
    /// It shows what it looked at and what to do. Rights that are missing come on stdout, as Roles
    /// for `kubectl apply -f -`. The exit code is 2 when no run is possible.
    Preflight(PreflightArgs),
    /// Start a local mesh with the application in it, and keep it until Ctrl-C.
    Up(UpArgs),
    /// Finish runs that died on this machine: undo what their journals say.
    Recover(RecoverArgs),
    /// Restore or delete whatever dead runs left in a cluster, from any machine, without journals.
    ///
    /// It goes by labels and annotations. What clients were told (their settings) is in their
    /// memory and on no object: only the journal knows it, and pods that are replaced forget it.
    Sweep(SweepArgs),
    /// Check features without a mesh: unknown sentences, names and numbers.
    Check(CheckArgs),
    /// Render a recorded run again: its summary, `junit.xml`, `report.html` and `messages.ndjson`.
    Report(ReportArgs),
    /// List the sentences that features can use.
    Steps(StepsArgs),
    /// Make an image of this program for the pods of a run on a cluster, as an OCI archive.
    ///
    /// It has the program as it runs and the libraries that it loads, and needs neither a container
    /// engine nor root. `docker load`, `kind load image-archive`, `ctr images import`, `podman
    /// load` and `skopeo copy oci-archive:` take it.
    Image(ImageArgs),
    /// Be a load agent (in a pod of the mesh).
    #[command(hide = true)]
    Agent(AgentArgs),
    /// Be a watchdog (in a pod of the mesh): give back what a run changed when it dies.
    #[command(hide = true)]
    Watchdog(WatchdogPodArgs),
    /// Be one of the demo's programs (in a pod of a cluster that has the demo without its images).
    #[command(hide = true)]
    StandIn(StandInArgs),
}
