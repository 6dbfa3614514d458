//! What is to be expected of traffic under these objects besides what they must show: more requests
//! than are sent, outcomes in bursts, and requests that outlast the configuration. Pure.

use std::time::Duration;

use istio::{HttpRoute, Object};

use super::host::services;
use crate::units::ServiceName;

/// Services whose destinations may see more requests than their sources send: mirrored or retried.
#[must_use]
pub fn amplified(objects: &[Object]) -> Vec<ServiceName> {
    let multiplies = |rule: &HttpRoute| {
        let again = rule.retries.as_ref().is_some_and(|retries| *retries.attempts > 0);
        rule.mirror.is_some() || !rule.mirrors.is_empty() || again
    };
    let multiplying = objects.iter().filter(|object| http(object).iter().any(multiplies));
    multiplying.flat_map(services).collect()
}

/// How long the bursts are in which outcomes are expected to come under these objects; 1 where each
/// request is drawn for itself, as faults, weights and mirrors do it (and a balancer that leaves
/// out an ejected host, which it does for longer than anybody looks). A limit on connections is
/// full for a while: it meets whoever comes meanwhile. Clients send some tens of requests per
/// second in turn, so what lasts for less than a tenth of a second meets a handful. What comes in
/// longer bursts shows in the evidence, once both outcomes were seen (`verdict::Trials`).
#[must_use]
pub fn burst(objects: &[Object]) -> u32 {
    const OF_LIMITS: u32 = 5;
    let limits = |object: &Object| match object {
        Object::VirtualService(_) => false,
        Object::DestinationRule(rule) => {
            let policy = rule.spec.traffic_policy.as_ref();
            policy.is_some_and(|policy| policy.connection_pool.is_some())
        }
    };
    if objects.iter().any(limits) { OF_LIMITS } else { 1 }
}

/// The longest that a request begun under these objects may still wait because of them.
#[must_use]
pub fn longest_delay(objects: &[Object]) -> Duration {
    let rules = objects.iter().flat_map(http);
    let delays = rules.filter_map(|rule| rule.fault.as_ref()?.delay.as_ref()?.fixed_delay.as_ref());
    delays.filter_map(istio::Duration::get).max().unwrap_or_default()
}

fn http(object: &Object) -> &[HttpRoute] {
    match object {
        Object::VirtualService(service) => &service.spec.http,
        Object::DestinationRule(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(kind: &str, spec: Value) -> Object {
        let object = json!({"kind": kind, "metadata": {"namespace": "a"}, "spec": spec});
        Object::parse(&object).unwrap()
    }

    #[test]
    fn limits_make_bursts() {
        let rule = |policy: Value| object("DestinationRule", json!({"trafficPolicy": policy}));
        assert_eq!(burst(&[rule(json!({"connectionPool": {}}))]), 5);
        assert_eq!(burst(&[rule(json!({"outlierDetection": {}}))]), 1);
        assert_eq!(burst(&[rule(json!({"loadBalancer": {}}))]), 1);
    }

    #[test]
    fn what_multiplies_and_what_lingers() {
        let rule = |rule: Value| {
            let spec = json!({"hosts": ["travels"], "http": [rule]});
            [object("VirtualService", spec)]
        };
        assert_eq!(amplified(&rule(json!({"timeout": "2s"}))), []);
        let travels: ServiceName = "travels.a".parse().unwrap();
        assert_eq!(
            amplified(&rule(json!({"mirror": {"subset": "v3"}}))),
            std::slice::from_ref(&travels)
        );
        assert_eq!(amplified(&rule(json!({"retries": {"attempts": 2}}))), [travels]);
        let delay = json!({"fault": {"delay": {"fixedDelay": "5s"}}});
        assert_eq!(longest_delay(&rule(delay)), Duration::from_secs(5));
    }
}
