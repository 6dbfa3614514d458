//! Numbers: times, shares, counts, statuses.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::units;

use super::error::ParameterError;

/// `{span}`: `250ms`, `5s`, `1.5s`, `2m`.
#[derive(Debug, Parameter)]
#[param(name = "span", regex = r"[-+]?[0-9A-Za-z.]+")]
pub(crate) struct Span(pub units::Span);

impl FromStr for Span {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        text.parse().map(Self).map_err(ParameterError::because)
    }
}

/// `{percent}`: `50%`.
#[derive(Debug, Parameter)]
#[param(name = "percent", regex = r"[-+]?[0-9A-Za-z.]+%")]
pub(crate) struct Percent(pub units::Percent);

impl FromStr for Percent {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        text.parse().map(Self).map_err(ParameterError::because)
    }
}

/// `{count}`: a whole number.
#[derive(Debug, Parameter)]
#[param(name = "count", regex = r"[-+]?[0-9A-Za-z.]{1,20}")]
pub(crate) struct Count(pub u32);

impl FromStr for Count {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        text.parse().map(Self).map_err(|_| {
            ParameterError::new(format!("`{text}` is not a whole number from 0 to {}", u32::MAX))
        })
    }
}

/// `{status}`: an HTTP status.
#[derive(Debug, Parameter)]
#[param(name = "status", regex = r"[-+]?[0-9A-Za-z.]{1,10}")]
pub(crate) struct Status(pub u16);

impl FromStr for Status {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        match text.parse() {
            Ok(status) if (100..=599).contains(&status) => Ok(Self(status)),
            _ => {
                Err(ParameterError::new(format!("`{text}` is not an HTTP status from 100 to 599")))
            }
        }
    }
}
