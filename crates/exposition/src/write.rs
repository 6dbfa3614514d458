//! Metrics as text: a family with its series in order. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One metric with all its series, by their labels.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// Its type: `counter`, `histogram`, …
    pub kind: String,
    /// Its series: the labels as text (`a="b",c="d"`), and the lines of each.
    pub series: BTreeMap<String, BTreeMap<Part, f64>>,
}

/// Which line of a series: histograms have buckets, a sum and a count, in this order.
#[derive(Debug, Clone)]
pub enum Part {
    /// Up to this bound, and how that was written.
    Bucket(f64, String),
    /// A histogram's `_sum`.
    Sum,
    /// A histogram's `_count`.
    Count,
    /// All there is.
    Value,
}

// === impl Family ===

impl Family {
    /// Appends the family under this name to a page.
    pub fn write(&self, name: &str, page: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "# TYPE {name} {}", self.kind);
        for (labels, parts) in &self.series {
            for (part, value) in parts {
                let _ = match part {
                    Part::Bucket(_, le) => {
                        writeln!(page, "{name}_bucket{{{labels},le=\"{le}\"}} {value}")
                    }
                    Part::Sum => writeln!(page, "{name}_sum{{{labels}}} {value}"),
                    Part::Count => writeln!(page, "{name}_count{{{labels}}} {value}"),
                    Part::Value => writeln!(page, "{name}{{{labels}}} {value}"),
                };
            }
        }
    }

    /// Labels as the text that `series` is keyed by, in the order given, their values escaped.
    #[must_use]
    pub fn labels<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let mut text = String::new();
        for (name, value) in labels {
            let comma = if text.is_empty() { "" } else { "," };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(text, "{comma}{name}=\"{value}\"");
        }
        text
    }
}

// === impl Part ===

impl Part {
    /// The part of a family of this kind that a sample is, by its name and its label `le`.
    #[must_use]
    pub fn of(name: &str, kind: &str, bound: Option<String>) -> Self {
        let number = bound.as_deref().and_then(|bound| bound.parse::<f64>().ok());
        match (kind, number.filter(|number| !number.is_nan()), bound) {
            ("histogram", Some(number), Some(bound)) => Self::Bucket(number, bound),
            ("histogram", ..) if name.ends_with("_sum") => Self::Sum,
            ("histogram", ..) if name.ends_with("_count") => Self::Count,
            _ => Self::Value,
        }
    }
}

impl Eq for Part {}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |part: &Self| match part {
            Self::Bucket(bound, _) => (0, *bound),
            Self::Sum => (1, 0.0),
            Self::Count => (2, 0.0),
            Self::Value => (3, 0.0),
        };
        let (one, two) = (place(self), place(other));
        one.0.cmp(&two.0).then(one.1.total_cmp(&two.1))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
