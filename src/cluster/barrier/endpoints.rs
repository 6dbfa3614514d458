//! What proxies must know of the pods behind services.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::expected::Expected;
use super::proof::Converged;
use super::watch::DEADLINE;
use crate::cluster::handle::Cluster;
use crate::cluster::pod::Pod;
use crate::error::{Blame, Result};

/// For so long pods are taken to be as they were looked at. Somebody else may scale them meanwhile.
const STANDING: Duration = Duration::from_secs(2);

// === impl Cluster ===

impl Cluster {
    /// Waits until the proxies in these namespaces send requests to the pods that are ready now,
    /// and to no others.
    pub async fn endpoints_known(
        &self,
        namespaces: &[String],
        names: &[String],
    ) -> Result<Converged> {
        let before = self.before_writing(namespaces, &[]).await?;
        let started = Instant::now();
        loop {
            let mut expected = Vec::new();
            for namespace in namespaces {
                let (services, _) = self.list("v1", "Service", namespace, "").await?;
                let (pods, _) = self.list("v1", "Pod", namespace, "").await?;
                expected.extend(services.iter().filter_map(|service| endpoints(service, &pods)));
            }
            match self.wait(&before, &expected, names, STANDING).await {
                Err(error) if error.blame() == Blame::Runner && started.elapsed() < DEADLINE => {}
                Ok(known) => return Ok(Converged { took: started.elapsed(), ..known }),
                Err(error) => return Err(error),
            }
        }
    }
}

/// What the proxies must show of a service: the pods that it selects, if they are ready. Nothing of
/// one that has no address of its own, or selects nothing itself.
fn endpoints(service: &Value, pods: &[Value]) -> Option<Expected> {
    let text = |path: &str| service.pointer(path).and_then(Value::as_str);
    let selector = service.pointer("/spec/selector")?.as_object()?;
    if selector.is_empty() || text("/spec/clusterIP") == Some("None") {
        return None;
    }
    let selected = |pod: &&Value| {
        let labels = &pod["metadata"]["labels"];
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    let ready = |pod: &&Value| Pod::of(pod).is_some_and(|pod| pod.ready);
    let addresses = pods.iter().filter(selected).filter(ready);
    let addresses = addresses.filter_map(|pod| pod["status"]["podIP"].as_str().map(str::to_owned));
    let (namespace, name) = (text("/metadata/namespace")?, text("/metadata/name")?);
    Some(Expected::endpoints(namespace, name, addresses.collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_services_endpoints_are_the_ready_pods_that_it_selects() {
        let pod = |name: &str, app: &str, ready: &str| {
            let metadata =
                json!({"name": name, "namespace": "shop", "uid": name, "labels": {"app": app}});
            json!({
                "metadata": metadata,
                "status": {
                    "phase": "Running",
                    "podIP": name,
                    "conditions": [{"type": "Ready", "status": ready}],
                },
            })
        };
        let pods = [pod("1", "cart", "True"), pod("2", "cart", "False"), pod("3", "other", "True")];
        let service = |spec: Value| {
            let service = json!({"metadata": {"name": "cart", "namespace": "shop"}, "spec": spec});
            endpoints(&service, &pods)
        };
        let one = Expected::endpoints("shop", "cart", BTreeSet::from(["1".to_owned()]));
        assert_eq!(service(json!({"selector": {"app": "cart"}})), Some(one));
        for none in [json!({}), json!({"selector": {"app": "cart"}, "clusterIP": "None"})] {
            assert_eq!(service(none), None);
        }
    }
}
