//! What a stream sends, as it travels to an agent, and the checks it passes before anything is
//! sent: absurd numbers are refused with a sentence, never clipped.

use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;
use serde::{Deserialize, Serialize};

use crate::units::{Rate, request};

/// The longest name of a stream: it is shown in every line of a report.
const NAME_MAX: usize = 200;
/// The longest body of a request. Load tests of a mesh send forms, not files.
const BODY_MAX: usize = 1 << 20;
/// The most headers, values of one header, and paths: a spec is written by hand.
const LIST_MAX: usize = 100;
/// The longest a stream may send without being started again: as `units::Span`.
pub const DURATION_MAX: Duration = Duration::from_hours(1);
/// The longest a request may take: the histograms end here.
pub const TIMEOUT_MAX: Duration = Duration::from_mins(10);
/// The most requests in flight: each is a connection, and a pod's ports and files end at some
/// 28,000.
pub const IN_FLIGHT_MAX: u32 = 10_000;

/// One stream of requests to one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamSpec {
    /// What reports call it, e.g. `client voyages.fr`.
    pub name: String,
    /// `http://host[:port]/path`: where to dial, and the `Host` header unless `headers` has one.
    pub url: String,
    /// Paths that replace the URL's, in turn by the request's index; none: the URL's own.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// Headers; each takes its values in turn by the request's index, as clients do. `Host` is
    /// sent instead of the URL's authority and changes nothing about where is dialled.
    #[serde(default)]
    pub headers: Vec<(String, Vec<String>)>,
    /// The body of every request.
    #[serde(default)]
    pub body: Option<String>,
    /// Count successful answers whose JSON holds nothing (`[]`, `{}`, `null`, no body) as `empty`:
    /// an application may answer so when a dependency of it failed.
    #[serde(default)]
    pub expect_json_nonempty: bool,
    /// When requests are sent.
    pub shape: Shape,
    /// How long to send, in milliseconds; none: until stopped.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// How long one request may take from its send to the end of the answer, in milliseconds.
    pub timeout_ms: u64,
    /// How many requests may be unanswered at once. One that is due beyond that is *unsent*.
    pub max_in_flight: u32,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// On a plan, whatever the answers do.
    Open {
        /// How many per second.
        rate: Rate,
        /// How they are spaced.
        #[serde(default)]
        spacing: Spacing,
        /// Milliseconds over which the rate grows linearly from 0.
        #[serde(default)]
        ramp_ms: u64,
    },
    /// Each as soon as one before it is answered. Latency then counts from the send, and a slow
    /// server slows the load: for bursts, not for claims about latency.
    Closed {
        /// How many at once.
        concurrency: u32,
        /// How many in total; none: until the duration is over or the stream is stopped.
        #[serde(default)]
        requests: Option<u32>,
    },
}

/// How the requests of an open shape are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Spacing {
    /// Equal gaps.
    #[default]
    Even,
    /// Equal gaps, the first after this part of one: clients that begin together would otherwise
    /// send together for ever, and the mesh would see bursts that nobody asked for.
    Staggered {
        /// From 0 to 1.
        phase: f64,
    },
    /// Exponential gaps, as from many independent users.
    Poisson {
        /// The same seed gives the same plan.
        seed: u64,
    },
}

/// A checked spec: what the sender needs to build requests.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host to dial.
    pub host: String,
    /// Port to dial.
    pub port: u16,
    /// Per-request timeout.
    pub timeout: Duration,
    /// Whether answers without content are counted.
    pub expect_json_nonempty: bool,
    /// Values of the `Host` header, in turn.
    authorities: Vec<HeaderValue>,
    method: Method,
    paths: Vec<Uri>,
    headers: Vec<Header>,
    body: Bytes,
}

/// A checked header with its values.
type Header = (HeaderName, Vec<HeaderValue>);

fn get() -> String {
    Method::GET.to_string()
}

// === impl StreamSpec ===

impl StreamSpec {
    /// A stream of GET requests with the given shape, a timeout of 15 s and up to 1,000 in flight.
    pub fn get(name: impl Into<String>, url: impl Into<String>, shape: Shape) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            paths: Vec::new(),
            method: get(),
            headers: Vec::new(),
            body: None,
            expect_json_nonempty: false,
            shape,
            duration_ms: None,
            timeout_ms: 15_000,
            max_in_flight: 1_000,
        }
    }

    /// How long it sends.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.duration_ms.map(Duration::from_millis)
    }

    /// Checks everything and prepares the requests. The error is a sentence for whoever wrote the
    /// spec.
    pub fn target(&self) -> Result<Target, String> {
        self.check_numbers()?;
        let uri: Uri = self.url.parse().map_err(|e| format!("the URL `{}`: {e}", self.url))?;
        let (Some("http"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("the URL `{}` is not http://host[:port]/path", self.url));
        };
        if self.url.contains('#') {
            return Err(format!("the URL `{}` has a fragment, which is never sent", self.url));
        }
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(format!("the URL `{}` needs a host and no user", self.url));
        }
        let method = request::method(&self.method).map_err(|cause| cause.to_string())?;
        let own = uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        let own = std::slice::from_ref(&own);
        let paths = if self.paths.is_empty() { own } else { &self.paths };
        let (hosts, headers) = self.checked_headers()?;
        let own_authority = HeaderValue::from_str(authority.as_str())
            .map_err(|_| format!("the URL `{}` gives no Host header", self.url))?;
        Ok(Target {
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            timeout: Duration::from_millis(self.timeout_ms),
            expect_json_nonempty: self.expect_json_nonempty,
            authorities: hosts.unwrap_or_else(|| vec![own_authority]),
            method,
            paths: paths.iter().map(|path| origin_form(path)).collect::<Result<_, _>>()?,
            headers,
            body: Bytes::from(self.body.clone().unwrap_or_default()),
        })
    }

    /// The values of `Host`, if it is said, and the other headers.
    fn checked_headers(&self) -> Result<(Option<Vec<HeaderValue>>, Vec<Header>), String> {
        let all: Vec<Header> = self.headers.iter().map(header).collect::<Result<_, _>>()?;
        let longest = |(name, values): &Header| {
            // With `: ` and the line's end.
            name.as_str().len() + values.iter().map(HeaderValue::len).max().unwrap_or(0) + 4
        };
        let bytes = all.iter().map(longest).sum();
        within("the length of all headers in bytes", bytes, 0, request::HEADERS_MAX)?;
        let (mut hosts, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(name, _)| *name == HOST);
        let host = hosts.pop().map(|(_, values)| values);
        match hosts.is_empty() {
            true => Ok((host, others)),
            false => Err("the header `Host` is said twice, and a request has one".into()),
        }
    }

    fn check_numbers(&self) -> Result<(), String> {
        within("the length of the name", self.name.len(), 1, NAME_MAX)?;
        within("the number of paths", self.paths.len(), 0, LIST_MAX)?;
        within("the number of headers", self.headers.len(), 0, LIST_MAX)?;
        let body = self.body.as_ref().map_or(0, String::len);
        within("the body's length in bytes", body, 0, BODY_MAX)?;
        within("timeout_ms", self.timeout_ms, 1, millis(TIMEOUT_MAX))?;
        within("max_in_flight", self.max_in_flight, 1, IN_FLIGHT_MAX)?;
        if let Some(duration) = self.duration_ms {
            within("duration_ms", duration, 1, millis(DURATION_MAX))?;
        }
        match self.shape {
            // The rate was checked when it was read.
            Shape::Open { ramp_ms, spacing, .. } => {
                if let Spacing::Staggered { phase } = spacing {
                    within("phase", phase, 0.0, 1.0)?;
                }
                within("ramp_ms", ramp_ms, 0, millis(DURATION_MAX))
            }
            Shape::Closed { concurrency, requests } => {
                within("concurrency", concurrency, 1, self.max_in_flight)?;
                within("requests", requests.unwrap_or(1), 1, u32::MAX)
            }
        }
    }
}

// === impl Target ===

impl Target {
    /// The request with this index.
    #[must_use]
    pub fn request(&self, index: u64) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = in_turn(&self.paths, index).clone();
        let headers = request.headers_mut();
        headers.insert(HOST, in_turn(&self.authorities, index).clone());
        for (name, values) in &self.headers {
            headers.append(name, in_turn(values, index).clone());
        }
        request
    }
}

/// Lists in a target are never empty.
fn in_turn<T>(list: &[T], index: u64) -> &T {
    let len = list.len() as u64;
    &list[usize::try_from(index % len).expect("a remainder by a length fits a usize")]
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("the bounds of a spec are hours at most")
}

fn within<N: PartialOrd + std::fmt::Display>(
    what: &str,
    number: N,
    min: N,
    max: N,
) -> Result<(), String> {
    if min <= number && number <= max {
        Ok(())
    } else {
        Err(format!("{what} is {number}, which is not between {min} and {max}"))
    }
}

fn origin_form(path: &str) -> Result<Uri, String> {
    request::path(path).map(Uri::from).map_err(|cause| cause.to_string())
}

fn header((name, values): &(String, Vec<String>)) -> Result<Header, String> {
    within("the number of values of a header", values.len(), 1, LIST_MAX)?;
    let name = request::header_name(name).map_err(|cause| cause.to_string())?;
    let value = |value: &String| request::header_value(&name, value);
    let values = values.iter().map(value).collect::<Result<_, _>>();
    Ok((name.clone(), values.map_err(|cause| cause.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> StreamSpec {
        let rate = Rate::per_second(5.0).unwrap();
        let shape = Shape::Open { rate, spacing: Spacing::Even, ramp_ms: 0 };
        let mut spec =
            StreamSpec::get("portal", "http://travels.travel-agency:8000/travels", shape);
        spec.headers = vec![
            ("device".into(), vec!["web".into(), "mobile".into()]),
            ("travel".into(), vec!["t1".into(), "t2".into(), "t3".into()]),
        ];
        spec
    }

    #[test]
    fn headers_and_paths_take_turns() {
        let mut spec = spec();
        spec.paths = vec!["/travels".into(), "/travels/Rome?x=1".into()];
        let target = spec.target().unwrap();
        assert_eq!((target.host.as_str(), target.port), ("travels.travel-agency", 8000));
        let shown = |index| {
            let request = target.request(index);
            let value = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(value("host"), "travels.travel-agency:8000");
            format!("{} {} {}", request.uri(), value("device"), value("travel"))
        };
        assert_eq!(shown(0), "/travels web t1");
        assert_eq!(shown(1), "/travels/Rome?x=1 mobile t2");
        assert_eq!(shown(2), "/travels web t3");
        assert_eq!(shown(3), "/travels/Rome?x=1 mobile t1");
    }

    #[test]
    fn a_host_that_is_said_is_the_only_one_and_changes_no_address() {
        let mut spec = spec();
        spec.headers.push(("Host".into(), vec!["trips.example.com".into(), "b:81".into()]));
        let target = spec.target().unwrap();
        assert_eq!((target.host.as_str(), target.port), ("travels.travel-agency", 8000));
        let hosts = |index| {
            let request = target.request(index);
            assert_eq!(request.uri(), "/travels");
            let hosts = request.headers().get_all(HOST).iter();
            hosts.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            [hosts(0), hosts(1), hosts(2)].concat(),
            ["trips.example.com", "b:81", "trips.example.com"]
        );
    }

    #[test]
    fn it_reads_back_as_it_was_written_and_knows_its_fields() {
        let json = serde_json::to_string(&spec()).unwrap();
        assert_eq!(serde_json::from_str::<StreamSpec>(&json).unwrap(), spec());
        let typo = json.replace("timeout_ms", "timeout");
        assert!(serde_json::from_str::<StreamSpec>(&typo).is_err());
        let rate = json.replace("5.0", "-5.0");
        let error = serde_json::from_str::<StreamSpec>(&rate).unwrap_err().to_string();
        assert!(error.contains("not above 0"), "{error}");
    }

    #[test]
    fn absurd_specs_are_refused_with_a_sentence() {
        type Change = fn(&mut StreamSpec);
        let changes: [(&str, Change); 23] = [
            ("name", |s| s.name.clear()),
            ("URL", |s| s.url = "https://a/b".into()),
            ("URL", |s| s.url = "/b".into()),
            ("URL", |s| s.url = "http://u:p@a/".into()),
            ("URL", |s| s.url = "ht tp://".into()),
            ("path", |s| s.paths = vec!["travels".into()]),
            ("path", |s| s.paths = vec!["http://other/".into()]),
            ("method", |s| s.method = "GE T".into()),
            ("CONNECT", |s| s.method = "CONNECT".into()),
            ("header", |s| s.headers = vec![("a b".into(), vec!["c".into()])]),
            ("header", |s| s.headers = vec![("a".into(), vec!["\r\nb: c".into()])]),
            ("values", |s| s.headers = vec![("a".into(), vec![])]),
            ("Keep-Alive", |s| s.headers = vec![("Keep-Alive".into(), vec!["c".into()])]),
            ("Content-Length", |s| s.headers = vec![("Content-Length".into(), vec!["5".into()])]),
            ("Host", |s| s.headers = vec![("Host".into(), vec!["a".into(), "u@b".into()])]),
            ("twice", |s| {
                s.headers = ["Host", "host"].map(|h| (h.into(), vec!["c".into()])).into();
            }),
            ("all headers", |s| s.headers = vec![("a".into(), vec!["c".repeat(50_000)])]),
            ("fragment", |s| s.url = "http://a/b#c".into()),
            ("GET", |s| s.method = "get".into()),
            ("timeout_ms", |s| s.timeout_ms = 0),
            ("duration_ms", |s| s.duration_ms = Some(u64::MAX)),
            ("max_in_flight", |s| s.max_in_flight = u32::MAX),
            ("concurrency", |s| s.shape = Shape::Closed { concurrency: 2_000, requests: None }),
        ];
        for (word, change) in changes {
            let mut spec = spec();
            change(&mut spec);
            let error = spec.target().unwrap_err();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
