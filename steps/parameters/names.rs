//! Names of what is in the mesh: services, versions, workloads, and who sends.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::units;

use super::error::ParameterError;

/// A name without its quotes.
pub(super) fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// `{service}`: `"hotels"` or `"travels.travel-agency"`.
#[derive(Debug, Parameter)]
#[param(name = "service", regex = r#""[^"]*""#)]
pub(crate) struct Service(pub units::ServiceName);

impl FromStr for Service {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        unquoted(text).parse().map(Self).map_err(ParameterError::because)
    }
}

/// `{version}`: `"v1"`.
#[derive(Debug, Parameter)]
#[param(name = "version", regex = r#""[^"]{0,63}""#)]
pub(crate) struct Version(pub String);

impl FromStr for Version {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        Ok(Self(unquoted(text).to_owned()))
    }
}

/// `{clients}`: every client (`None`), or one.
#[derive(Debug, Parameter)]
#[param(name = "clients", regex = r#"every (?:client|portal)|(?:client|portal) "[^"]*""#)]
pub(crate) struct Clients(pub Option<String>);

impl FromStr for Clients {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        // Between quotes, if there are any.
        Ok(Self(text.split('"').nth(1).map(str::to_owned)))
    }
}

/// `{workloads}`: `workload "loadtester"`, `workloads "travels-v2" and "travels-v3"`.
#[derive(Debug, Parameter)]
#[param(name = "workloads", regex = r#"workloads? "[^"]*"(?:(?:, | and )"[^"]*")*"#)]
pub(crate) struct Workloads(pub Vec<String>);

impl FromStr for Workloads {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        // Every second piece lies between quotes.
        Ok(Self(text.split('"').skip(1).step_by(2).map(str::to_owned).collect()))
    }
}
