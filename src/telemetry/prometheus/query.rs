//! What is asked, in PromQL. Pure.

use std::fmt::Write as _;

/// The names of what a page is read for (`telemetry::page`), and the one sample that Prometheus
/// itself makes of each scrape. Its expressions are anchored at both ends.
const NAMES: &str = "up|istio_requests_total|istio_request_duration_milliseconds.*|istio_tcp_.*\
                     |istio_agent_process_start_time_seconds|envoy_server_uptime\
                     |envoy_.*dispatcher_poll_delay_us.*|container_cpu_schedstat_run.*";

/// What every Envoy tells, or every one that has seen traffic.
const ENVOYS: &str = "envoy_server_uptime|istio_requests_total|istio_tcp_connections_opened_total";

/// How far back scrapes are looked at to learn how often they are: a few, also where they are rare.
const BACK: &str = "5m";

/// Queries about the pods of these namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// The matchers of each label that may name a namespace.
    namespaces: [String; 2],
}

// === impl Query ===

impl Query {
    pub(crate) fn new(namespaces: &[String]) -> Self {
        let any: Vec<String> = namespaces.iter().map(|name| escaped(name)).collect();
        let any = quoted(&any.join("|"));
        Self { namespaces: super::targets::NAMESPACE.map(|label| format!("{label}=~{any}")) }
    }

    /// What was scraped last, of every metric that is read.
    pub(crate) fn values(&self) -> String {
        self.either(|namespace| format!("{{__name__=~\"{NAMES}\",{namespace}}}"))
    }

    /// When each target was scraped last. Only of a plain selector Prometheus tells the sample's
    /// time; of anything else it tells the time of the question.
    pub(crate) fn scraped(&self) -> String {
        self.either(|namespace| format!("timestamp(up{{{namespace}}})"))
    }

    /// When each target was scraped lately. A range is no vector, which `or` wants.
    pub(crate) fn scrapes(&self) -> [String; 2] {
        self.namespaces.each_ref().map(|namespace| format!("up{{{namespace}}}[{BACK}]"))
    }

    /// A series for each target that tells something of an Envoy.
    pub(crate) fn envoys(&self) -> String {
        let by = [super::targets::NAMESPACE.join(","), super::targets::POD.join(",")].join(",");
        let series = |namespace: &str| format!("{{__name__=~\"{ENVOYS}\",{namespace}}}");
        self.either(|namespace| format!("count by ({by}) ({})", series(namespace)))
    }

    /// By either label. `or` compares labels without the metric's name: what the second part has
    /// and the first does not cannot be the same but for its name, because it lacks the label.
    fn either(&self, part: impl Fn(&str) -> String) -> String {
        self.namespaces.each_ref().map(|namespace| part(namespace)).join(" or ")
    }
}

/// As a regular expression that matches it alone.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if !(c.is_alphanumeric() || matches!(c, '-' | '_')) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// As a string of PromQL.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_asked_for_by_either_label_and_as_they_are_spelled() {
        let query = Query::new(&["shop".to_owned(), "a.b\"c".to_owned()]);
        let parts = ["namespace", "kubernetes_namespace"]
            .map(|label| format!(r#"timestamp(up{{{label}=~"shop|a\\.b\\\"c"}})"#));
        assert_eq!(query.scraped(), parts.join(" or "));
        assert_eq!(query.scrapes()[0], r#"up{namespace=~"shop|a\\.b\\\"c"}[5m]"#);
        assert_eq!(quoted("a\nb"), r#""a\u000ab""#);
    }

    #[test]
    fn every_metric_of_a_page_is_asked_for() {
        let names = regex::Regex::new(&format!("^(?:{NAMES})$")).unwrap();
        for name in crate::telemetry::page::OURS {
            assert!(names.is_match(name) || names.is_match(&format!("{name}x")), "{name}");
        }
        assert!(names.is_match("envoy_server_worker_0_dispatcher_poll_delay_us_bucket"));
        assert!(!names.is_match("istio_build") && !names.is_match("upper"));
    }
}
