//! Lines as proxies and applications write them.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

const METRIC: &str = "istio_requests_total";

/// Reads a line; `M` stands for the metric.
fn one(line: &str) -> Sample {
    read(&line.replacen('M', METRIC, 1))
}

fn read(line: &str) -> Sample {
    let text = format!("{line}\n");
    let read: Vec<_> = lines(&text).map(|line| line.expect("a page").sample()).collect();
    let [Ok(sample)] = &read[..] else { panic!("{line}: {read:?}") };
    sample.clone()
}

fn error(text: &str) -> Reason {
    lines(text).find_map(Result::err).expect(text).reason
}

/// Reads all there is, whatever it is.
fn all(text: &str) {
    for line in lines(text).filter_map(Result::ok) {
        let _ = line.sample();
    }
}

#[test]
fn openmetrics_on_lines_of_ours() {
    for line in [
        "M 3",
        "M{} 3.0",
        "M 3 1520879607.789",
        "M 3 1520879607",
        "M{a=\"1\"} 3 # {trace_id=\"4b\"} 0.5",
        "M{a=\"1\"} 3 1520879607.789 # {trace_id=\"4b\"} 0.5 1520879606.1",
        "M 3 # {",
        "{\"M\"} 3",
        "{\"M\",a=\"1\"} 3",
        "{ \"M\" , \"a.b\"=\"1\" , } 3",
        "M{\"a.b\"=\"1\"} 3",
        "# EOFM 3",
    ] {
        assert!((one(line).value - 3.0).abs() < f64::EPSILON, "{line}");
    }
    assert_eq!(one("{\"M\",\"a.b\"=\"x } y\",c=\"2\"} 3").labels.get("a.b"), "x } y");
}

#[test]
fn escapes_and_numbers() {
    assert_eq!(one(r#"M{b="x\\y\"z\nw"} 1"#).labels.get("b"), "x\\y\"z\nw");
    assert!(one("M NaN").value.is_nan());
    assert!(one("M -Inf").value.is_sign_negative());
    for (word, value) in [("1.458255915e9", 1.458_255_915e9), ("-3", -3.0), ("0.5", 0.5)] {
        assert!((one(&format!("M {word}")).value - value).abs() < f64::EPSILON, "{word}");
    }
    assert_eq!(one("M 1\r").name, METRIC);
    assert_eq!(one("M{x=\"1\"}2").name, METRIC);
}

#[test]
fn a_page_that_was_cut_off_is_no_page() {
    for text in ["up 12", "up 12\nup{a=\"", "up 1\n# TYPE up", "up 1\n# HE", "up 1\n# EO", "#"] {
        assert_eq!(error(text), Reason::CutOff, "{text}");
    }
    let whole = ["", "up 1\n", "up 1\n# EOF", "up 1\n# EOF\n", "up 1\n# that was all", "up 1\n  "];
    for text in whole {
        assert!(lines(text).all(|line| line.is_ok()), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        all(&text);
    }

    #[test]
    fn no_text_of_the_formats_own_characters_panics(
        text in "[a1_:{}=,\"\\\\n#\\+ \t\r\n.eINF-]{0,200}",
    ) {
        all(&text);
    }

    #[test]
    fn what_is_written_is_read(
        rest in "[a-z_:]{0,9}",
        labels in prop::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,9}", ".*", 0..6),
        value in prop::num::f64::ANY,
        timestamp in prop::option::of(any::<i64>()),
    ) {
        let name = format!("istio_tcp_{rest}");
        let mut line = format!("{name}{{");
        for (label, value) in &labels {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            write!(line, "{label}=\"{value}\",").unwrap();
        }
        write!(line, "}} {value}").unwrap();
        if let Some(timestamp) = timestamp {
            write!(line, " {timestamp}").unwrap();
        }
        let sample = read(&line);
        prop_assert_eq!(&sample.name, &name);
        prop_assert!(sample.value.to_bits() == value.to_bits() || value.is_nan());
        let read: Vec<_> = sample.labels.into_iter().cloned().collect();
        prop_assert_eq!(read, labels.into_iter().collect::<Vec<_>>());
    }
}
