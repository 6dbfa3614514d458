//! Label and field selectors, as `kubectl -l` and `--field-selector` send them. Pure.

use serde_json::Value;

use crate::kinds::Kind;
use crate::store::Refusal;

/// Which objects of a collection are meant: all conditions must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    GreaterThan(i64),
    LessThan(i64),
}

/// One condition on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRequirement {
    pointer: String,
    value: String,
    equal: bool,
}

// === impl Filter ===

impl Filter {
    /// From the query parameters; an empty text selects everything.
    pub(super) fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Self, Refusal> {
        let labels = conditions(labels)
            .map(|text| {
                Requirement::parse(text).ok_or_else(|| {
                    Refusal::bad_request(format!(
                        "unable to parse requirement: \"{text}\" is not a label selector"
                    ))
                })
            })
            .collect::<Result<_, _>>()?;
        let fields = fields
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| FieldRequirement::parse(kind, text))
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Narrows the filter to the object of this name.
    pub(super) fn and_name(mut self, name: &str) -> Self {
        self.fields.push(FieldRequirement {
            pointer: "/metadata/name".to_owned(),
            value: name.to_owned(),
            equal: true,
        });
        self
    }

    /// Whether the filter lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether the object is meant.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|r| r.matches(labels.get(&r.key).and_then(Value::as_str)))
            && self.fields.iter().all(|r| r.matches(object))
    }
}

// === impl Requirement ===

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let made = |key: &str, operator| {
            is_label_key(key.trim()).then(|| Self { key: key.trim().to_owned(), operator })
        };
        if let Some(key) = text.strip_prefix('!').filter(|rest| !rest.contains('=')) {
            return made(key, Operator::DoesNotExist);
        }
        if let Some(open) = text.find('(') {
            let values = text[open + 1..].strip_suffix(')')?;
            let values = values.split(',').map(label_value).collect::<Option<Vec<_>>>()?;
            let mut words = text[..open].split_whitespace();
            let (key, operator) = (words.next()?, words.next()?);
            let operator = match (operator, words.next()) {
                ("in", None) => Operator::In(values),
                ("notin", None) => Operator::NotIn(values),
                _ => return None,
            };
            return made(key, operator);
        }
        if let Some((key, value)) = text.split_once("!=") {
            return made(key, Operator::NotIn(vec![label_value(value)?]));
        }
        if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            return made(key, Operator::In(vec![label_value(value)?]));
        }
        if let Some((key, value)) = text.split_once('>') {
            return made(key, Operator::GreaterThan(value.trim().parse().ok()?));
        }
        if let Some((key, value)) = text.split_once('<') {
            return made(key, Operator::LessThan(value.trim().parse().ok()?));
        }
        made(text, Operator::Exists)
    }

    fn matches(&self, label: Option<&str>) -> bool {
        let number = || label.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => label.is_some_and(|l| values.iter().any(|v| v == l)),
            // As in Kubernetes, an object without the label satisfies `!=` and `notin`.
            Operator::NotIn(values) => label.is_none_or(|l| values.iter().all(|v| v != l)),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan(bound) => number().is_some_and(|n| n > *bound),
            Operator::LessThan(bound) => number().is_some_and(|n| n < *bound),
        }
    }
}

// === impl FieldRequirement ===

impl FieldRequirement {
    fn parse(kind: &Kind, text: &str) -> Result<Self, Refusal> {
        let (field, value, equal) = if let Some((field, value)) = text.split_once("!=") {
            (field, value, false)
        } else if let Some((field, value)) = text.split_once("==").or_else(|| text.split_once('='))
        {
            (field, value, true)
        } else {
            return Err(Refusal::bad_request(format!(
                "invalid selector: '{text}'; can't understand '{text}'"
            )));
        };
        let field = field.trim();
        let everywhere = ["metadata.name", "metadata.namespace"];
        if !everywhere.contains(&field) && !selectable(kind).contains(&field) {
            return Err(Refusal::bad_request(format!("field label not supported: {field}")));
        }
        let pointer = format!("/{}", field.replace('.', "/"));
        Ok(Self { pointer, value: value.trim().to_owned(), equal })
    }

    fn matches(&self, object: &Value) -> bool {
        let value = match object.pointer(&self.pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        (value == self.value) == self.equal
    }
}

/// The fields by which a kind can be selected besides name and namespace (Kubernetes' own lists,
/// `pkg/registry/*/strategy.go`).
fn selectable(kind: &Kind) -> &'static [&'static str] {
    match (kind.group, kind.kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "type",
        ],
        ("", "Secret") => &["type"],
        ("", "Namespace") => &["status.phase"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("apps", "ReplicaSet") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    }
}

/// The conditions of a label selector: commas inside parentheses belong to a set.
fn conditions(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .filter(|part| !part.trim().is_empty())
}

fn is_label_key(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default();
    !name.is_empty()
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
}

fn label_value(value: &str) -> Option<String> {
    let value = value.trim();
    value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::kinds;

    #[track_caller]
    fn check(labels: &str, expect: bool) {
        let object = json!({"metadata": {"labels": {"app": "hotels", "version": "v1", "n": "5"}}});
        let filter = Filter::parse(&kinds::POD, labels, "").unwrap();
        assert_eq!(filter.matches(&object), expect, "{labels}");
    }

    #[test]
    fn labels_are_compared() {
        check("", true);
        check("app=hotels", true);
        check("app == hotels, version=v1", true);
        check("app=hotels,version=v2", false);
        check("app!=cars", true);
        check("missing!=cars", true);
        check("app!=hotels", false);
        check("app in (cars, hotels)", true);
        check("app in (cars,hotels),version", true);
        check("app notin (cars,hotels)", false);
        check("missing notin (cars)", true);
        check("app", true);
        check("!app", false);
        check("!missing,app in(cars,hotels)", true);
        check("n>4,n<6", true);
        check("n>5", false);
        check("app=", false);
    }

    #[test]
    fn nonsense_is_refused() {
        for labels in ["app in", "app in (a", "=x", "app is (a)", "a=b=c", "a>b", "(a)"] {
            // `app in` has a space and so is no key.
            let refused = Filter::parse(&kinds::POD, labels, "").unwrap_err();
            assert_eq!(refused.code, 400, "{labels}");
        }
        let refused = Filter::parse(&kinds::POD, "", "spec.colour=red").unwrap_err();
        assert_eq!(refused.message, "field label not supported: spec.colour");
        assert!(Filter::parse(&kinds::POD, "", "metadata.name").is_err());
    }

    #[test]
    fn fields_are_compared() {
        let event =
            json!({"metadata": {"name": "e"}, "involvedObject": {"name": "p", "kind": "Pod"}});
        let matches =
            |fields: &str| Filter::parse(&kinds::EVENT, "", fields).unwrap().matches(&event);
        assert!(matches("involvedObject.name=p,involvedObject.kind==Pod"));
        assert!(matches("involvedObject.uid="));
        assert!(matches("type!=Warning"));
        assert!(!matches("metadata.name=f"));
        assert!(!Filter::default().and_name("f").matches(&event));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(labels in ".{0,40}", fields in ".{0,40}") {
            if let Ok(filter) = Filter::parse(&kinds::POD, &labels, &fields) {
                filter.matches(&json!({"metadata": {"labels": {"a": "b"}}}));
            }
        }
    }
}
