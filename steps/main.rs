//! The program: what is typed, and which exit code it ends with. Everything it says about the mesh
//! comes from the library; everything it says about sentences comes from `sentences`.

mod check;
mod cli;
mod console;
mod cucumber_writer;
mod features;
mod image;
mod lanes;
#[cfg(feature = "local")]
mod local;
#[cfg(not(feature = "local"))]
#[path = "no_local.rs"]
mod local;
mod location;
mod panic_text;
mod parameters;
mod pod;
mod preflight;
mod record;
mod recover;
mod report;
mod run;
mod sentences;
mod shard;
mod signals;
mod telemetry_source;
mod up;
mod world;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    // Before anything else: an Envoy that is to be tied to its parent must not find a runtime's
    // threads here, and needs none of what follows.
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "envoy-shim") {
        return ended(&local::run_envoy_shim(args.collect()));
    }
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("FAULTLESS_LOG").unwrap_or_else(|_| "off".into()))
        .with_writer(std::io::stderr)
        .init();
    // Fails only when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ended(&error),
    }
}

fn dispatch(cli: Cli) -> faultless::error::Result<u8> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|cause| faultless::error::Error::runner("starting", cause))?;
    runtime.block_on(async {
        match cli.command {
            Command::Run(args) => run::run(args).await,
            Command::Up(args) => up::up(args).await.map(|code| code as u8),
            Command::Recover(args) => recover::recover(&args).await.map(|code| code as u8),
            Command::Sweep(args) => recover::sweep(&args).await.map(|code| code as u8),
            Command::Preflight(args) => preflight::preflight(&args).await.map(|code| code as u8),
            Command::Check(args) => check::check(&args).await.map(|code| code as u8),
            Command::Report(args) => report::report(&args).map(|code| code as u8),
            Command::Image(args) => image::image(&args).map(|code| code as u8),
            Command::Steps(args) => sentences::print(&args).map(|code| code as u8),
            Command::Agent(args) => pod::agent(args).await.map(|code| code as u8),
            Command::Watchdog(args) => pod::watchdog(args).await.map(|code| code as u8),
            Command::StandIn(args) => pod::stand_in(args).await.map(|code| code as u8),
        }
    })
}

fn ended(error: &faultless::error::Error) -> ExitCode {
    console::error(error);
    ExitCode::from(error.exit_code() as u8)
}
