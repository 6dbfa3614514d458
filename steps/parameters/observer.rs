//! `{observer}`: who looks, in a claim.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::evidence::claim;
use faultless::evidence::claim::Caller;
use faultless::telemetry::Reporter;

use super::error::ParameterError;

/// `{observer}`: who looks.
#[derive(Debug, Parameter)]
#[param(
    name = "observer",
    regex = "every (?:client|portal)|the (?:clients|portals) together|(?:client|portal) \
         \"[^\"]*\"|the (?:source|destination) of \"[^\"]*\"(?: at version \"[^\"]*\")?(?: \
         from (?:client|portal|workload) \"[^\"]*\")?"
)]
pub(crate) struct Observer(pub claim::Observer);

impl FromStr for Observer {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        match text {
            "every client" | "every portal" => return Ok(Self(claim::Observer::EachClient)),
            "the clients together" | "the portals together" => {
                return Ok(Self(claim::Observer::AllClients));
            }
            _ => {}
        }
        // Words and names in turn: `the source of `, `hotels`, ` at version `, `v1`, …
        let mut pieces = text.split('"');
        let (who, name) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
        let reporter = match who.trim_end() {
            "client" | "portal" => return Ok(Self(claim::Observer::Client(name.to_owned()))),
            "the source of" => Reporter::Source,
            "the destination of" => Reporter::Destination,
            _ => return Err(ParameterError::new(format!("`{text}` is nobody who could look"))),
        };
        let service = name.parse().map_err(ParameterError::because)?;
        let (mut version, mut caller) = (None, None);
        while let (Some(words), Some(name)) = (pieces.next(), pieces.next()) {
            let name = name.to_owned();
            match words.trim() {
                "at version" => version = Some(name),
                "from client" | "from portal" => caller = Some(Caller::Client(name)),
                "from workload" => caller = Some(Caller::Workload(name)),
                _ => return Err(ParameterError::new(format!("`{text}` is nobody who could look"))),
            }
        }
        Ok(Self(claim::Observer::Proxies { reporter, service, version, caller }))
    }
}
