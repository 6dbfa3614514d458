//! What `junit-report` leaves out of the document and CI servers want of it: Jenkins' xUnit plugin
//! refuses a file that its `junit-10.xsd` does not allow. So times have three decimals, a suite
//! tells its file, its properties and how many were skipped, a `skipped` has no type (Surefire's
//! schema knows none), and what was tried before is told as Surefire tells it (`flakyFailure` where
//! the scenario passed at last, `rerunFailure` where it did not).

use std::error::Error;

use junit_report::{Duration, Report, TestResult};
use quick_xml::events::{BytesCData, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

/// What a suite has beside what `junit-report` writes of it.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// The feature's file.
    pub file: Option<String>,
    /// Its properties, in order.
    pub properties: Vec<(String, String)>,
    /// For each of its cases the attempts before the one that counts.
    pub earlier: Vec<Vec<TestResult>>,
}

type Xml = Writer<Vec<u8>>;

/// The whole document; there is one extra for each suite.
pub(super) fn finish(report: &Report, extras: &[Extra]) -> Result<String, Box<dyn Error>> {
    let mut written = Vec::new();
    report.write_xml(&mut written)?;
    let written = String::from_utf8(written)?;
    let mut reader = Reader::from_str(&written);
    let mut writer = Writer::new(Vec::new());
    let mut suites = report.testsuites().iter().zip(extras);
    let mut cases = [].iter();
    let mut earlier: &[TestResult] = &[];
    loop {
        let event = reader.read_event()?;
        let tag = match &event {
            Event::Start(tag) | Event::Empty(tag) => tag.name().as_ref().to_vec(),
            Event::End(tag) => tag.name().as_ref().to_vec(),
            _ => Vec::new(),
        };
        match (event, tag.as_slice()) {
            (Event::Eof, _) => break,
            (Event::Start(_), b"testsuites") => writer.write_event(Event::Start(whole(report)))?,
            (Event::Empty(_), b"testsuites") => writer.write_event(Event::Empty(whole(report)))?,
            (Event::Start(tag), b"testsuite") => {
                let (suite, extra) = suites.next().ok_or("a suite too many")?;
                cases = extra.earlier.iter();
                let mut tag = with_time(&tag, suite.time())?;
                tag.push_attribute(("skipped", suite.skipped().to_string().as_str()));
                if let Some(file) = &extra.file {
                    tag.push_attribute(("file", file.as_str()));
                }
                on_its_line(&mut writer, Event::Start(tag))?;
                properties(&mut writer, &extra.properties)?;
            }
            (Event::Start(tag), b"testcase") => {
                earlier = cases.next().ok_or("a case too many")?;
                let time = tag.try_get_attribute("time")?.ok_or("a case without a time")?;
                let seconds: f64 = std::str::from_utf8(&time.value)?.parse()?;
                let tag = with_time(&tag, Duration::seconds_f64(seconds))?;
                on_its_line(&mut writer, Event::Start(tag))?;
            }
            // A case begins with how it ended; with what it printed, if it passed.
            (Event::Start(tag), b"system-out") => {
                attempts(&mut writer, "flaky", std::mem::take(&mut earlier))?;
                writer.write_event(Event::Start(tag))?;
            }
            (Event::Start(tag), b"skipped") => {
                writer.write_event(Event::Start(without(&tag, "type")?))?;
            }
            (Event::Empty(tag), b"skipped") => {
                writer.write_event(Event::Empty(without(&tag, "type")?))?;
            }
            (event @ (Event::End(_) | Event::Empty(_)), b"failure" | b"error") => {
                writer.write_event(event)?;
                attempts(&mut writer, "rerun", std::mem::take(&mut earlier))?;
            }
            (event, _) => writer.write_event(event)?,
        }
    }
    let mut xml = String::from_utf8(writer.into_inner())?;
    xml.push('\n');
    Ok(xml)
}

/// The root, with the sums of all suites.
fn whole(report: &Report) -> BytesStart<'static> {
    let suites = report.testsuites();
    let sum = |of: fn(&junit_report::TestSuite) -> usize| suites.iter().map(of).sum::<usize>();
    let time = suites.iter().map(junit_report::TestSuite::time).sum();
    BytesStart::new("testsuites").with_attributes([
        ("name", "faultless"),
        ("tests", &sum(junit_report::TestSuite::tests).to_string()),
        ("failures", &sum(junit_report::TestSuite::failures).to_string()),
        ("errors", &sum(junit_report::TestSuite::errors).to_string()),
        ("time", &seconds(time)),
    ])
}

/// Seconds with a dot and three decimals, whatever the machine's language.
fn seconds(time: Duration) -> String {
    let milliseconds = time.whole_milliseconds();
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

fn with_time(tag: &BytesStart<'_>, time: Duration) -> Result<BytesStart<'static>, Box<dyn Error>> {
    let mut tag = without(tag, "time")?;
    tag.push_attribute(("time", seconds(time).as_str()));
    Ok(tag)
}

/// A tag with all its attributes but one, as they are written.
fn without(tag: &BytesStart<'_>, name: &str) -> Result<BytesStart<'static>, Box<dyn Error>> {
    let mut kept = BytesStart::new(String::from_utf8(tag.name().as_ref().to_vec())?);
    for attribute in tag.attributes() {
        let attribute = attribute?;
        if attribute.key.as_ref() != name.as_bytes() {
            kept.push_attribute(attribute);
        }
    }
    Ok(kept)
}

fn on_its_line(writer: &mut Xml, event: Event<'_>) -> std::io::Result<()> {
    writer.write_event(Event::Text(BytesText::from_escaped("\n")))?;
    writer.write_event(event)
}

fn properties(writer: &mut Xml, properties: &[(String, String)]) -> std::io::Result<()> {
    if properties.is_empty() {
        return Ok(());
    }
    on_its_line(writer, Event::Start(BytesStart::new("properties")))?;
    for (name, value) in properties {
        let both = [("name", name.as_str()), ("value", value.as_str())];
        let tag = BytesStart::new("property").with_attributes(both);
        on_its_line(writer, Event::Empty(tag))?;
    }
    writer.write_event(Event::End(BytesEnd::new("properties")))
}

/// What was tried before, in Surefire's words.
fn attempts(writer: &mut Xml, how: &str, attempts: &[TestResult]) -> std::io::Result<()> {
    for attempt in attempts {
        let (what, type_, message, cause) = match attempt {
            TestResult::Failure { type_, message, cause } => ("Failure", type_, message, cause),
            TestResult::Error { type_, message, cause } => ("Error", type_, message, cause),
            TestResult::Success | TestResult::Skipped | TestResult::SkippedWithCause { .. } => {
                continue;
            }
        };
        let told = [("message", message.as_str()), ("type", type_.as_str())];
        let cause = cause.as_deref().unwrap_or_default();
        let element = writer.create_element(format!("{how}{what}")).with_attributes(told);
        element.write_inner_content(|writer| {
            let trace = writer.create_element("stackTrace");
            trace.write_cdata_content(BytesCData::new(cause)).map(drop)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_dot_and_three_decimals() {
        for (ms, shown) in [(0, "0.000"), (8, "0.008"), (49_522, "49.522"), (3_600_000, "3600.000")]
        {
            assert_eq!(seconds(Duration::milliseconds(ms)), shown);
        }
        // As `junit-report` writes it: a binary fraction.
        assert_eq!(seconds(Duration::seconds_f64(2.594_999_999_999_999_8)), "2.595");
    }
}
