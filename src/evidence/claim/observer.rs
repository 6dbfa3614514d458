//! Who looks, in a claim: clients, or proxies. Pure.

use std::fmt;

use crate::telemetry::Reporter;
use crate::units::ServiceName;

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observer {
    /// Every client; each is judged for itself.
    EachClient,
    /// All clients, whose requests are taken together.
    AllClients,
    /// This client.
    Client(String),
    /// Proxies that know a service.
    Proxies {
        /// The proxies of its callers, or those of its own pods.
        reporter: Reporter,
        /// The service.
        service: ServiceName,
        /// Only what reached this version.
        version: Option<String>,
        /// Only what this caller sent.
        caller: Option<Caller>,
    },
}

/// Whose requests are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The load agent beside this client.
    Client(String),
    /// A workload of the application.
    Workload(String),
}

impl fmt::Display for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EachClient => f.write_str("every client"),
            Self::AllClients => f.write_str("the clients together"),
            Self::Client(name) => write!(f, "client {name}"),
            Self::Proxies { reporter, service, version, caller } => {
                write!(f, "the {} of {service}", reporter.as_str())?;
                if let Some(version) = version {
                    write!(f, " at version {version}")?;
                }
                match caller {
                    Some(Caller::Client(name)) => write!(f, " from client {name}"),
                    Some(Caller::Workload(name)) => write!(f, " from workload {name}"),
                    None => Ok(()),
                }
            }
        }
    }
}
