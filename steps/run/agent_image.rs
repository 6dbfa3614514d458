//! Which image load agents and watchdogs have: what was typed goes before what the environment
//! says, and that before what the application's description says.

use faultless::application::Application;
use faultless::cluster::AgentImage;
use faultless::error::{Error, Result};

use crate::cli::RunArgs;

/// The variable that names it.
const VARIABLE: &str = "FAULTLESS_AGENT_IMAGE";

/// The image on the target of a run. A local mesh has its own.
pub(super) fn agent_image(args: &RunArgs, application: &Application) -> Result<AgentImage> {
    if args.context.is_none() {
        return Ok(AgentImage::own());
    }
    let said = match std::env::var(VARIABLE) {
        Ok(said) => Some(said),
        Err(std::env::VarError::NotPresent) => None,
        Err(cause) => return Err(Error::feature(format!("reading {VARIABLE}"), cause)),
    };
    let ways = [args.agent_image.as_deref(), said.as_deref(), application.agent_image.as_deref()];
    let (policy, secrets) = (args.image_pull_policy, args.image_pull_secrets.clone());
    AgentImage::named(first(ways), policy, secrets)
}

/// The first that says anything: an empty variable is one that is not set.
fn first<'a>(ways: impl IntoIterator<Item = Option<&'a str>>) -> Option<&'a str> {
    ways.into_iter().flatten().find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearer_to_the_run_goes_first() {
        assert_eq!(first([Some("typed"), Some("set"), Some("written")]), Some("typed"));
        assert_eq!(first([None, Some("set"), Some("written")]), Some("set"));
        assert_eq!(first([None, Some(""), Some("written")]), Some("written"));
        assert_eq!(first([None, None, None]), None);
    }
}
