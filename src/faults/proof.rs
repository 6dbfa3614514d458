//! What Istio objects must show at the proxies if they take effect. Read from the objects
//! themselves, so that it holds for a sentence's objects and for raw ones alike. Pure.

use std::time::Duration;

use serde_json::Value;

use crate::units::ServiceName;
use istio::{duration, resolve};

/// How the proxies show that a part of a configuration took effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// The source proxies logged this response flag.
    Flag(&'static str),
    /// The destination proxies of this subset saw requests or connections.
    Reached(String),
    /// The destination proxies of this subset saw requests that no source proxy sent there.
    Copied(String),
    /// The destination proxies saw more requests than the source proxies sent.
    Repeated,
}

/// What a service must show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// The service.
    pub service: ServiceName,
    /// How.
    pub sign: Sign,
    /// Which percentage of the requests to the service must show it at least, where the objects say
    /// how many it is for; 0: it must show at all.
    pub least_percent: u32,
}

/// Of a fault for all requests, so many percent must show it: those that do not are as rare as
/// those that an "every" forgives twice over, and a fault that reaches nine of ten is not missed.
const OF_ALL: f64 = 0.9;

/// Of a fault, a route or a mirror for a part of the requests, half of that part must show it: how
/// large the part is exactly is for a claim to say.
const OF_A_PART: f64 = 0.5;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a percentage from 0 to 100"
)]
fn least_percent(percent: f64) -> u32 {
    let part = if percent >= 100.0 { OF_ALL } else { OF_A_PART };
    (percent.clamp(0.0, 100.0) * part).floor() as u32
}

impl Sign {
    /// Whether it is the sign of a limit (a timeout, a breaker, an ejection). A fault or a route
    /// shows in everything that is observed; a limit that is raised shows by no longer acting, so
    /// it is enough that it showed once in its scenario.
    #[must_use]
    pub fn of_a_limit(&self) -> bool {
        match self {
            Self::Flag(flag) => matches!(*flag, "UT" | "UO" | "UH"),
            Self::Reached(_) | Self::Copied(_) | Self::Repeated => false,
        }
    }
}

/// Everything that these objects must show, each once, in a fixed order.
#[must_use]
pub fn proofs(objects: &[Value]) -> Vec<Proof> {
    let mut all = Vec::new();
    for object in objects {
        for service in services(object) {
            let signs = match object["kind"].as_str() {
                Some("VirtualService") => of_rules(object),
                _ => of_policy(&object["spec"]["trafficPolicy"]),
            };
            // A rule among others, or with conditions, is for nobody knows how many requests.
            let for_all = is_for_all(object);
            all.extend(signs.into_iter().map(|(sign, percent)| Proof {
                service: service.clone(),
                sign,
                least_percent: percent.filter(|_| for_all).map_or(0, least_percent),
            }));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Services whose destinations may see more requests than their sources send: mirrored or retried.
#[must_use]
pub fn multiplied(objects: &[Value]) -> Vec<ServiceName> {
    let multiplies = |rule: &Value| {
        let mirrors = rule["mirrors"].as_array().is_some_and(|mirrors| !mirrors.is_empty());
        rule["mirror"].is_object() || mirrors || rule["retries"]["attempts"].as_u64() > Some(0)
    };
    let multiplying = objects.iter().filter(|object| rules(object, "http").any(multiplies));
    multiplying.flat_map(services).collect()
}

/// How long the bursts are in which outcomes are expected to come under these objects; 1 where each
/// request is drawn for itself, as faults, weights and mirrors do it (and a balancer that leaves
/// out an ejected host, which it does for longer than anybody looks). A limit on connections is
/// full for a while: it meets whoever comes meanwhile. Clients send some tens of requests per
/// second in turn, so what lasts for less than a tenth of a second meets a handful. What comes in
/// longer bursts shows in the evidence, once both outcomes were seen (`verdict::Trials`).
#[must_use]
pub fn burst(objects: &[Value]) -> u32 {
    const OF_LIMITS: u32 = 5;
    let limits = |object: &&Value| {
        let policy = &object["spec"]["trafficPolicy"];
        policy["connectionPool"].is_object()
    };
    if objects.iter().any(|object| limits(&object)) { OF_LIMITS } else { 1 }
}

/// The longest that a request begun under these objects may still wait because of them.
#[must_use]
pub fn lingers(objects: &[Value]) -> Duration {
    let delays = objects.iter().flat_map(|object| rules(object, "http")).filter_map(|rule| {
        rule.pointer("/fault/delay/fixedDelay").and_then(Value::as_str).and_then(duration::parse)
    });
    delays.max().unwrap_or_default()
}

/// The services that an object is about, hosts outside of the cluster left out.
#[must_use]
pub fn services(object: &Value) -> Vec<ServiceName> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let hosts: Vec<&str> = match object["kind"].as_str() {
        Some("VirtualService") => {
            { object["spec"]["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str) }
                .collect()
        }
        _ => object["spec"]["host"].as_str().into_iter().collect(),
    };
    let service = |host: &str| {
        let full = resolve(host, namespace);
        let mut words = full.split('.');
        let name = format!("{}.{}", words.next()?, words.next()?);
        name.parse().ok()
    };
    hosts.into_iter().filter_map(service).collect()
}

fn rules<'a>(object: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    object["spec"][list].as_array().into_iter().flatten()
}

/// A sign, and for which percentage of a rule's requests it is meant, if that is known.
type Meant = (Sign, Option<f64>);

/// Whether an object's only rule is for all requests.
fn is_for_all(object: &Value) -> bool {
    let mut all = rules(object, "http").chain(rules(object, "tcp"));
    let first = all.next().is_none_or(|rule| rule["match"].as_array().is_none_or(Vec::is_empty));
    first && all.next().is_none()
}

fn of_rules(object: &Value) -> Vec<Meant> {
    let mut signs = Vec::new();
    for rule in rules(object, "http") {
        let percent = |fault: &str| {
            let percent = rule.pointer(&format!("/fault/{fault}/percentage/value"));
            percent.and_then(Value::as_f64).filter(|percent| *percent > 0.0)
        };
        let (delay, abort) = (percent("delay"), percent("abort"));
        signs.extend(delay.map(|percent| (Sign::Flag("DI"), Some(percent))));
        signs.extend(abort.map(|percent| (Sign::Flag("FI"), Some(percent))));
        if rule["timeout"].is_string() && rule["fault"].is_null() {
            signs.push((Sign::Flag("UT"), None));
        }
        if rule["retries"]["attempts"].as_u64() > Some(0) {
            signs.push((Sign::Repeated, None));
        }
        let share = rule.pointer("/mirrorPercentage/value").and_then(Value::as_f64);
        if let Some(subset) = rule["mirror"]["subset"].as_str()
            && share != Some(0.0)
        {
            // Copies are of what is not aborted; without a percentage it is all.
            let share = share.or(Some(100.0)).filter(|_| abort.is_none());
            signs.push((Sign::Copied(subset.to_owned()), share));
        }
        let all_aborted =
            rule.pointer("/fault/abort/percentage/value").and_then(Value::as_f64) >= Some(100.0);
        if !all_aborted {
            signs.extend(reached(rule));
        }
    }
    signs.extend(rules(object, "tcp").flat_map(reached));
    signs
}

/// The subsets that a rule sends anything to. How much of it is for a claim to say: what is retried
/// or taken out goes elsewhere, rightly.
fn reached(rule: &Value) -> Vec<Meant> {
    let to: Vec<_> = rule["route"].as_array().into_iter().flatten().collect();
    let used = |to: &&&Value| {
        let alone = rule["route"].as_array().is_some_and(|all| all.len() == 1);
        alone || to["weight"].as_u64() > Some(0)
    };
    to.iter()
        .filter(used)
        .filter_map(|to| to["destination"]["subset"].as_str())
        .map(|subset| (Sign::Reached(subset.to_owned()), None))
        .collect()
}

fn of_policy(policy: &Value) -> Vec<Meant> {
    let mut signs = Vec::new();
    if policy["connectionPool"].is_object() {
        signs.push((Sign::Flag("UO"), None));
    }
    // `consecutiveErrors`, which is ignored since Istio 1.7, is no reason to expect anything.
    let ejection = &policy["outlierDetection"];
    let errors = |field: &str| ejection[field].as_u64() > Some(0);
    if errors("consecutive5xxErrors") || errors("consecutiveGatewayErrors") {
        signs.push((Sign::Flag("UH"), None));
    }
    signs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOST: &str = "travels.travel-agency.svc.cluster.local";

    fn signs(kind: &str, spec: &Value) -> Vec<Sign> {
        let object = json!({"kind": kind, "metadata": {"namespace": "x"}, "spec": spec});
        let all = proofs(&[object]);
        assert!(all.iter().all(|proof| proof.service.to_string() == "travels.travel-agency"));
        all.into_iter().map(|proof| proof.sign).collect()
    }

    fn of_rule(rule: &Value) -> Vec<Sign> {
        signs("VirtualService", &json!({"hosts": [HOST], "http": [rule]}))
    }

    #[test]
    fn every_part_of_a_rule_has_its_sign() {
        let delay = json!({"fault": {"delay": {"percentage": {"value": 50.0}}}});
        assert_eq!(of_rule(&delay), [Sign::Flag("DI")]);
        let none = json!({"fault": {"delay": {"percentage": {"value": 0.0}}}});
        assert_eq!(of_rule(&none), []);
        assert_eq!(of_rule(&json!({"timeout": "2s"})), [Sign::Flag("UT")]);
        assert_eq!(of_rule(&json!({"retries": {"attempts": 3}})), [Sign::Repeated]);
        assert_eq!(of_rule(&json!({"retries": {"attempts": 0}})), []);
        let to = |subset, weight| json!({"destination": {"subset": subset}, "weight": weight});
        let split = json!({"route": [to("v1", 80), to("v2", 20), to("v3", 0)]});
        assert_eq!(of_rule(&split), [Sign::Reached("v1".into()), Sign::Reached("v2".into())]);
        let mirror = json!({"mirror": {"subset": "v3"}, "mirrorPercentage": {"value": 50.0}});
        assert_eq!(of_rule(&mirror), [Sign::Copied("v3".into())]);
        let aborted = json!({
            "fault": {"abort": {"percentage": {"value": 100.0}}}, "route": [to("v1", 100)],
        });
        assert_eq!(of_rule(&aborted), [Sign::Flag("FI")]);
        let tcp = json!({"hosts": [HOST], "tcp": [split]});
        assert_eq!(signs("VirtualService", &tcp).len(), 2);
    }

    #[test]
    fn a_fault_for_all_is_not_proven_by_one_request() {
        let least = |http: Value| {
            let spec = json!({"hosts": [HOST], "http": http});
            let object =
                json!({"kind": "VirtualService", "metadata": {"namespace": "x"}, "spec": spec});
            proofs(&[object]).iter().map(|proof| proof.least_percent).collect::<Vec<_>>()
        };
        let delay = |value: f64| json!({"fault": {"delay": {"percentage": {"value": value}}}});
        assert_eq!(least(json!([delay(100.0)])), [90]);
        assert_eq!(least(json!([delay(20.0)])), [10]);
        // Nobody knows how many requests these are for.
        let mut some = delay(100.0);
        some["match"] = json!([{"uri": {"prefix": "/x"}}]);
        assert_eq!(least(json!([some.clone()])), [0]);
        assert_eq!(least(json!([some, {"route": []}])), [0]);
        let mirror = json!({"mirror": {"subset": "v3"}, "mirrorPercentage": {"value": 50.0}});
        assert_eq!(least(json!([mirror])), [25]);
    }

    #[test]
    fn limits_make_bursts() {
        let rule =
            |policy: Value| json!({"kind": "DestinationRule", "spec": {"trafficPolicy": policy}});
        assert_eq!(burst(&[rule(json!({"connectionPool": {}}))]), 5);
        assert_eq!(burst(&[rule(json!({"outlierDetection": {}}))]), 1);
        assert_eq!(burst(&[rule(json!({"loadBalancer": {}}))]), 1);
    }

    #[test]
    fn limits_have_theirs_and_ignored_fields_none() {
        let policy = |policy: &Value| {
            signs("DestinationRule", &json!({"host": HOST, "trafficPolicy": policy}))
        };
        assert_eq!(policy(&json!({"connectionPool": {}})), [Sign::Flag("UO")]);
        assert_eq!(policy(&json!({"outlierDetection": {"consecutiveErrors": 1}})), []);
        let ejection = policy(&json!({"outlierDetection": {"consecutive5xxErrors": 1}}));
        assert_eq!(ejection, [Sign::Flag("UH")]);
        assert!(ejection[0].of_a_limit());
    }

    #[test]
    fn what_multiplies_and_what_lingers() {
        let rule = |rule: Value| {
            let spec = json!({"hosts": ["travels"], "http": [rule]});
            [json!({"kind": "VirtualService", "metadata": {"namespace": "a"}, "spec": spec})]
        };
        assert_eq!(multiplied(&rule(json!({"timeout": "2s"}))), []);
        let travels: ServiceName = "travels.a".parse().unwrap();
        assert_eq!(
            multiplied(&rule(json!({"mirror": {"subset": "v3"}}))),
            std::slice::from_ref(&travels)
        );
        assert_eq!(multiplied(&rule(json!({"retries": {"attempts": 2}}))), [travels]);
        let delay = json!({"fault": {"delay": {"fixedDelay": "5s"}}});
        assert_eq!(lingers(&rule(delay)), Duration::from_secs(5));
    }
}
