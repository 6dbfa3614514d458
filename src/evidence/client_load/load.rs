//! What a client sends, as a sentence says it. Pure.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::faults::HeaderMatch;
use crate::units::{Rate, Span};

/// How long a request may take at all before the client gives up and counts it as an error. Longer
/// than any delay a feature may ask for would hide a hang; a minute is longer than the suite.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// Unanswered requests of one client at once: a delay of 5 s at 500/s stays below it.
pub(super) const IN_FLIGHT_MAX: u32 = 4_000;

/// The most requests kept in flight, each on a connection of its own: what one pod can hold beside
/// the application's own load.
const AT_ONCE_MAX: u32 = 1_000;

/// The longest load of one claim, growing included: a step ends after 10 minutes, and the answers
/// must come within that too.
pub(crate) const LONGEST: Duration = Duration::from_mins(5);

/// About how long an undisturbed answer takes, for planning how much a fixed number of requests at
/// once will bring: the services answer in tens of milliseconds.
const ANSWER: Duration = Duration::from_millis(100);

/// The load that a scenario sends through a client.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// When requests are sent.
    pub pace: Pace,
    /// How long it is sent for each observation; none: until the claims are decided.
    pub lasting: Option<Span>,
    /// Which paths are asked for, in turn; none: the client's own. A page that needs fewer services
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
    /// The client's own.
    #[default]
    Own,
    /// None of them.
    None,
    /// The client's own, but for this one.
    With(HeaderMatch),
}

// === impl Load ===

impl Load {
    /// Refuses numbers that cannot be meant.
    pub(crate) fn check(&self) -> Result<()> {
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
    /// need of each client, for a load that says no number.
    pub(crate) fn per_second(&self, needed: f64) -> f64 {
        match self.pace {
            Pace::Rate { ceiling, .. } => ceiling.map_or(needed, Rate::get),
            Pace::AtOnce(many) => f64::from(many) / ANSWER.as_secs_f64(),
        }
    }

    /// Whether its rate can be chosen.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.pace, Pace::Rate { .. })
    }

    /// The host it asks for by name, if that is not the service's own.
    pub(crate) fn host(&self) -> Option<&str> {
        match &self.headers {
            Headers::With(HeaderMatch { name, value }) if name == "host" => Some(value),
            Headers::Own | Headers::None | Headers::With(_) => None,
        }
    }

    /// How long it grows each time it begins, if that comes on top of its own duration.
    pub(crate) fn ramp(&self) -> Duration {
        let growing = self.growing().filter(|_| self.lasting.is_none());
        growing.map(Span::duration).unwrap_or_default()
    }

    /// Whether a slow answer delays the requests after it, so that a client's latencies forgive it.
    pub(crate) fn forgives(&self) -> bool {
        matches!(self.pace, Pace::AtOnce(_))
    }

    fn growing(&self) -> Option<Span> {
        match self.pace {
            Pace::Rate { growing, .. } => growing,
            Pace::AtOnce(_) => None,
        }
    }
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
