//! What Prometheus' HTTP API answers: samples, ranges of them, a number, or in its own words why
//! not. Read into what is needed and no more; whatever else it may be, it never panics. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer};

/// Characters of a message that are kept: it may hold the whole query.
const MAX_WORDS: usize = 300;

/// Why there is no answer to go by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Its own words.
    #[error("it says: {0}")]
    Refused(String),
    /// It answered, and says itself that something is lacking.
    #[error("its answer is not whole: {0}")]
    Partial(String),
    /// It is not what the API answers.
    #[error("that is no answer of a Prometheus ({0})")]
    Strange(String),
}

/// What was sampled, as of one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Samples {
    /// The moment, in seconds of its own clock; unknown if there is nothing.
    pub(crate) at: Option<f64>,
    pub(crate) all: Vec<Sample>,
}

/// A series and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// When each series was sampled.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ranges(pub(crate) Vec<Vec<f64>>);

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<Data<T>>,
    #[serde(rename = "errorType", default)]
    kind: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: T,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    /// A histogram of the new kind has none, and is nothing that is read here.
    value: Option<(Number, Number)>,
}

#[derive(Deserialize)]
struct Range {
    values: Vec<(Number, Number)>,
}

/// A number, which the API writes as a string where it may be `NaN` or `+Inf`. What is no number is
/// none, and costs only its series.
#[derive(Clone, Copy)]
struct Number(f64);

/// The number that is all of an answer.
pub(crate) fn scalar(text: &[u8]) -> Result<f64, NoAnswer> {
    let (_, Number(value)) = result::<(Number, Number)>(text)?;
    match value.is_finite() {
        true => Ok(value),
        false => Err(NoAnswer::Strange("a number is not one".to_owned())),
    }
}

fn result<T: DeserializeOwned>(text: &[u8]) -> Result<T, NoAnswer> {
    // What is said in place of a result need not have its shape.
    let said: Envelope<serde::de::IgnoredAny> = serde_json::from_slice(text).map_err(strange)?;
    if said.status != "success" {
        return Err(NoAnswer::Refused(words(&format!("{} {}", said.kind, said.error))));
    }
    if !said.warnings.is_empty() {
        return Err(NoAnswer::Partial(words(&said.warnings.join("; "))));
    }
    let whole: Envelope<T> = serde_json::from_slice(text).map_err(strange)?;
    let data = whole.data.ok_or_else(|| NoAnswer::Strange("it has no data".to_owned()))?;
    Ok(data.result)
}

fn strange(cause: serde_json::Error) -> NoAnswer {
    NoAnswer::Strange(words(&cause.to_string()))
}

fn words(text: &str) -> String {
    text.trim().chars().take(MAX_WORDS).collect()
}

// === impl Samples ===

impl Samples {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, NoAnswer> {
        let series: Vec<Series> = result(text)?;
        let at = series.iter().find_map(|one| one.value.as_ref().map(|(at, _)| at.0));
        let sample = |Series { metric: labels, value }| {
            let value = value.map_or(f64::NAN, |(_, value)| value.0);
            Sample { labels, value }
        };
        Ok(Self { at, all: series.into_iter().map(sample).collect() })
    }
}

// === impl Ranges ===

impl Ranges {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, NoAnswer> {
        let ranges: Vec<Range> = result(text)?;
        let times = |range: Range| range.values.into_iter().map(|(at, _)| at.0).collect();
        Ok(Self(ranges.into_iter().map(times).collect()))
    }

    /// How often is sampled, in seconds: of each series what is usual, of all series the rarest.
    pub(crate) fn interval(&self) -> Option<f64> {
        let usual = |times: &Vec<f64>| {
            let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
            steps.retain(|step| step.is_finite() && *step > 0.0);
            steps.sort_unstable_by(f64::total_cmp);
            steps.get(steps.len() / 2).copied()
        };
        self.0.iter().filter_map(usual).max_by(f64::total_cmp)
    }
}

// === impl Number ===

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor).map(Self)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or one in quotes")
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<f64, E> {
        Ok(text.parse().unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(result: &str) -> Result<Samples, NoAnswer> {
        let text =
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#);
        Samples::parse(text.as_bytes())
    }

    #[test]
    fn samples_are_read_whatever_their_values_are() {
        let read = samples(
            r#"[{"metric":{"__name__":"a","pod":"p"},"value":[1700000000.5,"3"]},
                {"metric":{},"value":[1700000000.5,"+Inf"]},
                {"metric":{"x":"y"},"value":[1700000000.5,"NaN"]},
                {"metric":{"x":"z"},"value":[1700000000.5,"three"]},
                {"metric":{"x":"h"},"histogram":[1700000000.5,{"count":"1"}]},
                {"metric":{"x":"n"},"value":[1700000000,7]}]"#,
        )
        .unwrap();
        assert_eq!(read.at, Some(1_700_000_000.5));
        let values: Vec<f64> = read.all.iter().map(|sample| sample.value).collect();
        assert!(values[1].is_infinite() && values[2..5].iter().all(|value| value.is_nan()));
        assert!((values[0] - 3.0).abs() < 1e-9 && (values[5] - 7.0).abs() < 1e-9);
        assert_eq!(read.all[0].labels["pod"], "p");
        assert_eq!(samples("[]"), Ok(Samples::default()));
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let refused = br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        let said = Samples::parse(refused).unwrap_err().to_string();
        assert_eq!(said, "it says: bad_data parse error");
        let partial = br#"{"status":"success","warnings":["store down"],
            "data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(
            Samples::parse(partial).unwrap_err(),
            NoAnswer::Partial("store down".to_owned())
        );
        let strange = ["", "<html>", "{}", "[]", "null", r#"{"status":"success"}"#];
        for text in strange {
            let why = Samples::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(why, NoAnswer::Strange(_)), "{text}: {why}");
        }
        for result in
            ["{}", "[3]", r#"[{"metric":{"a":1}}]"#, r#"[{"metric":{},"value":[true,1]}]"#]
        {
            assert!(matches!(samples(result), Err(NoAnswer::Strange(_))), "{result}");
        }
    }

    #[test]
    fn the_clock_is_a_scalar() {
        let text = |value: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"scalar","result":{value}}}}}"#)
        };
        assert_eq!(scalar(text(r#"[1.5,"1.5"]"#).as_bytes()), Ok(1.5));
        assert!(scalar(text(r#"[1.5,"NaN"]"#).as_bytes()).is_err());
        assert!(scalar(text("[]").as_bytes()).is_err());
    }

    #[test]
    fn how_often_is_sampled_is_the_rarest_of_what_is_usual() {
        let ranges = Ranges(vec![
            vec![0.0, 15.0, 30.0, 90.0, 105.0],
            vec![1.0, 2.0, 3.0],
            vec![4.0],
            vec![],
        ]);
        assert_eq!(ranges.interval(), Some(15.0));
        assert_eq!(Ranges(vec![vec![1.0]]).interval(), None);
        let text = br#"{"status":"success","data":{"resultType":"matrix","result":
            [{"metric":{},"values":[[1,"1"],[2.5,"1"]]}]}}"#;
        assert_eq!(Ranges::parse(text).unwrap().interval(), Some(1.5));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Samples::parse(text.as_bytes());
            let _ = Ranges::parse(text.as_bytes());
        }
    }
}
