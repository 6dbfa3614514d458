//! Label selectors, as `kubectl -l` sends them. Pure.

use serde_json::Value;

/// One condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
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

// === impl Requirement ===

impl Requirement {
    /// `None` for what is no condition.
    pub(super) fn parse(text: &str) -> Option<Self> {
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

    /// Whether these labels meet it.
    pub(super) fn matches(&self, labels: &Value) -> bool {
        let label = labels.get(&self.key).and_then(Value::as_str);
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

/// The conditions of a label selector: commas inside parentheses belong to a set.
pub(super) fn conditions(text: &str) -> impl Iterator<Item = &str> {
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
