//! What a scenario claims: who looks, at what, and how much of it. Whether everything it names
//! exists is checked here; what the evidence holds for it is counted in `count`.

use std::fmt;

use super::application::{Application, Protocol, Service};
use crate::error::{Error, Result};
use crate::telemetry::Reporter;
use crate::units::{Percent, ServiceName, Span};
use crate::verdict::Bound;

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

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// HTTP requests.
    Requests,
    /// TCP connections.
    Connections,
    /// Bytes on TCP connections, in both directions.
    Bytes,
}

/// What a request (or a connection, or a byte) is, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// It takes between `low` and `high`.
    Takes {
        /// At least this.
        low: Option<Span>,
        /// Less than this.
        high: Option<Span>,
    },
    /// It ends in an error. For a client that is every answer that it cannot use: none, a status
    /// of 400 and above, an empty one. For a proxy it is none, or a status of 500 and above.
    Fails,
    /// It is answered with this status.
    Status(u16),
    /// It is never answered: somebody gave up before.
    Unanswered,
    /// The proxy put this response flag on it.
    Flagged(String),
    /// It reaches this version.
    Reaches(String),
    /// A copy of it reaches this version, which the caller's proxy never reports.
    Copied(String),
    /// It reaches the service at all: the destination's proxies count it too.
    Arrives,
    /// It reaches the service exactly this often.
    Tried(u32),
}

/// A claim about a share of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Who looks.
    pub observer: Observer,
    /// Of what.
    pub unit: Unit,
    /// At what.
    pub property: Property,
    /// How much of it there must be.
    pub bound: Bound,
}

/// A claim that two versions of a service are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The service.
    pub service: ServiceName,
    /// The versions.
    pub versions: [String; 2],
    /// In what.
    pub property: Property,
    /// By how much their shares may differ.
    pub most: Percent,
}

/// What a step claims.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// About a share.
    Share(Expectation),
    /// About two shares.
    Alike(Comparison),
}

// === impl Claim ===

impl Claim {
    /// Whether everything it names exists and can be counted.
    pub fn check(&self, application: &Application) -> Result<()> {
        match self {
            Self::Share(expectation) => expectation.check(application),
            Self::Alike(Comparison { service, versions, property, .. }) => {
                for version in versions {
                    at_version(service, version, property).check(application)?;
                }
                Ok(())
            }
        }
    }

    /// What it counts.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Self::Share(expectation) => expectation.unit,
            Self::Alike(_) => Unit::Requests,
        }
    }
}

impl Comparison {
    /// The claim about each version of which this one is made.
    #[must_use]
    pub fn sides(&self) -> [Expectation; 2] {
        self.versions.each_ref().map(|version| at_version(&self.service, version, &self.property))
    }
}

/// A claim about all requests that reach a version, for what is counted and not for its bound.
fn at_version(service: &ServiceName, version: &str, property: &Property) -> Expectation {
    Expectation {
        observer: Observer::Proxies {
            reporter: Reporter::Destination,
            service: service.clone(),
            version: Some(version.to_owned()),
            caller: None,
        },
        unit: Unit::Requests,
        property: property.clone(),
        bound: Bound::All,
    }
}

// === impl Expectation ===

impl Expectation {
    /// Whether everything it names exists and can be counted.
    pub fn check(&self, application: &Application) -> Result<()> {
        let name = match &self.observer {
            Observer::EveryPortal | Observer::Portals if application.portals.is_empty() => {
                return Err(Error::feature("looking up the portals", "the application has none"));
            }
            Observer::EveryPortal | Observer::Portals => None,
            Observer::Portal(name) => Some(called(application, name)?),
            Observer::Proxies { service, caller, .. } => {
                match caller {
                    Some(Caller::Portal(name)) => application.portal(name).map(drop)?,
                    Some(Caller::Workload(name)) => application.workload(name).map(drop)?,
                    None => {}
                }
                Some(service.clone())
            }
        };
        let service = name.as_ref().map(|name| application.service(name)).transpose()?;
        let Some(service) = service else { return self.countable(None) };
        let version = match &self.observer {
            Observer::Proxies { version: Some(version), .. } => Some(version),
            _ => None,
        };
        let named = match &self.property {
            Property::Reaches(version) | Property::Copied(version) => Some(version),
            _ => None,
        };
        for version in version.into_iter().chain(named) {
            application.version(service, version)?;
        }
        self.countable(Some(service))
    }

    /// Whether who looks can see what is claimed.
    fn countable(&self, service: Option<&Service>) -> Result<()> {
        let refuse = |cause: &str, hint: &str| {
            Err(Error::feature(format!("reading the claim that {self}"), cause).hint(hint))
        };
        let tcp = service.is_some_and(|service| service.protocol == Protocol::Tcp);
        match (self.unit, tcp) {
            (Unit::Requests, true) => {
                return refuse("the service speaks TCP", "claim shares of connections or of bytes");
            }
            (Unit::Connections | Unit::Bytes, false) => {
                return refuse("the service speaks HTTP", "claim shares of requests");
            }
            (Unit::Requests, false) | (Unit::Connections | Unit::Bytes, true) => {}
        }
        if tcp && !matches!(self.property, Property::Reaches(_)) {
            return refuse(
                "of TCP it is only known which version was reached",
                "say: reach \"v1\"",
            );
        }
        let at_source =
            matches!(self.observer, Observer::Proxies { reporter: Reporter::Source, .. });
        let both_sides =
            matches!(self.property, Property::Copied(_) | Property::Arrives | Property::Tried(_));
        if both_sides && !at_source {
            let hint = "say: the source of \"…\" sees …";
            return refuse("it compares what was sent with what arrived", hint);
        }
        Ok(())
    }
}

/// The service that a portal calls.
pub(super) fn called(application: &Application, portal: &str) -> Result<ServiceName> {
    let calls = &application.portal(portal)?.calls;
    calls.parse().map_err(|cause| Error::feature("reading a service's name", cause))
}

impl fmt::Display for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryPortal => f.write_str("every portal"),
            Self::Portals => f.write_str("the portals together"),
            Self::Portal(name) => write!(f, "portal {name}"),
            Self::Proxies { reporter, service, version, caller } => {
                write!(f, "the {} proxies of {service}", reporter.as_str())?;
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

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Connections => "connections",
            Self::Bytes => "bytes",
        })
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Takes { low: Some(low), high: Some(high) } => {
                write!(f, "take between {low} and {high}")
            }
            Self::Takes { low: Some(low), high: None } => write!(f, "take at least {low}"),
            Self::Takes { low: None, high: Some(high) } => write!(f, "take less than {high}"),
            Self::Takes { low: None, high: None } => f.write_str("take any time"),
            Self::Fails => f.write_str("fail"),
            Self::Status(status) => write!(f, "be answered {status}"),
            Self::Unanswered => f.write_str("get no answer"),
            Self::Flagged(flag) => write!(f, "carry flag {flag}"),
            Self::Reaches(version) => write!(f, "reach {version}"),
            Self::Copied(version) => write!(f, "be copied to {version}"),
            Self::Arrives => f.write_str("arrive"),
            Self::Tried(1) => f.write_str("be tried once"),
            Self::Tried(times) => write!(f, "be tried {times} times"),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { observer, unit, property, bound } = self;
        let sees = match observer {
            Observer::EveryPortal | Observer::Portal(_) => "sees",
            Observer::Portals | Observer::Proxies { .. } => "see",
        };
        match bound {
            Bound::All | Bound::None_ | Bound::Some_ => {
                let unit = unit.to_string();
                let one = unit.trim_end_matches('s');
                write!(f, "{observer} {sees} {bound} {one} {property}")
            }
            Bound::AtLeast(_) | Bound::AtMost(_) | Bound::Between(..) => {
                write!(f, "{observer} {sees} {bound} of {unit} {property}")
            }
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(expectation) => expectation.fmt(f),
            Self::Alike(Comparison { service, versions: [one, other], property, most }) => write!(
                f,
                "versions {one} and {other} of {service} differ by at most {most} in requests \
                 that {property}"
            ),
        }
    }
}
