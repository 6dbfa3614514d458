//! What Istio objects must show at the proxies if they take effect. Read from the objects
//! themselves, so that it holds for a sentence's objects and for a feature's own YAML alike. Pure.

use istio::{HttpFault, HttpRoute, Object, RouteDestination, TrafficPolicy, VirtualServiceSpec};

use super::host::services;
use crate::units::ServiceName;

/// How the proxies show that a part of a configuration took effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
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
    pub signal: Signal,
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

// === impl Signal ===

impl Signal {
    /// Whether it is the signal of a limit (a timeout, a breaker, an ejection). A fault or a route
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
pub fn proofs(objects: &[Object]) -> Vec<Proof> {
    let mut all = Vec::new();
    for object in objects {
        let signs = match object {
            Object::VirtualService(service) => of_rules(&service.spec),
            Object::DestinationRule(rule) => {
                rule.spec.traffic_policy.as_ref().map(of_policy).unwrap_or_default()
            }
        };
        for service in services(object) {
            all.extend(signs.iter().map(|(signal, percent)| Proof {
                service: service.clone(),
                signal: signal.clone(),
                least_percent: percent.map_or(0, least_percent),
            }));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// A signal, and for which percentage of the requests to the service it is meant, if that is known.
type Meant = (Signal, Option<f64>);

fn of_rules(spec: &VirtualServiceSpec) -> Vec<Meant> {
    let mut signs: Vec<_> = spec.http.iter().flat_map(of_rule).collect();
    signs.extend(spec.tcp.iter().flat_map(|rule| reached(&rule.route)));
    // A rule among others, or with conditions, is for nobody knows how many requests.
    let conditions = spec.http.iter().map(|rule| rule.matches.is_empty());
    let mut conditions = conditions.chain(spec.tcp.iter().map(|rule| rule.matches.is_empty()));
    let for_all = conditions.next().unwrap_or(true) && conditions.next().is_none();
    if !for_all {
        for (_, percent) in &mut signs {
            *percent = None;
        }
    }
    signs
}

fn of_rule(rule: &HttpRoute) -> Vec<Meant> {
    let mut signs = Vec::new();
    let fault = rule.fault.as_ref();
    let (delay, abort) = (fault.and_then(delayed), fault.and_then(aborted));
    signs.extend(delay.map(|percent| (Signal::Flag("DI"), Some(percent))));
    signs.extend(abort.map(|percent| (Signal::Flag("FI"), Some(percent))));
    if rule.timeout.is_some() && fault.is_none() {
        signs.push((Signal::Flag("UT"), None));
    }
    if rule.retries.as_ref().is_some_and(|retries| *retries.attempts > 0) {
        signs.push((Signal::Repeated, None));
    }
    let copied = rule.mirrored_percent();
    if let Some(mirror) = &rule.mirror
        && !mirror.subset.is_empty()
        && copied > 0.0
    {
        // Copies are of what is not aborted.
        let share = abort.is_none().then_some(copied);
        signs.push((Signal::Copied(mirror.subset.to_string()), share));
    }
    let all_aborted = abort.is_some_and(|percent| percent >= 100.0);
    if !all_aborted {
        signs.extend(reached(&rule.route));
    }
    signs
}

/// For which percentage a delay is meant. Without one it never happens, which nobody means: it is
/// to show at least once, and what is claimed of it passes no more than it does.
fn delayed(fault: &HttpFault) -> Option<f64> {
    let delay = fault.delay.as_ref().filter(|delay| delay.fixed_delay.is_some())?;
    meant(delay.share())
}

/// For which percentage an abort is meant.
fn aborted(fault: &HttpFault) -> Option<f64> {
    let says = |abort: &&istio::Abort| abort.http_status.is_some() || abort.grpc_status.is_some();
    meant(fault.abort.as_ref().filter(says)?.share())
}

/// Whoever writes 0% means none.
fn meant(share: Option<f64>) -> Option<f64> {
    share.map_or(Some(0.0), |share| Some(share).filter(|share| *share > 0.0))
}

/// The subsets that a rule sends anything to. How much of it is for a claim to say: what is retried
/// or taken out goes elsewhere, rightly.
fn reached(route: &[RouteDestination]) -> Vec<Meant> {
    let used = |to: &&RouteDestination| route.len() == 1 || to.weight > Some(0);
    let subsets = route.iter().filter(used).map(|to| &to.destination.subset);
    let named = subsets.filter(|subset| !subset.is_empty());
    named.map(|subset| (Signal::Reached(subset.to_string()), None)).collect()
}

fn of_policy(policy: &TrafficPolicy) -> Vec<Meant> {
    let mut signs = Vec::new();
    if policy.connection_pool.is_some() {
        signs.push((Signal::Flag("UO"), None));
    }
    // `consecutiveErrors`, which is ignored since Istio 1.7, is no reason to expect anything. Where
    // some pods must stay, no request ever finds all of them left out, and the few that are left
    // out show nowhere; without a percentage it may be that none is, which nobody means.
    if let Some(ejection) = &policy.outlier_detection
        && matches!(ejection.max_ejection_percent, None | Some(0 | 100..))
        && (ejection.consecutive_5xx_errors > Some(0)
            || ejection.consecutive_gateway_errors > Some(0))
    {
        signs.push((Signal::Flag("UH"), None));
    }
    signs
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HOST: &str = "travels.travel-agency.svc.cluster.local";

    fn signs(kind: &str, spec: &Value) -> Vec<Signal> {
        let object = json!({"kind": kind, "metadata": {"namespace": "x"}, "spec": spec});
        let all = proofs(&[Object::parse(&object).unwrap()]);
        assert!(all.iter().all(|proof| proof.service.to_string() == "travels.travel-agency"));
        all.into_iter().map(|proof| proof.signal).collect()
    }

    fn of_rule(rule: &Value) -> Vec<Signal> {
        signs("VirtualService", &json!({"hosts": [HOST], "http": [rule]}))
    }

    #[test]
    fn every_part_of_a_rule_has_its_sign() {
        let delay = |mut fields: Value| {
            fields["fixedDelay"] = "5s".into();
            json!({"fault": {"delay": fields}})
        };
        assert_eq!(of_rule(&delay(json!({"percentage": {"value": 50.0}}))), [Signal::Flag("DI")]);
        assert_eq!(of_rule(&delay(json!({"percent": 50}))), [Signal::Flag("DI")]);
        assert_eq!(of_rule(&delay(json!({"percentage": {"value": 0.0}}))), []);
        // Without a percentage it never happens, and says so by what is missing.
        assert_eq!(of_rule(&delay(json!({}))), [Signal::Flag("DI")]);
        let abort = json!({"fault": {"abort": {"httpStatus": 503}}});
        assert_eq!(of_rule(&abort), [Signal::Flag("FI")]);
        // Without a length or a status there is none to happen.
        let nothing = json!({"percentage": {"value": 50.0}});
        assert_eq!(of_rule(&json!({"fault": {"delay": nothing, "abort": nothing}})), []);
        assert_eq!(of_rule(&json!({"timeout": "2s"})), [Signal::Flag("UT")]);
        assert_eq!(of_rule(&json!({"retries": {"attempts": 3}})), [Signal::Repeated]);
        assert_eq!(of_rule(&json!({"retries": {"attempts": 0}})), []);
        let to = |subset, weight| json!({"destination": {"subset": subset}, "weight": weight});
        let split = json!({"route": [to("v1", 80), to("v2", 20), to("v3", 0)]});
        assert_eq!(of_rule(&split), [Signal::Reached("v1".into()), Signal::Reached("v2".into())]);
        let mirror = json!({"mirror": {"subset": "v3"}, "mirrorPercentage": {"value": 50.0}});
        assert_eq!(of_rule(&mirror), [Signal::Copied("v3".into())]);
        let aborted = json!({
            "fault": {"abort": {"httpStatus": 500, "percentage": {"value": 100.0}}},
            "route": [to("v1", 100)],
        });
        assert_eq!(of_rule(&aborted), [Signal::Flag("FI")]);
        let tcp = json!({"hosts": [HOST], "tcp": [split]});
        assert_eq!(signs("VirtualService", &tcp).len(), 2);
    }

    #[test]
    fn a_fault_for_all_is_not_proven_by_one_request() {
        let least = |http: Value| {
            let spec = json!({"hosts": [HOST], "http": http});
            let object =
                json!({"kind": "VirtualService", "metadata": {"namespace": "x"}, "spec": spec});
            let object = Object::parse(&object).unwrap();
            proofs(&[object]).iter().map(|proof| proof.least_percent).collect::<Vec<_>>()
        };
        let delay = |value: f64| {
            let delay = json!({"fixedDelay": "5s", "percentage": {"value": value}});
            json!({"fault": {"delay": delay}})
        };
        assert_eq!(least(json!([delay(100.0)])), [90]);
        assert_eq!(least(json!([delay(20.0)])), [10]);
        // Nobody knows how many requests these are for.
        let mut some = delay(100.0);
        some["match"] = json!([{"uri": {"prefix": "/x"}}]);
        assert_eq!(least(json!([some.clone()])), [0]);
        assert_eq!(least(json!([some, {"route": []}])), [0]);
        let mirror = json!({"mirror": {"subset": "v3"}, "mirrorPercentage": {"value": 50.0}});
        assert_eq!(least(json!([mirror])), [25]);
        // By their old names.
        let old = json!({"mirror": {"subset": "v3"}, "mirror_percent": 10});
        assert_eq!(least(json!([old])), [5]);
        let old = json!({"fault": {"delay": {"fixedDelay": "2s", "percent": 100}}});
        assert_eq!(least(json!([old])), [90]);
        // It must show at all.
        assert_eq!(least(json!([{"fault": {"delay": {"fixedDelay": "2s"}}}])), [0]);
    }

    #[test]
    fn limits_have_theirs_and_ignored_fields_none() {
        let policy = |policy: &Value| {
            signs("DestinationRule", &json!({"host": HOST, "trafficPolicy": policy}))
        };
        assert_eq!(policy(&json!({"connectionPool": {}})), [Signal::Flag("UO")]);
        assert_eq!(policy(&json!({"outlierDetection": {"consecutiveErrors": 1}})), []);
        let ejection = policy(&json!({"outlierDetection": {"consecutive5xxErrors": 1}}));
        assert_eq!(ejection, [Signal::Flag("UH")]);
        assert!(ejection[0].of_a_limit());
        let part = json!({"consecutive5xxErrors": 1, "maxEjectionPercent": 50});
        assert_eq!(policy(&json!({"outlierDetection": part})), []);
    }
}
