//! How many of what was sent.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::evidence::claim::Unit;
use faultless::{units, verdict};

use super::error::ParameterError;

/// `{amount}`: how many requests (or connections, or bytes).
#[derive(Debug, Parameter)]
#[param(
    name = "amount",
    regex = "(?:every|no|some) (?:request|connection)|(?:at (?:least|most) [^ ]+|between [^ ]+ and \
         [^ ]+) of (?:requests|connections|bytes)"
)]
pub(crate) struct Amount(pub verdict::Bound, pub Unit);

impl FromStr for Amount {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let (share, of) = text.rsplit_once(' ').unwrap_or((text, ""));
        let unit = match of {
            "connection" | "connections" => Unit::Connections,
            "bytes" => Unit::Bytes,
            _ => Unit::Requests,
        };
        let words: Vec<_> = share.split(' ').collect();
        let percent = |word: &str| -> Result<units::Percent, ParameterError> {
            word.parse().map_err(ParameterError::because)
        };
        let bound = match words.as_slice() {
            ["every"] => verdict::Bound::Every,
            ["no"] => verdict::Bound::No,
            ["some"] => verdict::Bound::Some,
            ["at", "least", share, ..] => verdict::Bound::AtLeast(percent(share)?),
            ["at", "most", share, ..] => verdict::Bound::AtMost(percent(share)?),
            ["between", low, "and", high, ..] => {
                let (low, high) = (percent(low)?, percent(high)?);
                if low >= high {
                    return Err(ParameterError::new(format!(
                        "there is nothing between {low} and {high}"
                    )));
                }
                verdict::Bound::Between(low, high)
            }
            _ => return Err(ParameterError::new(format!("`{text}` is not a number of requests"))),
        };
        Ok(Self(bound, unit))
    }
}
