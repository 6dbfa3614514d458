//! A service's configuration as Istio's objects. They bear no labels: whose they are is for whoever
//! writes them to say. Pure.

use istio::{
    Destination, DestinationRuleSpec, HttpFault, HttpMatch, HttpRoute, Metadata, Object,
    Percentage, RouteDestination, StringMatch, Subset, TcpRoute, TrafficPolicy, VirtualServiceSpec,
};

use super::disturbance::HeaderMatch;
use super::service_config::{Rule, ServiceConfig, spelled};

// === impl ServiceConfig ===

impl ServiceConfig {
    /// The objects, in the order in which they are to be written: a DestinationRule before the
    /// VirtualService that names its subsets, or requests meet a cluster that does not exist.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        self.destination_rule().into_iter().chain(self.virtual_service()).collect()
    }

    fn destination_rule(&self) -> Option<Object> {
        let Self { subject, rules, breaker, ejection } = self;
        let subsets = rules.iter().any(|rule| !rule.weights.is_empty() || rule.mirror.is_some());
        let limits = breaker.is_some() || ejection.is_some();
        if !subsets && !limits {
            return None;
        }
        let versions = if subsets { &subject.versions[..] } else { &[] };
        let traffic_policy = limits.then(|| TrafficPolicy {
            connection_pool: breaker.clone(),
            outlier_detection: ejection.clone(),
            ..TrafficPolicy::default()
        });
        let spec = DestinationRuleSpec {
            host: subject.host().into(),
            subsets: versions.iter().map(|version| subset(version)).collect(),
            traffic_policy,
            ..DestinationRuleSpec::default()
        };
        Some(Object::destination_rule(self.metadata(), spec))
    }

    fn virtual_service(&self) -> Option<Object> {
        if self.rules.is_empty() {
            return None;
        }
        let hosts = vec![self.subject.host()].into();
        let mut spec = VirtualServiceSpec { hosts, ..VirtualServiceSpec::default() };
        // What is said of every request holds for those with a rule of their own, too.
        let general = self.rules.last().filter(|last| last.only.is_none());
        let rules = self.rules.iter().cloned();
        let rules = rules.map(|rule| match general {
            Some(general) => rule.within(general),
            None => rule,
        });
        if self.subject.tcp {
            let route = |rule: &Rule| self.route(rule).into();
            let tcp = rules.map(|rule| TcpRoute { route: route(&rule), ..TcpRoute::default() });
            spec.tcp = tcp.collect();
        } else {
            spec.http = rules.map(|rule| self.http(rule)).collect();
        }
        Some(Object::virtual_service(self.metadata(), spec))
    }

    fn http(&self, rule: Rule) -> HttpRoute {
        let route = self.route(&rule).into();
        let Rule { only, weights: _, delay, abort, timeout, retries, mirror } = rule;
        let faulty = delay.is_some() || abort.is_some();
        let mirror_percentage = mirror.as_ref().map(|(share, _)| Percentage::of(share.percent()));
        HttpRoute {
            matches: only.iter().map(header_match).collect(),
            route,
            fault: faulty.then(|| HttpFault { delay, abort, ..HttpFault::default() }),
            timeout: timeout.map(spelled),
            retries,
            mirror: mirror.map(|(_, version)| self.version(version)),
            mirror_percentage,
            ..HttpRoute::default()
        }
    }

    /// Where a rule's requests go.
    fn route(&self, rule: &Rule) -> Vec<RouteDestination> {
        if rule.weights.is_empty() {
            let destination = self.version(String::new()).into();
            return vec![RouteDestination { destination, ..RouteDestination::default() }];
        }
        let to = |(version, weight): &(String, i32)| RouteDestination {
            destination: self.version(version.clone()).into(),
            weight: Some(*weight),
            ..RouteDestination::default()
        };
        rule.weights.iter().map(to).collect()
    }

    /// A version; the empty one is the whole service.
    fn version(&self, version: String) -> Destination {
        Destination {
            host: self.subject.host().into(),
            subset: version.into(),
            ..Destination::default()
        }
    }

    fn metadata(&self) -> Metadata {
        Metadata {
            name: format!("faultless-{}", self.subject.name).into(),
            namespace: self.subject.namespace.clone().into(),
            ..Metadata::default()
        }
    }
}

fn subset(version: &str) -> Subset {
    let labels = [("version".to_owned(), version.to_owned())].into_iter().collect();
    Subset { name: version.into(), labels, ..Subset::default() }
}

fn header_match(only: &HeaderMatch) -> HttpMatch {
    let value = StringMatch { exact: Some(only.value.clone()), ..StringMatch::default() };
    let headers = [(only.name.clone(), value)].into_iter().collect();
    HttpMatch { headers, ..HttpMatch::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::faults::disturbance::Disturbance;
    use crate::faults::host::Subject;
    use crate::units::Percent;

    fn travels() -> ServiceConfig {
        let versions = ["v1", "v2", "v3"].map(str::to_owned).to_vec();
        let namespace = "travel-agency".to_owned();
        ServiceConfig::new(Subject { name: "travels".into(), namespace, tcp: false, versions })
    }

    fn portal(name: &str) -> HeaderMatch {
        HeaderMatch { name: "portal".into(), value: name.into() }
    }

    fn http(configuration: &ServiceConfig) -> Value {
        let objects = configuration.objects();
        objects.last().unwrap().to_value()["spec"]["http"].clone()
    }

    #[test]
    fn a_delay_needs_no_subsets() {
        let mut hotels = travels();
        let delay = "5s".parse().unwrap();
        hotels.disturb(&Disturbance::Delay { share: Percent::ALL, delay }).unwrap();
        let objects = hotels.objects();
        assert_eq!(objects.len(), 1);
        assert_eq!(
            http(&hotels),
            json!([{
                "route": [{"destination": {"host": "travels.travel-agency.svc.cluster.local"}}],
                "fault": {"delay": {"percentage": {"value": 100.0}, "fixedDelay": "5s"}},
            }])
        );
        let delay = "2s".parse().unwrap();
        hotels.disturb(&Disturbance::Delay { share: Percent::ALL, delay }).unwrap();
        assert_eq!(http(&hotels)[0]["fault"]["delay"]["fixedDelay"], "2s");
        assert_eq!(http(&hotels).as_array().unwrap().len(), 1);
    }

    #[test]
    fn the_rule_without_a_match_stays_last() {
        let mut travels = travels();
        let after = "2s".parse().unwrap();
        let only = Some(portal("voyages.fr"));
        travels.disturb(&Disturbance::Timeout { only, after }).unwrap();
        let version = "v2".to_owned();
        travels.disturb(&Disturbance::Route { only: portal("viaggi.it"), version }).unwrap();
        let rules = http(&travels);
        assert_eq!(rules[0]["timeout"], "2s");
        assert_eq!(rules[1]["match"][0]["headers"]["portal"]["exact"], "viaggi.it");
        assert_eq!(rules[2]["match"], Value::Null);
        assert_eq!(rules.as_array().unwrap().len(), 3);
    }

    #[test]
    fn what_is_said_of_every_request_holds_for_those_with_a_rule_of_their_own() {
        let mut travels = travels();
        let (short, long) = ("2s".parse().unwrap(), "9s".parse().unwrap());
        let only = Some(portal("voyages.fr"));
        let weights = vec![("v1".to_owned(), 80), ("v2".to_owned(), 20)];
        for disturbance in [
            Disturbance::Timeout { only, after: short },
            Disturbance::Route { only: portal("viaggi.it"), version: "v3".into() },
            Disturbance::Split { weights },
            Disturbance::Timeout { only: None, after: long },
            Disturbance::Retries { attempts: 3, on: "5xx".into() },
        ] {
            travels.disturb(&disturbance).unwrap();
        }
        let rules = http(&travels);
        let weights = |rule: &Value| rule["route"].as_array().unwrap().len();
        let each: Vec<_> = rules.as_array().unwrap().iter().map(weights).collect();
        assert_eq!(each, [2, 1, 2], "the split is for all that have no version of their own");
        assert_eq!(rules[0]["timeout"], "2s", "what is said of some is not taken back");
        assert_eq!((&rules[1]["timeout"], &rules[2]["timeout"]), (&json!("9s"), &json!("9s")));
        assert!(rules.as_array().unwrap().iter().all(|rule| rule["retries"]["attempts"] == 3));
    }

    #[test]
    fn routing_alone_has_no_default_route() {
        let mut travels = travels();
        for (name, version) in [("travels.uk", "v1"), ("viaggi.it", "v2")] {
            let route = Disturbance::Route { only: portal(name), version: version.into() };
            travels.disturb(&route).unwrap();
        }
        assert_eq!(http(&travels).as_array().unwrap().len(), 2);
        let kinds: Vec<_> = travels.objects().iter().map(Object::kind).collect();
        assert_eq!(kinds, ["DestinationRule", "VirtualService"]);
    }

    #[test]
    fn an_object_is_its_subjects_and_bears_no_label() {
        let mut travels = travels();
        let weights = vec![("v1".to_owned(), 100)];
        travels.disturb(&Disturbance::Split { weights }).unwrap();
        travels.disturb(&Disturbance::Breaker { max_connections: 1, max_pending: 2 }).unwrap();
        let rule = travels.objects().remove(0);
        let subset = |version: &str| json!({"name": version, "labels": {"version": version}});
        let subsets = ["v1", "v2", "v3"].map(subset);
        assert_eq!(
            rule.to_value(),
            json!({
                "apiVersion": "networking.istio.io/v1",
                "kind": "DestinationRule",
                "metadata": {"name": "faultless-travels", "namespace": "travel-agency"},
                "spec": {
                    "host": "travels.travel-agency.svc.cluster.local",
                    "subsets": subsets,
                    "trafficPolicy": {"connectionPool": {
                        "tcp": {"maxConnections": 1},
                        "http": {"http1MaxPendingRequests": 2},
                    }},
                },
            })
        );
        for object in travels.objects() {
            assert_eq!(Object::parse(&object.to_value()), Ok(object));
        }
    }
}
