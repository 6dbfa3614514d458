//! From a client's load to the stream that an agent is told to send. Pure.

use std::time::Duration;

use crate::application::Application;
use crate::error::{Error, Result};
use crate::evidence::client_load::load::{Headers, IN_FLIGHT_MAX, Load, Pace, REQUEST_TIMEOUT};
use crate::evidence::filters::called;
use crate::faults::HeaderMatch;
use crate::load::{Shape, Spacing, StreamSpec};
use crate::units::{Rate, Span};

/// How a load is sent this time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sent {
    /// Requests per second, for a load on a plan.
    pub rate: f64,
    /// When it begins, as a part of the gap between two requests: clients take turns.
    pub phase: f64,
    /// Makes random times differ between two pieces of load.
    pub seed: u64,
}

impl Load {
    /// What the agent of a client is asked to send for so long, unless the load says for how long
    /// itself.
    pub(crate) fn spec(
        &self,
        application: &Application,
        client: &str,
        chunk: Duration,
        sent: Sent,
    ) -> Result<StreamSpec> {
        let service = application.service(&called(application, client)?)?;
        let url = format!("http://{}.{}:{}", service.name, service.namespace, service.port);
        let name = client;
        let client = application.client(client)?;
        let mut headers = client.headers.clone();
        match &self.headers {
            Headers::Own => {}
            Headers::None => headers.clear(),
            Headers::With(HeaderMatch { name, value }) => {
                // Names of headers have no case: `User` of the description is `user` of a step.
                headers.retain(|own, _| !own.eq_ignore_ascii_case(name));
                headers.insert(name.clone(), vec![value.clone()]);
            }
        }
        let milliseconds = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let shape = match self.pace {
            Pace::Rate { ceiling: _, random, growing } => Shape::Open {
                rate: Rate::per_second(sent.rate).map_err(|cause| {
                    Error::runner(format!("sending load through client {name}"), cause)
                })?,
                // Clients that send at the same random times would not be independent.
                spacing: match random {
                    true => Spacing::Poisson { seed: mixed(name, sent.seed) },
                    false => Spacing::Staggered { phase: sent.phase },
                },
                ramp_ms: milliseconds(growing.map(Span::duration).unwrap_or_default()),
            },
            Pace::AtOnce(concurrency) => Shape::Closed { concurrency, requests: None },
        };
        Ok(StreamSpec {
            paths: if self.paths.is_empty() { client.paths.clone() } else { self.paths.clone() },
            headers: headers.into_iter().collect(),
            expect_json_nonempty: client.expect_json_nonempty,
            duration_ms: Some(milliseconds(self.lasting.map_or(chunk, Span::duration))),
            timeout_ms: milliseconds(REQUEST_TIMEOUT),
            max_in_flight: IN_FLIGHT_MAX,
            ..StreamSpec::get(name, url, shape)
        })
    }
}

/// A number that depends on the name and the seed alone; the plan does the real mixing.
fn mixed(name: &str, seed: u64) -> u64 {
    name.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: &str = "application: shop\nnamespaces: [shop]\nservices:\n  cart: \
        {namespace: shop, port: 80, versions: [v1]}\nportals:\n  web: {namespace: shop, workload: \
        web, calls: cart, paths: [/a], headers: {From: [web], user: [x, y]}}\n  app: {namespace: \
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

    fn spec(load: &Load, client: &str) -> StreamSpec {
        load.check().unwrap();
        let spec = load.spec(&application(), client, Duration::from_secs(4), SENT).unwrap();
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
        let spacing = |client| match spec(&load(rate(true, Some("2s"))), client).shape {
            Shape::Open { spacing, ramp_ms: 2_000, .. } => spacing,
            other => panic!("{other:?}"),
        };
        assert!(matches!(spacing("web"), Spacing::Poisson { .. }));
        assert_ne!(spacing("web"), spacing("app"), "clients are independent");
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
