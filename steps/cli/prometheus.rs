//! Where a Prometheus is, and who we are to it.

use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct PrometheusArgs {
    /// Read what the proxies counted from the Prometheus at this address, and not from the pods;
    /// `cluster` or `cluster:NAMESPACE/SERVICE:PORT` is one that the API server leads to
    #[arg(long, value_name = "URL", requires = "context")]
    pub prometheus: Option<Hidden>,
    /// A header for it, as `NAME: VALUE`; may be said several times. What is secret better comes
    /// from a file, because others may see what is typed.
    #[arg(long = "prometheus-header", value_name = "HEADER", requires = "prometheus")]
    pub headers: Vec<Hidden>,
    /// A file with headers for it, one a line; may be said several times.
    #[arg(long = "prometheus-header-file", value_name = "FILE", requires = "prometheus")]
    pub header_files: Vec<PathBuf>,
    /// Our certificate for it (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["prometheus", "prometheus_client_key"])]
    pub prometheus_client_cert: Option<PathBuf>,
    /// The key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires_all = ["prometheus", "prometheus_client_cert"])]
    pub prometheus_client_key: Option<PathBuf>,
    /// Certificates that vouch for it, beside those of this machine (PEM).
    #[arg(long, value_name = "FILE", requires = "prometheus")]
    pub prometheus_ca: Option<PathBuf>,
}

/// What was typed and may be secret. It is taken as it is, because what a parser refuses it shows.
#[derive(Clone)]
pub(crate) struct Hidden(String);

// === impl Hidden ===

impl Hidden {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl FromStr for Hidden {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}
