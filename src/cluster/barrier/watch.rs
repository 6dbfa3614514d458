//! Waiting until every proxy knows what was written.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::before::Before;
use super::expected::Expected;
use super::judge::{Judge, Judgement};
use super::look::{Look, witnesses};
use super::proof::{Converged, Proof};
use crate::cluster::handle::Cluster;
use crate::cluster::pod::Pod;
use crate::cluster::tunnel::Unreached;
use crate::error::{Error, Result};

/// A healthy mesh converges in well under a second; istiod itself pushes at the latest after 10 s
/// of debouncing. Twice that is a mesh that does not converge.
const DEADLINE: Duration = Duration::from_secs(20);

/// Between two looks, at first and at most. A look costs a control plane and two proxies a page.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(80);

/// After this time others are asked, too: those that were asked may not use what was written.
const WIDEN: Duration = Duration::from_millis(800);

/// Where nobody may be asked, istiod is given its debouncing (100 ms after the last change) and
/// its push twenty times over.
const BLIND_PAUSE: Duration = Duration::from_secs(3);

/// Between two looks at counters, which istiod collects for each.
const COUNTERS_PAUSE: Duration = Duration::from_millis(100);

/// How long after a push was counted its answers are in.
const ANSWERED: Duration = Duration::from_millis(500);

// === impl Cluster ===

impl Cluster {
    /// Waits until every proxy that must know it knows what was written since. A refusal is
    /// reported as that of the objects that were written.
    pub async fn converged(&self, before: &Before) -> Result<Converged> {
        let names: Vec<_> = before.objects.iter().map(|(object, _)| object.to_string()).collect();
        let mut now = Vec::new();
        for (object, _) in &before.objects {
            now.push(self.get(object).await?);
        }
        let expected = before.expected(&now);
        if expected.is_empty() {
            let proxies = before.look.as_ref().map_or(0, |look| count(look.proxies.len()));
            return Ok(Converged { proxies, took: Duration::ZERO, proof: Proof::Shown });
        }
        self.wait(before, &expected, &names).await
    }

    /// Waits until the proxies in these namespaces send requests to the pods that are ready now,
    /// and to no others.
    pub async fn endpoints_known(
        &self,
        namespaces: &[String],
        names: &[String],
    ) -> Result<Converged> {
        let before = self.before_writing(namespaces, &[]).await?;
        let mut expected = Vec::new();
        for namespace in namespaces {
            let (services, _) = self.list("v1", "Service", namespace, "").await?;
            let (pods, _) = self.list("v1", "Pod", namespace, "").await?;
            expected.extend(services.iter().filter_map(|service| endpoints(service, &pods)));
        }
        self.wait(&before, &expected, names).await
    }

    /// Waits until the proxies in these namespaces have accepted all that they were sent.
    pub async fn acknowledged(&self, namespaces: &[String]) -> Result<Converged> {
        let before = self.before_writing(namespaces, &[]).await?;
        self.wait(&before, &[Expected::anything()], &["what was written".to_owned()]).await
    }

    async fn wait(
        &self,
        before: &Before,
        expected: &[Expected],
        names: &[String],
    ) -> Result<Converged> {
        let doing = || format!("waiting until every proxy knows {}", names.join(", "));
        let Some(earlier) = &before.look else { return self.wait_blindly(before, doing()).await };
        let can_be_shown = expected.iter().filter(|expected| expected.can_be_shown());
        let types: BTreeSet<_> =
            can_be_shown.flat_map(|expected| expected.types.iter().copied()).collect();
        let (started, mut pause) = (Instant::now(), PAUSE);
        let (mut judge, mut asked) = (Judge::default(), witnesses(earlier, false));
        loop {
            // In this order: a control plane that is asked later knows of what a proxy has shown.
            let look = async {
                let shown = self.shown(&asked, &types).await?;
                Ok::<_, Unreached>(Look { shown, ..self.proxies(&before.namespaces).await? })
            };
            let look = match look.await {
                Ok(look) => look,
                Err(Unreached::Forbidden) => return self.wait_blindly(before, doing()).await,
                Err(Unreached::Failed(error)) if started.elapsed() > DEADLINE => return Err(error),
                Err(Unreached::Failed(_)) => {
                    tokio::time::sleep(PAUSE_MAX).await;
                    continue;
                }
            };
            let took = started.elapsed();
            match judge.judge(earlier, &look, expected, took) {
                Judgement::Known(proof) => {
                    let proxies = count(look.proxies.len());
                    return Ok(Converged { proxies, took, proof });
                }
                Judgement::Refused(proxy, reason) => {
                    return Err(Error::mesh(doing(), format!("{proxy} refused it: {reason}"))
                        .hint(format!("look at {}", names.join(", "))));
                }
                Judgement::Waiting(behind) if took > DEADLINE => {
                    return Err(Error::runner(doing(), late(&behind)));
                }
                Judgement::Waiting(_) => {}
            }
            asked = witnesses(&look, took > WIDEN);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Without the right to ask a pod from within: by the control planes' counters, which anybody
    /// may read, and if not even those can be read, by a pause.
    async fn wait_blindly(&self, before: &Before, doing: String) -> Result<Converged> {
        let started = Instant::now();
        let Some(earlier) = &before.counters else {
            tokio::time::sleep(BLIND_PAUSE).await;
            let took = started.elapsed();
            return Ok(Converged { proxies: 0, took, proof: Proof::Paused });
        };
        while started.elapsed() < BLIND_PAUSE {
            let now = self.counters(&before.namespaces).await;
            if now.as_ref().is_some_and(|now| now.pushes > earlier.pushes) {
                tokio::time::sleep(ANSWERED).await;
                let refused = self
                    .counters(&before.namespaces)
                    .await
                    .map_or(0, |now| now.refused - earlier.refused);
                if refused > 0 {
                    let cause = format!("{refused} refused it, by the control plane's counters");
                    return Err(Error::mesh(doing, cause).hint(
                        "with the right to create pods/portforward in its namespace the reason \
                         would be here",
                    ));
                }
                let took = started.elapsed();
                return Ok(Converged { proxies: 0, took, proof: Proof::Pushed });
            }
            tokio::time::sleep(COUNTERS_PAUSE).await;
        }
        Ok(Converged { proxies: 0, took: started.elapsed(), proof: Proof::Paused })
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

fn late(behind: &[super::syncz::Proxy]) -> String {
    if behind.is_empty() {
        return "no proxy was sent it: does any of them use it?".to_owned();
    }
    let names: Vec<_> = behind.iter().take(5).map(ToString::to_string).collect();
    format!("{} proxies still do not: {}", behind.len(), names.join(", "))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
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
