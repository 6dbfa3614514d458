//! Label and field selectors together: which objects of a collection are meant. Pure.

use serde_json::Value;

use super::fields::FieldRequirement;
use super::labels::{Requirement, conditions};
use crate::kinds::Kind;
use crate::store::Refusal;

/// Which objects of a collection are meant: all conditions must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
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
        self.fields.push(FieldRequirement::name(name));
        self
    }

    /// Whether the filter lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether the object is meant.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|r| r.matches(labels))
            && self.fields.iter().all(|r| r.matches(object))
    }
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
