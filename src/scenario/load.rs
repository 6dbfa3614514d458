//! The load that a scenario sends through a portal, as a sentence says it, and the stream that its
//! agent is asked for.

use std::fmt;
use std::time::Duration;

use super::expectation::called;
use crate::application::Application;
use crate::error::{Error, Result};
use crate::faults::HeaderMatch;
use crate::load::{Shape, Spacing, StreamSpec};
use crate::units::{Rate, Span};

/// How long a request may take at all before the client gives up and counts it as an error. Longer
/// than any delay a feature may ask for would hide a hang; a minute is longer than the suite.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Unanswered requests of one portal at once: a delay of 5 s at 500/s stays below it.
const IN_FLIGHT_MAX: u32 = 4_000;

/// The most requests kept in flight, each on a connection of its own: what one pod can hold beside
/// the application's own load.
const AT_ONCE_MAX: u32 = 1_000;

/// The longest load of one claim, growing included: a step ends after 10 minutes, and the answers
/// must come within that too.
const LONGEST: Duration = Duration::from_mins(5);

/// About how long an undisturbed answer takes, for planning how much a fixed number of requests at
/// once will bring: the services answer in tens of milliseconds.
const ANSWER: Duration = Duration::from_millis(100);

/// The load that a scenario sends through a portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// When requests are sent.
    pub pace: Pace,
    /// How long it is sent for each observation; none: until the claims are decided.
    pub lasting: Option<Span>,
    /// Which paths are asked for, in turn; none: the portal's own. A page that needs fewer services
    /// costs the mesh less.
    pub paths: Vec<String>,
    /// With which headers.
    pub headers: Headers,
}

/// When the requests of a load are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// On a plan, whatever the answers do.
    Rate {
        /// How many at most; none: as many as the claims need and the mesh carries.
        ceiling: Option<Rate>,
        /// At random times, as from many independent users, instead of evenly.
        random: bool,
        /// How long the rate grows from 0 each time the load begins.
        growing: Option<Span>,
    },
    /// So many are kept in flight: each is sent when one before it is answered.
    AtOnce(u32),
}

/// The headers of a load.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Headers {
    /// The portal's own.
    #[default]
    Own,
    /// None of them.
    None,
    /// The portal's own, but for this one.
    With(HeaderMatch),
}

// === impl Load ===

impl Load {
    /// Refuses numbers that cannot be meant.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |cause: String| Err(Error::feature(format!("sending {self}"), cause));
        if let Pace::AtOnce(many) = self.pace
            && !(1..=AT_ONCE_MAX).contains(&many)
        {
            return refuse(format!("{many} at once is not between 1 and {AT_ONCE_MAX}"));
        }
        for span in self.lasting.iter().chain(self.growing().iter()) {
            if span.duration() > LONGEST {
                return refuse(format!("{span} is longer than {} minutes", LONGEST.as_secs() / 60));
            }
        }
        match (self.growing(), self.lasting) {
            (Some(growing), Some(lasting)) if growing.duration() >= lasting.duration() => {
                refuse(format!("it would end after {lasting}, before it has grown"))
            }
            _ => Ok(()),
        }
    }

    /// About how many requests per second it asks for, for planning; `needed` is what the claims
    /// need of each portal, for a load that says no number.
    pub(super) fn per_second(&self, needed: f64) -> f64 {
        match self.pace {
            Pace::Rate { ceiling, .. } => ceiling.map_or(needed, Rate::get),
            Pace::AtOnce(many) => f64::from(many) / ANSWER.as_secs_f64(),
        }
    }

    /// Whether its rate can be chosen.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.pace, Pace::Rate { .. })
    }

    /// How long it grows each time it begins, if that comes on top of its own duration.
    pub(super) fn ramp(&self) -> Duration {
        let growing = self.growing().filter(|_| self.lasting.is_none());
        growing.map(Span::duration).unwrap_or_default()
    }

    /// Whether a slow answer delays the requests after it, so that a client's latencies forgive it.
    pub(super) fn forgives(&self) -> bool {
        matches!(self.pace, Pace::AtOnce(_))
    }

    fn growing(&self) -> Option<Span> {
        match self.pace {
            Pace::Rate { growing, .. } => growing,
            Pace::AtOnce(_) => None,
        }
    }

    /// What the agent of a portal is asked to send for so long, unless the load says for how long
    /// itself.
    pub(super) fn spec(
        &self,
        application: &Application,
        portal: &str,
        chunk: Duration,
        sent: Sent,
    ) -> Result<StreamSpec> {
        let service = application.service(&called(application, portal)?)?;
        let url = format!("http://{}.{}:{}", service.name, service.namespace, service.port);
        let name = portal;
        let portal = application.portal(portal)?;
        let mut headers = portal.headers.clone();
        match &self.headers {
            Headers::Own => {}
            Headers::None => headers.clear(),
            Headers::With(HeaderMatch { name, value }) => {
                headers.insert(name.clone(), vec![value.clone()]);
            }
        }
        let milliseconds = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let shape = match self.pace {
            Pace::Rate { ceiling: _, random, growing } => Shape::Open {
                rate: Rate::per_second(sent.rate).map_err(|cause| {
                    Error::runner(format!("sending load through portal {name}"), cause)
                })?,
                // Portals that send at the same random times would not be independent.
                spacing: match random {
                    true => Spacing::Poisson { seed: mixed(name, sent.seed) },
                    false => Spacing::Staggered { phase: sent.phase },
                },
                ramp_ms: milliseconds(growing.map(Span::duration).unwrap_or_default()),
            },
            Pace::AtOnce(concurrency) => Shape::Closed { concurrency, requests: None },
        };
        Ok(StreamSpec {
            paths: if self.paths.is_empty() { portal.paths.clone() } else { self.paths.clone() },
            headers: headers.into_iter().collect(),
            expect_json_nonempty: portal.expect_json_nonempty,
            duration_ms: Some(milliseconds(self.lasting.map_or(chunk, Span::duration))),
            timeout_ms: milliseconds(REQUEST_TIMEOUT),
            max_in_flight: IN_FLIGHT_MAX,
            ..StreamSpec::get(name, url, shape)
        })
    }
}

/// How a load is sent this time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Requests per second, for a load on a plan.
    pub rate: f64,
    /// When it begins, as a part of the gap between two requests: portals take turns.
    pub phase: f64,
    /// Makes random times differ between two pieces of load.
    pub seed: u64,
}

/// A number that depends on the name and the seed alone; the plan does the real mixing.
fn mixed(name: &str, seed: u64) -> u64 {
    name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pace {
            Pace::Rate { ceiling, random, growing } => {
                match ceiling {
                    Some(rate) => write!(f, "{rate}")?,
                    None => f.write_str("requests")?,
                }
                if random {
                    f.write_str(" at random times")?;
                }
                if let Some(growing) = growing {
                    write!(f, " growing over {growing}")?;
                }
            }
            Pace::AtOnce(many) => write!(f, "{many} requests at once")?,
        }
        for (at, path) in self.paths.iter().enumerate() {
            write!(f, " {} \"{path}\"", if at == 0 { "to" } else { "and" })?;
        }
        if let Some(lasting) = self.lasting {
            write!(f, " for {lasting}")?;
        }
        match &self.headers {
            Headers::Own => Ok(()),
            Headers::None => f.write_str(" without its headers"),
            Headers::With(HeaderMatch { name, value }) => {
                write!(f, " with header {name} \"{value}\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: &str = "application: shop\nnamespaces: [shop]\nservices:\n  cart: \
        {namespace: shop, port: 80, versions: [v1]}\nportals:\n  web: {namespace: shop, workload: \
        web, calls: cart, paths: [/a], headers: {from: [web], user: [x, y]}}\n  app: {namespace: \
        shop, workload: app, calls: cart, paths: [/b]}\n";

    fn application() -> Application {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("application.yaml");
        std::fs::write(&path, APPLICATION).unwrap();
        Application::read(&path).unwrap()
    }

    const SENT: Sent = Sent { rate: 50.0, phase: 0.25, seed: 7 };

    fn load(pace: Pace) -> Load {
        Load { pace, lasting: None, paths: Vec::new(), headers: Headers::Own }
    }

    fn spec(load: &Load, portal: &str) -> StreamSpec {
        load.check().unwrap();
        let spec = load.spec(&application(), portal, Duration::from_secs(4), SENT).unwrap();
        spec.target().unwrap();
        spec
    }

    fn rate(random: bool, growing: Option<&str>) -> Pace {
        let growing = growing.map(|span| span.parse().unwrap());
        Pace::Rate { ceiling: Some(Rate::per_second(50.0).unwrap()), random, growing }
    }

    #[test]
    fn the_agent_is_asked_for_what_the_load_says() {
        let rate_of = Rate::per_second(50.0).unwrap();
        let even = spec(&load(rate(false, None)), "web");
        let spacing = Spacing::Staggered { phase: 0.25 };
        assert_eq!(even.shape, Shape::Open { rate: rate_of, spacing, ramp_ms: 0 });
        assert_eq!((even.duration_ms, even.url.as_str()), (Some(4_000), "http://cart.shop:80"));
        let spacing = |portal| match spec(&load(rate(true, Some("2s"))), portal).shape {
            Shape::Open { spacing, ramp_ms: 2_000, .. } => spacing,
            other => panic!("{other:?}"),
        };
        assert!(matches!(spacing("web"), Spacing::Poisson { .. }));
        assert_ne!(spacing("web"), spacing("app"), "portals are independent");
        let lasting = Some("9s".parse().unwrap());
        let burst = Load { lasting, ..load(Pace::AtOnce(50)) };
        let burst = spec(&burst, "web");
        assert_eq!(burst.shape, Shape::Closed { concurrency: 50, requests: None });
        assert_eq!(burst.duration_ms, Some(9_000));
    }

    #[test]
    fn headers_are_the_portals_own_or_as_said() {
        let with = |headers| spec(&Load { headers, ..load(Pace::AtOnce(1)) }, "web").headers;
        let own = with(Headers::Own);
        assert_eq!(own.len(), 2);
        assert!(with(Headers::None).is_empty());
        let other = HeaderMatch { name: "from".into(), value: "tv".into() };
        let said = with(Headers::With(other));
        assert!(said.contains(&("from".into(), vec!["tv".into()])) && said.len() == 2);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let span = |text: &str| Some(text.parse().unwrap());
        for (load, word) in [
            (load(Pace::AtOnce(0)), "at once"),
            (load(Pace::AtOnce(1_001)), "at once"),
            (Load { lasting: span("6m"), ..load(Pace::AtOnce(1)) }, "longer"),
            (load(rate(false, Some("10m"))), "longer"),
            (Load { lasting: span("2s"), ..load(rate(false, Some("2s"))) }, "grown"),
        ] {
            let error = load.check().unwrap_err().to_string();
            assert!(error.contains(word), "{word}: {error}");
        }
    }

    #[test]
    fn growing_comes_on_top_unless_the_duration_is_said() {
        let growing = load(rate(false, Some("3s")));
        assert_eq!(growing.ramp(), Duration::from_secs(3));
        let lasting = Some("9s".parse().unwrap());
        assert_eq!(Load { lasting, ..growing }.ramp(), Duration::ZERO);
        assert!(load(Pace::AtOnce(1)).forgives() && !load(rate(true, None)).forgives());
    }
}
