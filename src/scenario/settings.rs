//! What an application's clients can be told while they run: their settings, which they keep in
//! their memory and nowhere else. They are read before they are changed, changed after the journal
//! knows them, and given back; what no journal tells, no label on an object tells either.

use reports::Phase;
use serde_json::Value;

use super::state::Scenario;
use crate::application::settings::Endpoint;
use crate::error::{Error, Result};
use crate::safety::same;
use crate::scenario::run::Run;

/// How a change of settings is told: nothing in the mesh knows what they were.
const HOW: &str =
    "told; if this runner dies, only `faultless recover` on its machine gives it back";

impl Scenario {
    /// Given or When: a client (`None`: every one) is told these settings, each a path such as
    /// `devices.web` with its value; all others stay as they are.
    pub async fn set(&mut self, client: Option<&str>, settings: &[(String, String)]) -> Result<()> {
        self.step(async |this| {
            let clients: Vec<String> = match client {
                Some(name) => vec![name.to_owned()],
                None => this.application.clients.keys().cloned().collect(),
            };
            let mut endpoints = Vec::new();
            for name in clients {
                let none = || {
                    let doing = format!("changing the settings of client {name}");
                    Error::feature(doing, "its description has no `settings`")
                };
                let endpoint = this.application.client(&name)?.endpoint().ok_or_else(none)?;
                endpoints.push((name, endpoint));
            }
            let list: Vec<_> = settings.iter().map(|(path, to)| format!("{path} {to}")).collect();
            this.enter(Phase::Prepare, format!("settings: {}", list.join(", ")))?;
            this.forget_evidence();
            let Some(run) = this.run.clone() else { return Ok(()) };
            let mut told = Vec::new();
            for (name, endpoint) in &endpoints {
                let how = this.tell_client(&run, name, endpoint, settings).await?;
                told.push(format!("the settings of client {name} ({how})"));
            }
            this.disturbed_by(&run, told, None);
            Ok(())
        })
        .await
    }

    async fn tell_client(
        &mut self,
        run: &Run,
        client: &str,
        endpoint: &Endpoint,
        settings: &[(String, String)],
    ) -> Result<&'static str> {
        let doing = || format!("changing the settings of client {client}");
        let cluster = &run.cluster;
        let pods = cluster.pods(&endpoint.namespace, &endpoint.selector).await?;
        let mut before: Option<Value> = None;
        for pod in &pods {
            let now = endpoint.read(cluster, pod).await?;
            match &before {
                Some(other) if !same(other, &now) => {
                    return Err(Error::runner(doing(), "its pods are not set alike"));
                }
                _ => before = Some(now),
            }
        }
        let Some(before) = before else {
            let cause = format!("no pod runs that is {}", endpoint.selector);
            return Err(Error::runner(doing(), cause));
        };
        let mut wrote = before.clone();
        for (path, to) in settings {
            replace(&mut wrote, path, to)
                .map_err(|cause| Error::feature(doing(), format!("`{path}`: {cause}")))?;
        }
        if same(&wrote, &before) {
            return Ok("are so already");
        }
        self.remember(run).await?;
        run.applier.set(self.scope(), client, endpoint, &pods, before, wrote).await?;
        Ok(HOW)
    }
}

/// Replaces a value that is there, by one of its own sort: a setting that nobody knows does
/// nothing, and a client may take it all the same.
pub(crate) fn replace(
    settings: &mut Value,
    path: &str,
    to: &str,
) -> std::result::Result<(), &'static str> {
    let pointer = format!("/{}", path.replace('.', "/"));
    let there = settings.pointer_mut(&pointer).ok_or("there is no such setting")?;
    *there = match there {
        Value::String(_) => Value::String(to.to_owned()),
        Value::Number(_) => match serde_json::from_str(to) {
            Ok(Value::Number(number)) => Value::Number(number),
            _ => return Err("it is a number"),
        },
        Value::Bool(_) => to.parse().map(Value::Bool).map_err(|_| "it is true or false")?,
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return Err("it is no single value; name one in it, as in `devices.web`");
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_is_replaced_by_its_own_sort_and_never_invented() {
        let mut settings = json!({"ratio": 50, "devices": {"web": 50}, "name": "x", "on": true});
        for (path, to) in [("ratio", "100"), ("devices.web", "7"), ("name", "7"), ("on", "false")] {
            replace(&mut settings, path, to).unwrap();
        }
        let wanted = json!({"ratio": 100, "devices": {"web": 7}, "name": "7", "on": false});
        assert_eq!(settings, wanted);
        for (path, to) in [("ration", "1"), ("ratio", "much"), ("devices", "1"), ("on", "1")] {
            assert!(replace(&mut settings, path, to).is_err(), "{path}");
        }
        assert_eq!(settings, wanted);
    }
}
