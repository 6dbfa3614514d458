//! What a scenario claims: who looks, at what, and how much of it. Whether everything it names
//! exists is checked here; what the evidence holds for it is counted in `count`.

use std::fmt;

use crate::application::{Application, Protocol, Service};
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

    /// At what it looks.
    #[must_use]
    pub const fn property(&self) -> &Property {
        match self {
            Self::Share(expectation) => &expectation.property,
            Self::Alike(comparison) => &comparison.property,
        }
    }

    /// Whether it is about how long proxies saw requests take.
    #[must_use]
    pub const fn is_timed_by_proxies(&self) -> bool {
        let timed = matches!(self.property(), Property::Takes { .. });
        match self {
            Self::Share(one) => timed && matches!(one.observer, Observer::Proxies { .. }),
            Self::Alike(_) => timed,
        }
    }

    /// Whether it is about requests that are not the load's: more of that brings none of them.
    #[must_use]
    pub const fn is_about_others(&self) -> bool {
        matches!(
            self,
            Self::Share(Expectation {
                observer: Observer::Proxies { caller: Some(Caller::Workload(_)), .. },
                ..
            })
        )
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

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Connections => "connections",
            Self::Bytes => "bytes",
        })
    }
}

impl Property {
    /// As it was counted: `took at least 5s`, `answered 503`.
    #[must_use]
    pub fn past(&self) -> String {
        let (_, past, rest) = self.words();
        format!("{past}{rest}")
    }

    /// After "requests that": `take at least 5s`, `are answered 503`.
    fn relative(&self) -> String {
        let (seen, past, rest) = self.words();
        // A verb in one form only is a participle.
        let are = if seen == past { "are " } else { "" };
        format!("{are}{seen}{rest}")
    }

    /// Its verb as one sees it done, and as it was done; then what follows the verb.
    fn words(&self) -> (&'static str, &'static str, String) {
        match self {
            Self::Takes { low, high } => {
                let rest = match (low, high) {
                    (Some(low), Some(high)) => format!(" between {low} and {high}"),
                    (Some(low), None) => format!(" at least {low}"),
                    (None, Some(high)) => format!(" less than {high}"),
                    (None, None) => " any time".to_owned(),
                };
                ("take", "took", rest)
            }
            Self::Fails => ("fail", "failed", String::new()),
            Self::Status(status) => ("answered", "answered", format!(" {status}")),
            Self::Unanswered => ("get", "got", " no answer".to_owned()),
            Self::Flagged(flag) => ("carry", "carried", format!(" flag {flag}")),
            Self::Reaches(version) => ("reach", "reached", format!(" {version}")),
            Self::Copied(version) => ("copied", "copied", format!(" to {version}")),
            Self::Arrives => ("arrive", "arrived", String::new()),
            Self::Tried(1) => ("tried", "tried", " once".to_owned()),
            Self::Tried(times) => ("tried", "tried", format!(" {times} times")),
        }
    }
}

impl fmt::Display for Property {
    /// As one sees it: `take at least 5s`, `answered 503`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seen, _, rest) = self.words();
        write!(f, "{seen}{rest}")
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { observer, unit, property, bound } = self;
        let sees = match observer {
            Observer::EveryPortal | Observer::Portal(_) | Observer::Proxies { .. } => "sees",
            Observer::Portals => "see",
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
                 that {}",
                property.relative()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_sentences() {
        let span = |text: &str| Some(text.parse::<Span>().unwrap());
        let percent = |percent| Percent::new(percent).unwrap();
        let source = |caller| Observer::Proxies {
            reporter: Reporter::Source,
            service: "hotels".parse().unwrap(),
            version: None,
            caller,
        };
        let workload = Some(Caller::Workload("loadtester".to_owned()));
        let v1 = || "v1".to_owned();
        for (observer, bound, property, sentence, past) in [
            (
                source(None),
                Bound::All,
                Property::Status(503),
                "the source of hotels sees every request answered 503",
                "answered 503",
            ),
            (
                Observer::Portals,
                Bound::None_,
                Property::Fails,
                "the portals together see no request fail",
                "failed",
            ),
            (
                Observer::EveryPortal,
                Bound::AtLeast(percent(95.0)),
                Property::Takes { low: span("5s"), high: None },
                "every portal sees at least 95% of requests take at least 5s",
                "took at least 5s",
            ),
            (
                source(workload),
                Bound::Between(percent(75.0), percent(85.0)),
                Property::Reaches(v1()),
                "the source of hotels from workload loadtester sees between 75% and 85% of \
                 requests reach v1",
                "reached v1",
            ),
            (
                source(None),
                Bound::Some_,
                Property::Tried(3),
                "the source of hotels sees some request tried 3 times",
                "tried 3 times",
            ),
            (
                Observer::Portal("voyages.fr".to_owned()),
                Bound::All,
                Property::Unanswered,
                "portal voyages.fr sees every request get no answer",
                "got no answer",
            ),
        ] {
            assert_eq!(property.past(), past);
            let unit = Unit::Requests;
            let claim = Claim::Share(Expectation { observer, unit, property, bound });
            assert_eq!(claim.to_string(), sentence);
        }
        let alike = |property| {
            let service = "travels".parse().unwrap();
            let (versions, most) = ([v1(), "v2".to_owned()], percent(10.0));
            Claim::Alike(Comparison { service, versions, property, most }).to_string()
        };
        let most = "versions v1 and v2 of travels differ by at most 10% in requests that";
        assert_eq!(alike(Property::Status(200)), format!("{most} are answered 200"));
        assert_eq!(alike(Property::Fails), format!("{most} fail"));
    }
}
