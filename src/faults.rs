//! What a step does to a service, and the Istio objects that do it. Pure: a service's disturbances
//! add up to one configuration, and the configuration is rendered whole each time, so that an
//! update never depends on what was there before.

mod proof;

use serde_json::{Value, json};

pub use self::proof::{Proof, Sign, burst, lingers, multiplied, proofs, services};
use crate::error::{Error, Result};
use crate::units::{Percent, Span};

/// Says whose an object is; `kubectl get -l` finds everything of ours by it.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "faultless");

/// The label that carries the run's id.
pub const RUN_LABEL: &str = "faultless.dev/run";

/// The service that is disturbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name in Kubernetes.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Whether it speaks opaque TCP instead of HTTP.
    pub tcp: bool,
    /// Versions of its workloads; each becomes a subset when one is named.
    pub versions: Vec<String>,
}

/// Requests that carry this header with exactly this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Lower-case name.
    pub name: String,
    /// Exact value.
    pub value: String,
}

/// One thing that is done to a service.
#[derive(Debug, Clone, PartialEq)]
pub enum Disturbance {
    /// A share of requests waits before it is sent (`HTTPFaultInjection.Delay`).
    Delay {
        /// How many.
        share: Percent,
        /// How long.
        delay: Span,
    },
    /// A share of requests is answered by the caller's proxy instead (`…Abort`).
    Abort {
        /// How many.
        share: Percent,
        /// With this status.
        status: u16,
    },
    /// Requests or connections are spread over versions by weight.
    Split {
        /// Version and weight.
        weights: Vec<(String, u32)>,
    },
    /// Requests with a header go to one version.
    Route {
        /// Which requests.
        only: HeaderMatch,
        /// Where to.
        version: String,
    },
    /// Requests are given up after a time.
    Timeout {
        /// Which requests; `None` = all.
        only: Option<HeaderMatch>,
        /// When.
        after: Span,
    },
    /// Failed requests are tried again.
    Retries {
        /// How often at most.
        attempts: u32,
        /// On which failures, in Envoy's words (`5xx`, `gateway-error`, …).
        on: String,
    },
    /// Connections and waiting requests are limited, per client proxy.
    Breaker {
        /// TCP connections.
        max_connections: u32,
        /// Requests waiting for one.
        max_pending: u32,
    },
    /// Hosts that fail are taken out.
    Ejection {
        /// After this many 5xx in a row.
        consecutive_errors: u32,
        /// Looked at this often.
        interval: Span,
        /// For this long.
        duration: Span,
    },
    /// A share of requests is copied to a version, whose answers nobody sees.
    Mirror {
        /// How many.
        share: Percent,
        /// To which version.
        version: String,
    },
}

/// Everything that is done to one service at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    subject: Subject,
    rules: Vec<Rule>,
    breaker: Option<Value>,
    ejection: Option<Value>,
}

/// One entry of a VirtualService's `http` (or `tcp`) list.
#[derive(Debug, Clone, PartialEq, Default)]
struct Rule {
    only: Option<HeaderMatch>,
    weights: Vec<(String, u32)>,
    delay: Option<Value>,
    abort: Option<Value>,
    timeout: Option<Span>,
    retries: Option<Value>,
    mirror: Option<(Percent, String)>,
}

// === impl Configuration ===

impl Configuration {
    /// Nothing is done to the service yet.
    #[must_use]
    pub const fn new(subject: Subject) -> Self {
        Self { subject, rules: Vec::new(), breaker: None, ejection: None }
    }

    /// Adds a disturbance; one of the same sort replaces the earlier one.
    pub fn disturb(&mut self, disturbance: &Disturbance) -> Result<()> {
        self.admit(disturbance)?;
        match disturbance {
            Disturbance::Delay { share, delay } => {
                let percentage = json!({"value": share.percent()});
                let fault = json!({"percentage": percentage, "fixedDelay": delay.to_string()});
                self.default_rule().delay = Some(fault);
            }
            Disturbance::Abort { share, status } => {
                let percentage = json!({"value": share.percent()});
                let fault = json!({"percentage": percentage, "httpStatus": status});
                self.default_rule().abort = Some(fault);
            }
            Disturbance::Split { weights } => self.default_rule().weights.clone_from(weights),
            Disturbance::Route { only, version } => {
                self.rule_for(only).weights = vec![(version.clone(), 100)];
            }
            Disturbance::Timeout { only: None, after } => {
                self.default_rule().timeout = Some(*after);
            }
            Disturbance::Timeout { only: Some(only), after } => {
                // Everybody else keeps being served: a rule without a match goes last.
                self.default_rule();
                self.rule_for(only).timeout = Some(*after);
            }
            Disturbance::Retries { attempts, on } => {
                self.default_rule().retries = Some(json!({"attempts": attempts, "retryOn": on}));
            }
            Disturbance::Breaker { max_connections, max_pending } => {
                self.breaker = Some(json!({
                    "tcp": {"maxConnections": max_connections},
                    "http": {"http1MaxPendingRequests": max_pending},
                }));
            }
            Disturbance::Ejection { consecutive_errors, interval, duration } => {
                self.ejection = Some(json!({
                    "consecutive5xxErrors": consecutive_errors,
                    "interval": interval.to_string(),
                    "baseEjectionTime": duration.to_string(),
                    // With the default of 10% a subset of one pod is never ejected.
                    "maxEjectionPercent": 100,
                }));
            }
            Disturbance::Mirror { share, version } => {
                self.default_rule().mirror = Some((*share, version.clone()));
            }
        }
        Ok(())
    }

    /// What a step may not ask of this service, before anything is written.
    fn admit(&self, disturbance: &Disturbance) -> Result<()> {
        let refuse =
            |cause: String| Err(Error::feature(format!("disturbing {}", self.subject.name), cause));
        if self.subject.tcp && !matches!(disturbance, Disturbance::Split { .. }) {
            return refuse("it speaks TCP: only its connections can be split by version".into());
        }
        match disturbance {
            Disturbance::Split { weights } => {
                let total: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
                if total != 100 {
                    return refuse(format!("the weights add up to {total}, not to 100"));
                }
                self.known(weights.iter().map(|(version, _)| version))
            }
            Disturbance::Route { version, .. } | Disturbance::Mirror { version, .. } => {
                self.known([version])
            }
            Disturbance::Abort { status, .. } if !(200..=599).contains(status) => {
                refuse(format!("{status} is not an HTTP status from 200 to 599"))
            }
            Disturbance::Breaker { max_connections: 0, .. } => {
                refuse("no connection at all would be allowed; the least is 1".into())
            }
            Disturbance::Delay { .. }
            | Disturbance::Abort { .. }
            | Disturbance::Timeout { .. }
            | Disturbance::Retries { .. }
            | Disturbance::Breaker { .. }
            | Disturbance::Ejection { .. } => Ok(()),
        }
    }

    fn known<'a>(&self, versions: impl IntoIterator<Item = &'a String>) -> Result<()> {
        for version in versions {
            if !self.subject.versions.contains(version) {
                let known = self.subject.versions.iter().map(String::as_str);
                let doing = format!("disturbing {}", self.subject.name);
                let error = Error::feature(doing, format!("it has no version `{version}`"));
                return Err(match crate::units::nearest(version, known) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("it has: {}", self.subject.versions.join(", "))),
                });
            }
        }
        Ok(())
    }

    /// The rule for all other requests; always the last, or those behind it would be dropped.
    fn default_rule(&mut self) -> &mut Rule {
        if self.rules.last().is_none_or(|rule| rule.only.is_some()) {
            self.rules.push(Rule::default());
        }
        let last = self.rules.len() - 1;
        &mut self.rules[last]
    }

    fn rule_for(&mut self, only: &HeaderMatch) -> &mut Rule {
        let found = self.rules.iter().position(|rule| rule.only.as_ref() == Some(only));
        let index = found.unwrap_or_else(|| {
            let matching = self.rules.iter().filter(|rule| rule.only.is_some()).count();
            self.rules.insert(matching, Rule { only: Some(only.clone()), ..Rule::default() });
            matching
        });
        &mut self.rules[index]
    }

    /// The objects, in the order in which they are to be written: a DestinationRule before the
    /// VirtualService that names its subsets, or requests meet a cluster that does not exist.
    #[must_use]
    pub fn objects(&self, run: &str) -> Vec<Value> {
        self.destination_rule(run).into_iter().chain(self.virtual_service(run)).collect()
    }

    fn destination_rule(&self, run: &str) -> Option<Value> {
        let subsets =
            self.rules.iter().any(|rule| !rule.weights.is_empty() || rule.mirror.is_some());
        if !subsets && self.breaker.is_none() && self.ejection.is_none() {
            return None;
        }
        let mut spec = json!({"host": self.host()});
        if subsets {
            let subset =
                |version: &String| json!({"name": version, "labels": {"version": version}});
            spec["subsets"] = self.subject.versions.iter().map(subset).collect();
        }
        if let Some(breaker) = &self.breaker {
            spec["trafficPolicy"]["connectionPool"] = breaker.clone();
        }
        if let Some(ejection) = &self.ejection {
            spec["trafficPolicy"]["outlierDetection"] = ejection.clone();
        }
        Some(self.object("DestinationRule", run, spec))
    }

    fn virtual_service(&self, run: &str) -> Option<Value> {
        if self.rules.is_empty() {
            return None;
        }
        let rules: Vec<_> = self.rules.iter().map(|rule| self.rule(rule)).collect();
        let list = if self.subject.tcp { "tcp" } else { "http" };
        let spec = json!({"hosts": [self.host()], list: rules});
        Some(self.object("VirtualService", run, spec))
    }

    fn rule(&self, rule: &Rule) -> Value {
        let host = self.host();
        // What is said of every request holds for those with a rule of their own, too.
        let general = self.rules.last().filter(|last| last.only.is_none());
        let rule = &general.map_or_else(|| rule.clone(), |general| rule.within(general));
        let mut json = json!({});
        if let Some(only) = &rule.only {
            json["match"] = json!([{"headers": {only.name.as_str(): {"exact": only.value}}}]);
        }
        json["route"] = if rule.weights.is_empty() {
            json!([{"destination": {"host": host}}])
        } else {
            let to = |(version, weight): &(String, u32)| {
                let destination = json!({"host": host, "subset": version});
                json!({"destination": destination, "weight": weight})
            };
            rule.weights.iter().map(to).collect()
        };
        if let Some(delay) = &rule.delay {
            json["fault"]["delay"] = delay.clone();
        }
        if let Some(abort) = &rule.abort {
            json["fault"]["abort"] = abort.clone();
        }
        if let Some(timeout) = rule.timeout {
            json["timeout"] = timeout.to_string().into();
        }
        if let Some(retries) = &rule.retries {
            json["retries"] = retries.clone();
        }
        if let Some((share, version)) = &rule.mirror {
            json["mirror"] = json!({"host": host, "subset": version});
            json["mirrorPercentage"] = json!({"value": share.percent()});
        }
        json
    }

    fn object(&self, kind: &str, run: &str, spec: Value) -> Value {
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": kind,
            "metadata": {
                "name": self.object_name(),
                "namespace": self.subject.namespace,
                "labels": {MANAGED_BY.0: MANAGED_BY.1, RUN_LABEL: run},
            },
            "spec": spec,
        })
    }

    /// The name that its objects have.
    #[must_use]
    pub fn object_name(&self) -> String {
        format!("faultless-{}", self.subject.name)
    }

    fn host(&self) -> String {
        format!("{}.{}.svc.cluster.local", self.subject.name, self.subject.namespace)
    }
}

// === impl Rule ===

impl Rule {
    /// With what a general rule says where this one is silent.
    fn within(&self, general: &Self) -> Self {
        let either =
            |own: &Option<Value>, other: &Option<Value>| own.as_ref().or(other.as_ref()).cloned();
        let weights = if self.weights.is_empty() { &general.weights } else { &self.weights };
        Self {
            only: self.only.clone(),
            weights: weights.clone(),
            delay: either(&self.delay, &general.delay),
            abort: either(&self.abort, &general.abort),
            timeout: self.timeout.or(general.timeout),
            retries: either(&self.retries, &general.retries),
            mirror: self.mirror.as_ref().or(general.mirror.as_ref()).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn travels() -> Configuration {
        let versions = ["v1", "v2", "v3"].map(str::to_owned).to_vec();
        let namespace = "travel-agency".to_owned();
        Configuration::new(Subject { name: "travels".into(), namespace, tcp: false, versions })
    }

    fn portal(name: &str) -> HeaderMatch {
        HeaderMatch { name: "portal".into(), value: name.into() }
    }

    fn http(configuration: &Configuration) -> Value {
        let objects = configuration.objects("r1");
        objects.last().unwrap()["spec"]["http"].clone()
    }

    #[test]
    fn a_delay_needs_no_subsets() {
        let mut hotels = travels();
        let delay = "5s".parse().unwrap();
        hotels.disturb(&Disturbance::Delay { share: Percent::ALL, delay }).unwrap();
        let objects = hotels.objects("r1");
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
        let kinds: Vec<_> = travels.objects("r1").iter().map(|o| o["kind"].clone()).collect();
        assert_eq!(kinds, ["DestinationRule", "VirtualService"]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let split = |weights: &[(&str, u32)]| Disturbance::Split {
            weights: weights.iter().map(|(v, w)| ((*v).to_owned(), *w)).collect(),
        };
        assert!(travels().disturb(&split(&[("v1", 80), ("v2", 10)])).is_err());
        assert!(travels().disturb(&split(&[("v1", 80), ("v9", 20)])).is_err());
        assert!(
            travels().disturb(&Disturbance::Abort { share: Percent::ALL, status: 99 }).is_err()
        );
        let mut tcp = travels();
        tcp.subject.tcp = true;
        let delay = "5s".parse().unwrap();
        assert!(tcp.disturb(&Disturbance::Delay { share: Percent::ALL, delay }).is_err());
        assert!(tcp.disturb(&split(&[("v1", 100)])).is_ok());
    }
}
