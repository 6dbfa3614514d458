//! What is said of requests.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::evidence::claim;
use faultless::units;

use super::error::ParameterError;
use super::numbers::{Count, Status};

/// `{property}`: what is said of these requests.
#[derive(Debug, Parameter)]
#[param(
    name = "property",
    regex = "take (?:at least|less than) [^ ]+|take between [^ ]+ and [^ ]+|fail|arrive|get no \
         answer|carry flag [^ ]+|reach \"[^\"]*\"|be copied to \"[^\"]*\"|be answered [^ ]+|be \
         tried (?:once|[^ ]+ times)"
)]
pub(crate) struct Property(pub claim::Property);

impl FromStr for Property {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let words: Vec<_> = text.split(' ').collect();
        let span = |word: &str| -> Result<Option<units::Span>, ParameterError> {
            word.parse().map(Some).map_err(ParameterError::because)
        };
        let quoted = || text.split('"').nth(1).unwrap_or_default().to_owned();
        Ok(Self(match words.as_slice() {
            ["take", "at", "least", low] => claim::Property::Takes { low: span(low)?, high: None },
            ["take", "less", "than", high] => {
                claim::Property::Takes { low: None, high: span(high)? }
            }
            ["take", "between", low, "and", high] => {
                let (low, high) = (span(low)?, span(high)?);
                if low >= high {
                    return Err(ParameterError::new(format!("`{text}`: nothing is between these")));
                }
                claim::Property::Takes { low, high }
            }
            ["fail"] => claim::Property::Fails,
            ["get", "no", "answer"] => claim::Property::Unanswered,
            ["arrive"] => claim::Property::Arrives,
            ["carry", "flag", flag] => claim::Property::Flagged((*flag).to_owned()),
            ["reach", ..] => claim::Property::Reaches(quoted()),
            ["be", "copied", "to", ..] => claim::Property::Copied(quoted()),
            ["be", "answered", status] => claim::Property::Status(status.parse::<Status>()?.0),
            ["be", "tried", "once"] => claim::Property::Tried(1),
            ["be", "tried", times, "times"] => match times.parse::<Count>()?.0 {
                0 => {
                    return Err(ParameterError::new(
                        "a request that is sent is tried at least once",
                    ));
                }
                times => claim::Property::Tried(times),
            },
            _ => return Err(ParameterError::new(format!("`{text}` says nothing about requests"))),
        }))
    }
}
