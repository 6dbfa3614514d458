//! What the program is in a pod.

use std::net::SocketAddr;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct AgentArgs {
    /// Where to listen.
    #[arg(long, default_value = "0.0.0.0:8099")]
    pub listen: SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct WatchdogPodArgs {
    /// The run's id, the namespace, after how many seconds without a heartbeat, and the runner's
    /// version. As many as there are: what another version's runner says is answered in words.
    #[arg(num_args = 1.., required = true, value_name = "WORD")]
    pub charge: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StandInArgs {
    /// Which program: its image's name without what all of the demo's begin with.
    pub name: String,
    /// What the manifest tells the original, which may begin with a hyphen.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub args: Vec<String>,
}
