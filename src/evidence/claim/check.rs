//! Whether a claim can be judged at all, before anything is done. Pure.

use crate::application::{Application, Protocol, Service};
use crate::error::{Error, Result};
use crate::evidence::claim::claim::{Claim, Comparison, Expectation, at_version};
use crate::evidence::claim::observer::{Caller, Observer};
use crate::evidence::claim::property::{Property, Unit};
use crate::evidence::filters::called;
use crate::telemetry::Reporter;

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
}

impl Expectation {
    /// Whether everything it names exists and can be counted.
    pub fn check(&self, application: &Application) -> Result<()> {
        let name = match &self.observer {
            Observer::EachClient | Observer::AllClients if application.clients.is_empty() => {
                return Err(Error::feature("looking up the clients", "the application has none"));
            }
            Observer::EachClient | Observer::AllClients => None,
            Observer::Client(name) => Some(called(application, name)?),
            Observer::Proxies { service, caller, .. } => {
                match caller {
                    Some(Caller::Client(name)) => application.client(name).map(drop)?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Percent;
    use crate::units::Span;
    use crate::verdict::Bound;

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
                Bound::Every,
                Property::Status(503),
                "the source of hotels sees every request answered 503",
                "answered 503",
            ),
            (
                Observer::AllClients,
                Bound::No,
                Property::Fails,
                "the clients together see no request fail",
                "failed",
            ),
            (
                Observer::EachClient,
                Bound::AtLeast(percent(95.0)),
                Property::Takes { low: span("5s"), high: None },
                "every client sees at least 95% of requests take at least 5s",
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
                Bound::Some,
                Property::Tried(3),
                "the source of hotels sees some request tried 3 times",
                "tried 3 times",
            ),
            (
                Observer::Client("voyages.fr".to_owned()),
                Bound::Every,
                Property::Unanswered,
                "client voyages.fr sees every request get no answer",
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
