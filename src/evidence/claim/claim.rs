//! What is expected of a mesh, as a sentence says it. Pure.

use std::fmt;

use crate::evidence::claim::observer::{Caller, Observer};
use crate::evidence::claim::property::{Property, Unit};
use crate::telemetry::Reporter;
use crate::units::{Percent, ServiceName};
use crate::verdict::Bound;

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
        matches!(self.property(), Property::Takes { .. }) && self.is_of_proxies()
    }

    /// Whether proxies saw what it is about.
    #[must_use]
    pub const fn is_of_proxies(&self) -> bool {
        match self {
            Self::Share(one) => matches!(one.observer, Observer::Proxies { .. }),
            Self::Alike(_) => true,
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

// === impl Comparison ===

impl Comparison {
    /// The claim about each version of which this one is made.
    #[must_use]
    pub fn sides(&self) -> [Expectation; 2] {
        self.versions.each_ref().map(|version| at_version(&self.service, version, &self.property))
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { observer, unit, property, bound } = self;
        let sees = match observer {
            Observer::EachClient | Observer::Client(_) | Observer::Proxies { .. } => "sees",
            Observer::AllClients => "see",
        };
        match bound {
            Bound::Every | Bound::No | Bound::Some => {
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

/// A claim about all requests that reach a version, for what is counted and not for its bound.
pub(crate) fn at_version(service: &ServiceName, version: &str, property: &Property) -> Expectation {
    Expectation {
        observer: Observer::Proxies {
            reporter: Reporter::Destination,
            service: service.clone(),
            version: Some(version.to_owned()),
            caller: None,
        },
        unit: Unit::Requests,
        property: property.clone(),
        bound: Bound::Every,
    }
}
