//! The words inside sentences. Each is matched generously, so that a wrong one is read, refused and
//! explained, instead of making the whole sentence unknown.
//!
//! No two words have the same pattern: `vocabulary` reads sentences back from their patterns.

use std::fmt;
use std::str::FromStr;

use cucumber::Parameter;
use faultless::faults::HeaderMatch;
use faultless::scenario::expectation::{Caller, Observer, Property, Unit};
use faultless::scenario::load;
use faultless::telemetry::Reporter;
use faultless::units;
use faultless::verdict;

/// Why a word could not be read. Cucumber shows errors of parameters by `Debug`, so that is what
/// must be readable.
#[derive(Clone)]
pub(crate) struct Misread(String);

impl fmt::Debug for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Misread {
    fn because(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// `{service}`: `"hotels"` or `"travels.travel-agency"`.
#[derive(Debug, Parameter)]
#[param(name = "service", regex = r#""[^"]*""#)]
pub(crate) struct Service(pub units::ServiceName);

impl FromStr for Service {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        unquoted(text).parse().map(Self).map_err(Misread::because)
    }
}

/// `{version}`: `"v1"`.
#[derive(Debug, Parameter)]
#[param(name = "version", regex = r#""[^"]{0,63}""#)]
pub(crate) struct Version(pub String);

impl FromStr for Version {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        Ok(Self(unquoted(text).to_owned()))
    }
}

/// `{span}`: `250ms`, `5s`, `1.5s`, `2m`.
#[derive(Debug, Parameter)]
#[param(name = "span", regex = r"[-+]?[0-9A-Za-z.]+")]
pub(crate) struct Span(pub units::Span);

impl FromStr for Span {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        text.parse().map(Self).map_err(Misread::because)
    }
}

/// `{percent}`: `50%`.
#[derive(Debug, Parameter)]
#[param(name = "percent", regex = r"[-+]?[0-9A-Za-z.]+%")]
pub(crate) struct Percent(pub units::Percent);

impl FromStr for Percent {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        text.parse().map(Self).map_err(Misread::because)
    }
}

/// `{count}`: a whole number.
#[derive(Debug, Parameter)]
#[param(name = "count", regex = r"[-+]?[0-9A-Za-z.]{1,20}")]
pub(crate) struct Count(pub u32);

impl FromStr for Count {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        text.parse()
            .map(Self)
            .map_err(|_| Misread(format!("`{text}` is not a whole number from 0 to {}", u32::MAX)))
    }
}

/// `{status}`: an HTTP status.
#[derive(Debug, Parameter)]
#[param(name = "status", regex = r"[-+]?[0-9A-Za-z.]{1,10}")]
pub(crate) struct Status(pub u16);

impl FromStr for Status {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        match text.parse() {
            Ok(status) if (100..=599).contains(&status) => Ok(Self(status)),
            _ => Err(Misread(format!("`{text}` is not an HTTP status from 100 to 599"))),
        }
    }
}

/// `{header}`: `header portal "voyages.fr"`.
#[derive(Debug, Parameter)]
#[param(name = "header", regex = r#"header [^ "]+ "[^"]*""#)]
pub(crate) struct Header(pub HeaderMatch);

impl FromStr for Header {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let rest = text.strip_prefix("header ").unwrap_or(text);
        let (name, value) = rest
            .split_once(' ')
            .ok_or_else(|| Misread(format!("`{text}` is not like: header user \"new\"")))?;
        let token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.chars().all(token) {
            return Err(Misread(format!("`{name}` is not the name of an HTTP header")));
        }
        let name = name.to_ascii_lowercase();
        Ok(Self(HeaderMatch { name, value: unquoted(value).to_owned() }))
    }
}

/// `{split}`: `80% to "v1", 10% to "v2" and 10% to "v3"`.
#[derive(Debug, Parameter)]
#[param(
    name = "split",
    regex = r#"[-+]?[0-9A-Za-z.]+% to "[^"]*"(?:(?:, | and )[-+]?[0-9A-Za-z.]+% to "[^"]*")*"#
)]
pub(crate) struct Split(pub Vec<(String, u32)>);

impl FromStr for Split {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let one = |part: &str| {
            let (share, version) = part
                .split_once("% to ")
                .ok_or_else(|| Misread(format!("`{part}` is not like: 80% to \"v1\"")))?;
            let whole = |_| Misread(format!("`{share}%` is not a whole percentage of 0% to 100%"));
            let share: u32 = share.parse().map_err(whole)?;
            Ok((unquoted(version).to_owned(), share))
        };
        text.split(", ")
            .flat_map(|part| part.split(" and "))
            .map(one)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Split {
    /// From a table with a row for each version: its name and its percentage.
    pub(crate) fn of_rows(rows: &[Vec<String>]) -> Result<Self, Misread> {
        let one = |row: &Vec<String>| match row.as_slice() {
            [version, share] => {
                let whole =
                    || Misread(format!("`{share}` is not a whole percentage of 0% to 100%"));
                let number = share.trim_end_matches('%').parse().map_err(|_| whole())?;
                Ok((version.clone(), number))
            }
            _ => Err(Misread("each row needs a version and a percentage: | v1 | 80% |".into())),
        };
        rows.iter().map(one).collect::<Result<_, _>>().map(Self)
    }
}

/// `{portals}`: every portal (`None`), or one.
#[derive(Debug, Parameter)]
#[param(name = "portals", regex = r#"every (?:client|portal)|(?:client|portal) "[^"]*""#)]
pub(crate) struct Portals(pub Option<String>);

impl FromStr for Portals {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        // Between quotes, if there are any.
        Ok(Self(text.split('"').nth(1).map(str::to_owned)))
    }
}

/// `{load}`: how many requests, when, to which paths, for how long, and with which headers.
#[derive(Debug, Parameter)]
#[param(
    name = "load",
    regex = "(?:[-+]?[0-9A-Za-z.]{1,30} requests? (?:per second|at once)|requests)(?: at random \
         times)?(?: growing over [^ ]+)?(?: to \"[^\"]*\"(?: and \"[^\"]*\")*)?(?: for \
         [^ ]+)?(?: without its headers| with header [^ \"]+ \"[^\"]*\")?"
)]
pub(crate) struct Load(pub load::Load);

impl FromStr for Load {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let span = |text: &str| text.parse::<units::Span>().map_err(Misread::because);
        let (text, headers) = match text.split_once(" with header ") {
            Some((text, header)) => (text, load::Headers::With(header.parse::<Header>()?.0)),
            None => match text.strip_suffix(" without its headers") {
                Some(text) => (text, load::Headers::None),
                None => (text, load::Headers::Own),
            },
        };
        // Every second piece between quotes is a path; what follows the last one is no path.
        let pieces: Vec<_> = text.split('"').collect();
        let paths: Vec<_> =
            pieces.iter().skip(1).step_by(2).map(|path| (*path).to_owned()).collect();
        let manner = pieces.first().copied().unwrap_or_default().trim_end_matches(" to ");
        let rest = if paths.is_empty() { manner } else { pieces[pieces.len() - 1] };
        let lasting = rest.split_once(" for ").map(|(_, lasting)| span(lasting)).transpose()?;
        let manner = manner.split_once(" for ").map_or(manner, |(manner, _)| manner);
        let pace = Self::pace(manner)?;
        Ok(Self(load::Load { pace, lasting, paths, headers }))
    }
}

impl Load {
    /// `80 requests per second at random times`, `requests growing over 5s`, `50 requests at once`.
    fn pace(manner: &str) -> Result<load::Pace, Misread> {
        let (many, rest) = match manner.split_once(" request") {
            Some((many, rest)) => (Some(many), rest.trim_start_matches('s')),
            None => (None, manner.trim_start_matches("requests")),
        };
        if let (Some(many), Some(rest)) = (many, rest.strip_prefix(" at once")) {
            return match rest {
                "" => Ok(load::Pace::AtOnce(many.parse::<Count>()?.0)),
                _ => Err(Misread(format!("requests at once cannot come{rest}"))),
            };
        }
        let ceiling = many.map(|many| {
            let number = many.parse::<f64>();
            let number =
                number.map_err(|_| Misread(format!("`{many}` is not a number such as 50")))?;
            units::Rate::per_second(number).map_err(Misread::because)
        });
        let random = rest.contains(" at random times");
        let growing = rest.split_once(" growing over ");
        let growing = growing.map(|(_, over)| over.parse().map_err(Misread::because));
        Ok(load::Pace::Rate {
            ceiling: ceiling.transpose()?,
            random,
            growing: growing.transpose()?,
        })
    }
}

/// `{workloads}`: `workload "loadtester"`, `workloads "travels-v2" and "travels-v3"`.
#[derive(Debug, Parameter)]
#[param(name = "workloads", regex = r#"workloads? "[^"]*"(?:(?:, | and )"[^"]*")*"#)]
pub(crate) struct Workloads(pub Vec<String>);

impl FromStr for Workloads {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        // Every second piece lies between quotes.
        Ok(Self(text.split('"').skip(1).step_by(2).map(str::to_owned).collect()))
    }
}

/// `{observer}`: who looks.
#[derive(Debug, Parameter)]
#[param(
    name = "observer",
    regex = "every (?:client|portal)|the (?:clients|portals) together|(?:client|portal) \
         \"[^\"]*\"|the (?:source|destination) of \"[^\"]*\"(?: at version \"[^\"]*\")?(?: \
         from (?:client|portal|workload) \"[^\"]*\")?"
)]
pub(crate) struct Looks(pub Observer);

impl FromStr for Looks {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        match text {
            "every client" | "every portal" => return Ok(Self(Observer::EveryPortal)),
            "the clients together" | "the portals together" => return Ok(Self(Observer::Portals)),
            _ => {}
        }
        // Words and names in turn: `the source of `, `hotels`, ` at version `, `v1`, …
        let mut pieces = text.split('"');
        let (who, name) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
        let reporter = match who.trim_end() {
            "client" | "portal" => return Ok(Self(Observer::Portal(name.to_owned()))),
            "the source of" => Reporter::Source,
            "the destination of" => Reporter::Destination,
            _ => return Err(Misread(format!("`{text}` is nobody who could look"))),
        };
        let service = name.parse().map_err(Misread::because)?;
        let (mut version, mut caller) = (None, None);
        while let (Some(words), Some(name)) = (pieces.next(), pieces.next()) {
            let name = name.to_owned();
            match words.trim() {
                "at version" => version = Some(name),
                "from client" | "from portal" => caller = Some(Caller::Portal(name)),
                "from workload" => caller = Some(Caller::Workload(name)),
                _ => return Err(Misread(format!("`{text}` is nobody who could look"))),
            }
        }
        Ok(Self(Observer::Proxies { reporter, service, version, caller }))
    }
}

/// `{amount}`: how many requests (or connections, or bytes).
#[derive(Debug, Parameter)]
#[param(
    name = "amount",
    regex = "(?:every|no|some) (?:request|connection)|(?:at (?:least|most) [^ ]+|between [^ ]+ and \
         [^ ]+) of (?:requests|connections|bytes)"
)]
pub(crate) struct Amount(pub verdict::Bound, pub Unit);

impl FromStr for Amount {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let (share, of) = text.rsplit_once(' ').unwrap_or((text, ""));
        let unit = match of {
            "connection" | "connections" => Unit::Connections,
            "bytes" => Unit::Bytes,
            _ => Unit::Requests,
        };
        let words: Vec<_> = share.split(' ').collect();
        let percent = |word: &str| -> Result<units::Percent, Misread> {
            word.parse().map_err(Misread::because)
        };
        let bound = match words.as_slice() {
            ["every"] => verdict::Bound::All,
            ["no"] => verdict::Bound::None_,
            ["some"] => verdict::Bound::Some_,
            ["at", "least", share, ..] => verdict::Bound::AtLeast(percent(share)?),
            ["at", "most", share, ..] => verdict::Bound::AtMost(percent(share)?),
            ["between", low, "and", high, ..] => {
                let (low, high) = (percent(low)?, percent(high)?);
                if low >= high {
                    return Err(Misread(format!("there is nothing between {low} and {high}")));
                }
                verdict::Bound::Between(low, high)
            }
            _ => return Err(Misread(format!("`{text}` is not a number of requests"))),
        };
        Ok(Self(bound, unit))
    }
}

/// `{property}`: what is said of these requests.
#[derive(Debug, Parameter)]
#[param(
    name = "property",
    regex = "take (?:at least|less than) [^ ]+|take between [^ ]+ and [^ ]+|fail|arrive|get no \
         answer|carry flag [^ ]+|reach \"[^\"]*\"|be copied to \"[^\"]*\"|be answered [^ ]+|be \
         tried (?:once|[^ ]+ times)"
)]
pub(crate) struct Is(pub Property);

impl FromStr for Is {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let words: Vec<_> = text.split(' ').collect();
        let span = |word: &str| -> Result<Option<units::Span>, Misread> {
            word.parse().map(Some).map_err(Misread::because)
        };
        let quoted = || text.split('"').nth(1).unwrap_or_default().to_owned();
        Ok(Self(match words.as_slice() {
            ["take", "at", "least", low] => Property::Takes { low: span(low)?, high: None },
            ["take", "less", "than", high] => Property::Takes { low: None, high: span(high)? },
            ["take", "between", low, "and", high] => {
                let (low, high) = (span(low)?, span(high)?);
                if low >= high {
                    return Err(Misread(format!("`{text}`: nothing is between these")));
                }
                Property::Takes { low, high }
            }
            ["fail"] => Property::Fails,
            ["get", "no", "answer"] => Property::Unanswered,
            ["arrive"] => Property::Arrives,
            ["carry", "flag", flag] => Property::Flagged((*flag).to_owned()),
            ["reach", ..] => Property::Reaches(quoted()),
            ["be", "copied", "to", ..] => Property::Copied(quoted()),
            ["be", "answered", status] => Property::Status(status.parse::<Status>()?.0),
            ["be", "tried", "once"] => Property::Tried(1),
            ["be", "tried", times, "times"] => match times.parse::<Count>()?.0 {
                0 => return Err(Misread("a request that is sent is tried at least once".into())),
                times => Property::Tried(times),
            },
            _ => return Err(Misread(format!("`{text}` says nothing about requests"))),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_read_as_they_are_meant() {
        let split: Split = r#"80% to "v1", 10% to "v2" and 10% to "v3""#.parse().unwrap();
        assert_eq!(split.0, [("v1".into(), 80), ("v2".into(), 10), ("v3".into(), 10)]);
        let looks: Looks = r#"the source of "hotels""#.parse().unwrap();
        let service: units::ServiceName = "hotels".parse().unwrap();
        let (reporter, version, caller) = (Reporter::Source, None, None);
        assert_eq!(looks.0, Observer::Proxies { reporter, service, version, caller });
        let looks: Looks =
            r#"the destination of "travels.travel-agency" at version "v3" from portal "voyages.fr""#
                .parse()
                .unwrap();
        let service = "travels.travel-agency".parse().unwrap();
        let caller = Some(Caller::Portal("voyages.fr".into()));
        let (reporter, version) = (Reporter::Destination, Some("v3".into()));
        assert_eq!(looks.0, Observer::Proxies { reporter, service, version, caller });
        let workloads: Workloads = r#"workloads "a", "b" and "c""#.parse().unwrap();
        assert_eq!(workloads.0, ["a", "b", "c"]);
        let amount: Amount = "between 75% and 85% of bytes".parse().unwrap();
        assert_eq!(amount.1, Unit::Bytes);
        let amount: Amount = "no connection".parse().unwrap();
        assert_eq!((amount.0, amount.1), (verdict::Bound::None_, Unit::Connections));
        assert_eq!("be tried 3 times".parse::<Is>().unwrap().0, Property::Tried(3));
        assert_eq!(r#"be copied to "v3""#.parse::<Is>().unwrap().0, Property::Copied("v3".into()));
        let is: Is = "take between 2s and 2.5s".parse().unwrap();
        let (low, high) = ("2s".parse().ok(), "2500ms".parse().ok());
        assert_eq!(is.0, Property::Takes { low, high });
    }

    #[test]
    fn a_load_is_read_with_all_that_may_be_said_of_it() {
        let read = |text: &str| text.parse::<Load>().unwrap().0;
        let rate = |number| units::Rate::per_second(number).unwrap();
        let plain = load::Load {
            pace: load::Pace::Rate { ceiling: Some(rate(80.0)), random: false, growing: None },
            lasting: None,
            paths: Vec::new(),
            headers: load::Headers::Own,
        };
        assert_eq!(read("80 requests per second"), plain);
        assert_eq!(read("1 request at once").pace, load::Pace::AtOnce(1));
        let full = "0.5 requests per second at random times growing over 2s to \"/a for b\" and \
                    \"/c\" for 10s without its headers";
        let growing = Some("2s".parse().unwrap());
        let expected = load::Load {
            pace: load::Pace::Rate { ceiling: Some(rate(0.5)), random: true, growing },
            lasting: Some("10s".parse().unwrap()),
            paths: vec!["/a for b".into(), "/c".into()],
            headers: load::Headers::None,
        };
        assert_eq!(read(full), expected);
        let burst = read("50 requests at once for 250ms with header User \"for the others\"");
        let header = HeaderMatch { name: "user".into(), value: "for the others".into() };
        assert_eq!(burst.headers, load::Headers::With(header));
        assert_eq!((burst.pace, burst.lasting), (load::Pace::AtOnce(50), "250ms".parse().ok()));
        let fitted = read("requests to \"/travels\"");
        let pace = load::Pace::Rate { ceiling: None, random: false, growing: None };
        assert_eq!((fitted.pace, fitted.paths), (pace, vec!["/travels".to_owned()]));
        assert_eq!(read("requests for 9s").lasting, "9s".parse().ok());
        assert_eq!("every portal".parse::<Portals>().unwrap().0, None);
        assert_eq!(r#"client "a.b""#.parse::<Portals>().unwrap().0.as_deref(), Some("a.b"));
        assert_eq!(r#"portal "a.b""#.parse::<Portals>().unwrap().0.as_deref(), Some("a.b"));
    }

    #[test]
    fn absurd_words_are_explained() {
        let says = |error: Misread| format!("{error:?}");
        assert!(says("-5s".parse::<Span>().unwrap_err()).contains("duration"));
        assert!(says("0 requests per second".parse::<Load>().unwrap_err()).contains("rate"));
        assert!(says("-1 requests at once".parse::<Load>().unwrap_err()).contains("whole number"));
        assert!("5 requests per second for 9".parse::<Load>().is_err());
        assert!("5 requests at once at random times".parse::<Load>().is_err());
        assert!("5 requests per second growing over -1s".parse::<Load>().is_err());
        assert!(says("140%".parse::<Percent>().unwrap_err()).contains("between 0% and 100%"));
        assert!(says("9999".parse::<Status>().unwrap_err()).contains("100 to 599"));
        assert!("between 85% and 75% of requests".parse::<Amount>().is_err());
        assert!("be tried 0 times".parse::<Is>().is_err());
        assert!("take between 5s and 2s".parse::<Is>().is_err());
        assert!("header a:b \"x\"".parse::<Header>().is_err());
        assert!(r#"-80% to "v1""#.parse::<Split>().is_err());
    }
}
