//! What a scenario claims: who looks, at what, and how much of it. Each claim is counted in the
//! evidence and then judged; nothing here decides.

use std::fmt;
use std::time::Duration;

use super::application::{Application, Service};
use super::evidence::Evidence;
use crate::error::{Error, Result};
use crate::load::Tally;
use crate::telemetry::{Filter, Reporter};
use crate::units::{ServiceName, Span};
use crate::verdict::{Bound, Counts};

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observer {
    /// The client beside every portal; each portal is judged for itself.
    EveryPortal,
    /// The client beside this portal.
    Portal(String),
    /// The proxies of all callers of a service.
    Source(ServiceName),
    /// The proxies of the service's own pods.
    Destination(ServiceName),
}

/// What a request is, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// It takes between `low` and `high`.
    Takes {
        /// At least this.
        low: Option<Span>,
        /// Less than this.
        high: Option<Span>,
    },
    /// It ends in an error: no answer, or a status of 500 and above.
    Fails,
    /// It is answered with this status.
    Status(u16),
    /// The proxy put this response flag on it.
    Flagged(String),
    /// It reaches this version.
    Reaches(String),
}

/// A claim about a share of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// Who looks.
    pub observer: Observer,
    /// At what.
    pub property: Property,
    /// How much of it there must be.
    pub bound: Bound,
}

// === impl Expectation ===

impl Expectation {
    /// Whether everything it names exists.
    pub fn check(&self, application: &Application) -> Result<()> {
        let service = match &self.observer {
            Observer::EveryPortal if application.portals.is_empty() => {
                return Err(Error::feature("looking up every portal", "the application has none"));
            }
            Observer::EveryPortal => None,
            Observer::Portal(name) => Some(parse(&application.portal(name)?.calls)?),
            Observer::Source(service) | Observer::Destination(service) => Some(service.clone()),
        };
        let service = service.map(|service| application.service(&service)).transpose()?;
        match (&self.property, service) {
            (Property::Reaches(version), Some(service)) => {
                application.version(service, version).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// What the evidence holds for it, for each observer by name.
    pub fn count(
        &self,
        application: &Application,
        evidence: &Evidence,
    ) -> Result<Vec<(String, Counts)>> {
        match &self.observer {
            Observer::EveryPortal => {
                let portals = application.portals.keys();
                portals.map(|name| self.count_portal(name, application, evidence)).collect()
            }
            Observer::Portal(name) => Ok(vec![self.count_portal(name, application, evidence)?]),
            Observer::Source(service) => {
                let filter = filter(Reporter::Source, application.service(service)?);
                Ok(vec![(self.observer.to_string(), self.count_proxies(&filter, evidence))])
            }
            Observer::Destination(service) => {
                let filter = filter(Reporter::Destination, application.service(service)?);
                Ok(vec![(self.observer.to_string(), self.count_proxies(&filter, evidence))])
            }
        }
    }

    fn count_portal(
        &self,
        name: &str,
        application: &Application,
        evidence: &Evidence,
    ) -> Result<(String, Counts)> {
        let portal = application.portal(name)?;
        let who = format!("portal {name}");
        let Some(report) = evidence.clients.get(name) else {
            return Ok((who, Counts::exact(0, 0)));
        };
        let counts = match &self.property {
            Property::Takes { low, high } => between(report, *low, *high),
            Property::Fails => Counts::exact(report.failed(), report.done),
            Property::Status(status) => {
                let with = report.by_status.get(status).copied().unwrap_or_default();
                Counts::exact(with, report.done)
            }
            // Only proxies know these; the client's own proxy is asked.
            Property::Flagged(_) | Property::Reaches(_) => {
                let (namespace, workload) = super::agents::Agents::workload(portal);
                let filter = Filter {
                    source_workload: Some(workload),
                    source_namespace: Some(namespace),
                    ..filter(Reporter::Source, application.service(&parse(&portal.calls)?)?)
                };
                self.count_proxies(&filter, evidence)
            }
        };
        Ok((who, counts))
    }

    fn count_proxies(&self, filter: &Filter, evidence: &Evidence) -> Counts {
        let requests = evidence.window.requests(filter);
        match &self.property {
            Property::Takes { low, high } => {
                let durations = evidence.window.durations(filter);
                let low = low.map_or(f64::NEG_INFINITY, Span::milliseconds);
                let high = high.map_or(f64::INFINITY, Span::milliseconds);
                let (certain, possible) = durations.share_between(low, high);
                Counts { certain, possible, trials: durations.count }
            }
            Property::Fails => Counts::exact(requests.errors(), requests.total()),
            Property::Status(status) => {
                Counts::exact(requests.with_code(&status.to_string()), requests.total())
            }
            Property::Flagged(flag) => Counts::exact(requests.with_flag(flag), requests.total()),
            Property::Reaches(version) => {
                Counts::exact(requests.to_version(version), requests.total())
            }
        }
    }
}

impl fmt::Display for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryPortal => f.write_str("every portal"),
            Self::Portal(name) => write!(f, "portal {name}"),
            Self::Source(service) => write!(f, "the source proxies of {service}"),
            Self::Destination(service) => write!(f, "the destination proxies of {service}"),
        }
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
            Self::Flagged(flag) => write!(f, "carry flag {flag}"),
            Self::Reaches(version) => write!(f, "reach {version}"),
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { observer, property, bound } = self;
        match bound {
            Bound::All | Bound::None_ => write!(f, "{observer} sees {bound} request {property}"),
            Bound::AtLeast(_) | Bound::AtMost(_) | Bound::Between(..) => {
                write!(f, "{observer} sees {bound} of requests {property}")
            }
        }
    }
}

fn parse(name: &str) -> Result<ServiceName> {
    name.parse().map_err(|cause| Error::feature("reading a service's name", cause))
}

fn filter(reporter: Reporter, service: &Service) -> Filter {
    let namespace = Some(service.namespace.clone());
    Filter::of(reporter, &ServiceName { name: service.name.clone(), namespace })
}

/// Requests that took at least `low` and less than `high`, counted from when they were due.
fn between(tally: &Tally, low: Option<Span>, high: Option<Span>) -> Counts {
    let low = low.map_or(Duration::ZERO, Span::duration);
    // The histogram's upper bound is inclusive, the claim's is not.
    let high = high.map_or(Duration::MAX, |high| high.duration() - Duration::from_micros(1));
    Counts::exact(tally.latency.all().count_between(low, high), tally.done)
}
