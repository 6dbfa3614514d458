//! Everything that is done to one service at the moment: rules, limits, and what cannot be meant.
//! Pure.

use istio::{
    Abort, ConnectionPool, Delay, Duration, HttpSettings, OutlierDetection, Percentage, Retries,
    TcpSettings,
};

use super::disturbance::{Disturbance, HeaderMatch};
use super::host::Subject;
use crate::error::{Error, Result};
use crate::units::{Percent, Span};

/// Everything that is done to one service at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceConfig {
    pub(super) subject: Subject,
    pub(super) rules: Vec<Rule>,
    pub(super) breaker: Option<ConnectionPool>,
    pub(super) ejection: Option<OutlierDetection>,
}

/// One entry of a VirtualService's `http` (or `tcp`) list.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rule {
    pub(super) only: Option<HeaderMatch>,
    /// Version and weight.
    pub(super) weights: Vec<(String, i32)>,
    pub(super) delay: Option<Delay>,
    pub(super) abort: Option<Abort>,
    pub(super) timeout: Option<Span>,
    pub(super) retries: Option<Retries>,
    pub(super) mirror: Option<(Percent, String)>,
}

// === impl ServiceConfig ===

impl ServiceConfig {
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
                self.default_rule().delay = Some(Delay {
                    percentage: Some(Percentage::of(share.percent())),
                    fixed_delay: Some(spelled(*delay)),
                    ..Delay::default()
                });
            }
            Disturbance::Abort { share, status } => {
                self.default_rule().abort = Some(Abort {
                    percentage: Some(Percentage::of(share.percent())),
                    http_status: Some((*status).into()),
                    ..Abort::default()
                });
            }
            Disturbance::Split { weights } => {
                let each = weights.iter();
                let each = each.map(|(version, weight)| Ok((version.clone(), self.int(*weight)?)));
                self.default_rule().weights = each.collect::<Result<_>>()?;
            }
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
                let (attempts, retry_on) = (self.int(*attempts)?.into(), on.clone().into());
                self.default_rule().retries =
                    Some(Retries { attempts, retry_on, ..Retries::default() });
            }
            Disturbance::Breaker { max_connections, max_pending } => {
                self.breaker = Some(self.pool(*max_connections, *max_pending)?);
            }
            Disturbance::Ejection { consecutive_errors, interval, duration } => {
                self.ejection = Some(OutlierDetection {
                    consecutive_5xx_errors: Some(*consecutive_errors),
                    interval: Some(spelled(*interval)),
                    base_ejection_time: Some(spelled(*duration)),
                    // With the default of 10% a subset of one pod is never ejected.
                    max_ejection_percent: Some(100),
                    ..OutlierDetection::default()
                });
            }
            Disturbance::Mirror { share, version } => {
                self.default_rule().mirror = Some((*share, version.clone()));
            }
        }
        Ok(())
    }

    /// What a step may not ask of this service, before anything is written.
    fn admit(&self, disturbance: &Disturbance) -> Result<()> {
        let refuse = |cause: &str| Err(self.refusal(cause));
        if self.subject.tcp && !matches!(disturbance, Disturbance::Split { .. }) {
            return refuse("it speaks TCP: only its connections can be split by version");
        }
        match disturbance {
            Disturbance::Split { weights } => {
                let total: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
                if total != 100 {
                    return refuse(&format!("the weights add up to {total}, not to 100"));
                }
                self.subject.has(weights.iter().map(|(version, _)| version))
            }
            Disturbance::Route { version, .. } | Disturbance::Mirror { version, .. } => {
                self.subject.has([version])
            }
            Disturbance::Abort { status, .. } if !(200..=599).contains(status) => {
                refuse(&format!("{status} is not an HTTP status from 200 to 599"))
            }
            Disturbance::Breaker { max_connections: 0, .. } => {
                refuse("no connection at all would be allowed; the least is 1")
            }
            Disturbance::Delay { .. }
            | Disturbance::Abort { .. }
            | Disturbance::Timeout { .. }
            | Disturbance::Retries { .. }
            | Disturbance::Breaker { .. }
            | Disturbance::Ejection { .. } => Ok(()),
        }
    }

    fn refusal(&self, cause: &str) -> Error {
        Error::feature(format!("disturbing {}", self.subject.name), cause)
    }

    /// A number as Istio's objects hold it.
    fn int(&self, number: u32) -> Result<i32> {
        let most = i32::MAX;
        i32::try_from(number)
            .map_err(|_| self.refusal(&format!("{number} is more than {most}, Istio's most")))
    }

    fn pool(&self, max_connections: u32, max_pending: u32) -> Result<ConnectionPool> {
        let (connections, pending) = (self.int(max_connections)?, self.int(max_pending)?);
        let tcp = TcpSettings { max_connections: Some(connections), ..TcpSettings::default() };
        let http =
            HttpSettings { http1_max_pending_requests: Some(pending), ..HttpSettings::default() };
        Ok(ConnectionPool { tcp: Some(tcp), http: Some(http), ..ConnectionPool::default() })
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
}

// === impl Rule ===

impl Rule {
    /// With what a general rule says where this one is silent.
    pub(super) fn within(self, general: &Self) -> Self {
        let general = general.clone();
        let weights = if self.weights.is_empty() { general.weights } else { self.weights };
        Self {
            only: self.only,
            weights,
            delay: self.delay.or(general.delay),
            abort: self.abort.or(general.abort),
            timeout: self.timeout.or(general.timeout),
            retries: self.retries.or(general.retries),
            mirror: self.mirror.or(general.mirror),
        }
    }
}

/// A span as people read it, which is how Istio takes it, too.
pub(super) fn spelled(span: Span) -> Duration {
    span.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let versions = ["v1", "v2", "v3"].map(str::to_owned).to_vec();
        let namespace = "travel-agency".to_owned();
        let subject = Subject { name: "travels".into(), namespace, tcp: false, versions };
        let refused = |subject: &Subject, disturbance: &Disturbance| {
            ServiceConfig::new(subject.clone()).disturb(disturbance).is_err()
        };
        let split = |weights: &[(&str, u32)]| Disturbance::Split {
            weights: weights.iter().map(|(v, w)| ((*v).to_owned(), *w)).collect(),
        };
        assert!(refused(&subject, &split(&[("v1", 80), ("v2", 10)])));
        assert!(refused(&subject, &split(&[("v1", 80), ("v9", 20)])));
        assert!(refused(&subject, &Disturbance::Abort { share: Percent::ALL, status: 99 }));
        let attempts = 3_000_000_000;
        assert!(refused(&subject, &Disturbance::Retries { attempts, on: String::new() }));
        let tcp = Subject { tcp: true, ..subject };
        let delay = "5s".parse().unwrap();
        assert!(refused(&tcp, &Disturbance::Delay { share: Percent::ALL, delay }));
        assert!(!refused(&tcp, &split(&[("v1", 100)])));
    }
}
