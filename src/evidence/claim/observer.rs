//! Who looks. Pure.

use std::fmt;

use crate::telemetry::Reporter;
use crate::units::ServiceName;

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observer {
    /// The client beside every portal; each portal is judged for itself.
    EveryPortal,
    /// The clients beside all portals, whose requests are taken together.
    Portals,
    /// The client beside this portal.
    Portal(String),
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
    /// The load beside this portal.
    Portal(String),
    /// A workload of the application.
    Workload(String),
}

impl fmt::Display for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryPortal => f.write_str("every portal"),
            Self::Portals => f.write_str("the portals together"),
            Self::Portal(name) => write!(f, "portal {name}"),
            Self::Proxies { reporter, service, version, caller } => {
                write!(f, "the {} of {service}", reporter.as_str())?;
                if let Some(version) = version {
                    write!(f, " at version {version}")?;
                }
                match caller {
                    Some(Caller::Portal(name)) => write!(f, " from portal {name}"),
                    Some(Caller::Workload(name)) => write!(f, " from workload {name}"),
                    None => Ok(()),
                }
            }
        }
    }
}
