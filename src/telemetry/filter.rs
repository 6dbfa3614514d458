//! Which series a question is about. Pure.

use exposition::Labels;

use crate::units::ServiceName;

/// Whose proxy counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reporter {
    /// The caller's.
    Source,
    /// The callee's.
    Destination,
}

/// Which series are asked for; what is `None` is not asked. `Filter { reporter: …,
/// ..Filter::default() }`. Labels are compared exactly, except the destination service, which is a
/// host name. Statuses and flags are asked of what was found ([`super::Requests`]), which knows
/// where they were not reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Whose proxy counted. Asking neither counts most requests twice.
    pub reporter: Option<Reporter>,
    /// The caller's workload, e.g. `voyages`.
    pub source_workload: Option<String>,
    /// The caller's namespace.
    pub source_namespace: Option<String>,
    /// The service that was called: `travels`, or `travels.travel-agency`. A caller's proxy that
    /// found no route or no cluster (flags NR, NC) reports the Host header instead; its port is
    /// passed over, and a host of one word is in the caller's namespace, as in Kubernetes' DNS.
    pub destination_service: Option<ServiceName>,
    /// The callee's workload, e.g. `travels-v2`; `unknown` where no host was picked.
    pub destination_workload: Option<String>,
    /// The callee's namespace.
    pub destination_namespace: Option<String>,
    /// The callee's version, e.g. `v2`.
    pub destination_version: Option<String>,
}

/// Whether a series is one that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    No,
    /// Nobody can tell: it lacks this label, and everything else fits.
    Lacks(&'static str),
}

// === impl Reporter ===

impl Reporter {
    /// As in the `reporter` label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
        }
    }
}

// === impl Filter ===

impl Filter {
    /// What `reporter`'s proxies counted of requests to a service: how most questions begin.
    #[must_use]
    pub fn of(reporter: Reporter, service: &ServiceName) -> Self {
        let destination_service = Some(service.clone());
        Self { reporter: Some(reporter), destination_service, ..Self::default() }
    }

    /// What it asks about the pod whose proxy counted, and about the service.
    pub(crate) fn own_side(&self, reporter: Reporter) -> Self {
        let all = Self { reporter: Some(reporter), ..self.clone() };
        match reporter {
            Reporter::Source => Self {
                destination_workload: None,
                destination_namespace: None,
                destination_version: None,
                ..all
            },
            Reporter::Destination => Self { source_workload: None, source_namespace: None, ..all },
        }
    }

    pub(crate) fn fit(&self, labels: &Labels) -> Fit {
        let asked = [
            ("reporter", self.reporter.map(Reporter::as_str)),
            ("source_workload", self.source_workload.as_deref()),
            ("source_workload_namespace", self.source_namespace.as_deref()),
            ("destination_workload", self.destination_workload.as_deref()),
            ("destination_workload_namespace", self.destination_namespace.as_deref()),
            ("destination_version", self.destination_version.as_deref()),
        ];
        let mut fit = Fit::Yes;
        for (label, wanted) in asked {
            let Some(wanted) = wanted else { continue };
            match labels.find(label) {
                Some(is) if is != wanted => return Fit::No,
                Some(_) => {}
                None => fit = Fit::Lacks(label),
            }
        }
        let Some(service) = &self.destination_service else { return fit };
        match labels.find("destination_service") {
            Some(host) => {
                let caller = labels.get("source_workload_namespace");
                if is_service(host, service, caller) { fit } else { Fit::No }
            }
            None => Fit::Lacks("destination_service"),
        }
    }
}

/// Whether a host name, with or without port, is the service's.
fn is_service(host: &str, service: &ServiceName, callers_namespace: &str) -> bool {
    let host = host.split_once(':').map_or(host, |(name, _port)| name);
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut words = host.splitn(3, '.');
    let name = words.next().unwrap_or_default();
    let namespace = words.next().unwrap_or(callers_namespace);
    // `hotels.travel-agency.example.com` is somebody else's.
    let in_cluster = words.next().is_none_or(|rest| {
        rest.split('.').next().is_some_and(|word| word.eq_ignore_ascii_case("svc"))
    });
    let wanted = service.namespace.as_deref();
    in_cluster
        && name.eq_ignore_ascii_case(&service.name)
        && wanted.is_none_or(|wanted| namespace.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "travels.travel-agency.svc.cluster.local";

    fn service(name: &str) -> ServiceName {
        name.parse().unwrap()
    }

    #[test]
    fn hosts_are_services() {
        for (host, asked, caller, expected) in [
            (HOST, "travels", "x", true),
            (HOST, "travels.travel-agency", "x", true),
            (HOST, "travels.other", "x", false),
            (HOST, "travel", "x", false),
            ("travels.travel-agency:8000", "travels.travel-agency", "x", true),
            ("travels.travel-agency.svc:8000", "travels.travel-agency", "x", true),
            ("Travels.Travel-Agency.svc.cluster.local.", "travels.travel-agency", "x", true),
            ("travels:8000", "travels.travel-agency", "travel-agency", true),
            ("travels:8000", "travels.travel-agency", "travel-portal", false),
            ("travels.travel-agency.example.com", "travels.travel-agency", "x", false),
            ("unknown", "travels", "x", false),
            ("10.0.0.1:8000", "travels", "x", false),
            ("[::1]:8000", "travels", "x", false),
            ("", "travels", "x", false),
        ] {
            assert_eq!(is_service(host, &service(asked), caller), expected, "{host} as {asked}");
        }
    }

    #[test]
    fn an_absent_label_is_neither_yes_nor_no() {
        let labels = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Labels::new(owned.collect()).unwrap()
        };
        let asked = Filter {
            destination_version: Some("v1".to_owned()),
            ..Filter::of(Reporter::Source, &service("travels"))
        };
        let (source, to) = (("reporter", "source"), ("destination_service", HOST));
        for (pairs, expected) in [
            (vec![source, to, ("destination_version", "v1")], Fit::Yes),
            (vec![source, to, ("destination_version", "v2")], Fit::No),
            (vec![source, to, ("destination_version", "")], Fit::No),
            (vec![source, to, ("destination_version", "unknown")], Fit::No),
            (vec![source, to], Fit::Lacks("destination_version")),
            (vec![source, ("destination_version", "v1")], Fit::Lacks("destination_service")),
            (vec![to, ("destination_version", "v1")], Fit::Lacks("reporter")),
            (vec![("reporter", "destination"), to], Fit::No),
            (vec![source, ("destination_service", "other.travel-agency")], Fit::No),
        ] {
            assert_eq!(asked.fit(&labels(&pairs)), expected, "{pairs:?}");
        }
    }
}
