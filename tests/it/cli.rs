//! What is typed and written, judged before anything is touched: arguments and feature files.

use std::fs;

use crate::program::{Place, Said, arg};

/// A feature beside the demo's application file, checked; what was said about it.
fn check(place: &Place, text: &str) -> Said {
    let application = fs::read_to_string("features/application.yaml").unwrap();
    place.file("application.yaml", &application);
    let feature = place.file("a.feature", text);
    let before = place.left();
    let said = place.run(&["run", arg(&feature), "--out", arg(&place.path("out"))]);
    assert_eq!(place.left(), before, "a mesh was begun for {text}");
    assert!(!place.path("out").exists(), "a record was begun for {text}");
    said
}

/// That a feature is refused with exit code 2 at this place, with these words.
#[track_caller]
fn refused(text: &str, place: &str, words: &[&str]) {
    let here = Place::new();
    let said = check(&here, text);
    assert_eq!(said.code, Some(2), "{text}\n{said:?}");
    let place = format!("{}:{place}", here.path("a.feature").display());
    for part in words.iter().copied().chain([place.as_str()]) {
        assert!(said.stderr.contains(part), "`{part}` is not in:\n{}", said.stderr);
    }
}

fn scenario(step: &str) -> String {
    format!(
        "Feature: f\n  Scenario: s\n    Given every portal sends 5 requests per second\n    \
         {step}\n"
    )
}

#[test]
fn a_file_that_does_not_parse_is_shown_by_line_and_column() {
    refused("", "1:1", &["there is nothing in it", "`Feature: NAME`"]);
    refused("hello\n", "1:1", &["not with `hello`"]);
    refused("Feature: x\n  Scenaro: y\n", "2:3", &["did you mean `Scenario:`?"]);
    refused(&scenario("Wen every request to \"hotels\" is delayed by 5s"), "4:5", &["`When`"]);
    refused(&scenario("nonsense"), "4:5", &["`nonsense` cannot stand here", "Given, When, Then"]);
    refused("Feature: x\n", "1:1", &["no scenario"]);
    refused("Feature: x\n  Scenario: nothing\n", "2:3", &["it has no steps"]);
    let outline = "Feature: f\n  Scenario Outline: s\n    Given every portal sends <n> requests \
                   per second\n    Examples:\n      | m |\n      | 2 |\n";
    refused(outline, "3:5", &["<n>"]);
    let table = "Feature: f\n  Scenario Outline: s\n    Given every portal sends <n> requests \
                 per second\n    Examples:\n      | n | m |\n      | 2 |\n";
    refused(table, "6:7", &["the row has 1 cell, the first row of its table 2"]);
}

#[test]
fn unknown_names_are_refused_with_the_nearest_known() {
    let step = "When every request to \"hotel\" is delayed by 5s";
    refused(&scenario(step), "4:5", &["did you mean `hotels`?"]);
    let step = "Then portal \"voyage.fr\" sees no request fail";
    refused(&scenario(step), "4:5", &["did you mean `voyages.fr`?"]);
    let step = "When 10% of requests to \"travels\" are mirrored to \"v33\"";
    refused(&scenario(step), "4:5", &["v33", "`v3`"]);
    let step = "When every request to \"hotels\" is delayd by 5s";
    let near = "the nearest is: When every request to {service} is delayed by {span}";
    refused(&scenario(step), "4:5", &[near]);
    refused(&scenario("Then the moon is full"), "4:5", &["`faultless steps` lists them"]);
}

#[test]
fn absurd_numbers_are_refused() {
    for span in ["-5s", "0s", "5", "99999999999999999999s", "1us", "2h", "five s"] {
        refused(
            &scenario(&format!("When every request to \"hotels\" is delayed by {span}")),
            "4:5",
            &[],
        );
    }
    for share in ["-1%", "101%", "1e9%", "NaN%"] {
        let step = format!("When {share} of requests to \"hotels\" are delayed by 5s");
        refused(&scenario(&step), "4:5", &[]);
    }
    for status in ["0", "99", "600", "-503", "9999999999999"] {
        let step = format!("When 50% of requests to \"hotels\" are aborted with status {status}");
        refused(&scenario(&step), "4:5", &[]);
    }
    for load in ["0 requests at once", "1001 requests at once", "5 requests per second for 1h"] {
        refused(&scenario(&format!("When portal \"voyages.fr\" sends {load}")), "4:5", &[]);
    }
    for rate in ["0", "-3", "99999999999", "1e99"] {
        refused(
            &scenario(&format!("Given every portal sends {rate} requests per second")),
            "4:5",
            &[],
        );
    }
    let step = "Then every portal sees between 60% and 40% of requests fail";
    refused(&scenario(step), "4:5", &["there is nothing between 60% and 40%"]);
    let step = "When traffic to \"travels\" is split 80% to \"v1\" and 30% to \"v2\"";
    refused(&scenario(step), "4:5", &["add up to 110, not to 100"]);
}

#[test]
fn several_problems_are_told_at_once_and_each_once() {
    let place = Place::new();
    let text = "Feature: f\n  Background:\n    Given the sun is up\n  Scenario: a\n    Then \
                the moon is full\n  Scenario: b\n    Then the moon is new\n";
    let said = check(&place, text);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("3 problems"), "{}", said.stderr);
    for at in [":3:5:", ":5:5:", ":7:5:"] {
        assert_eq!(said.stderr.matches(at).count(), 1, "{at} in {}", said.stderr);
    }
}

#[test]
fn the_program_lists_its_sentences_and_checks_its_own_features() {
    let place = Place::new();
    let said = place.run(&["steps"]);
    assert_eq!(said.code, Some(0));
    assert!(said.stdout.contains("When  every request to {service} is delayed by {span}\n"));
    let said = place.run(&["check"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("make sense"));
    for wrong in [&["run", "--confidence", "100%"][..], &["run", "--no-such"], &["dance"], &[]] {
        assert_eq!(place.run(wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(place.left(), Vec::<std::path::PathBuf>::new());
}

/// An outline, tags, backgrounds, a rule, a doc string and data tables.
const GHERKIN: &str = r#"@all
Feature: f
  Background:
    Given every portal sends 5 requests per second

  @outline
  Scenario Outline: a delay of <delay>
    When every request to "hotels" is delayed by <delay>

    Examples:
      | delay |
      | 1s    |
      | 2s    |

  @text
  Scenario: raw configuration
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - route: [{destination: {host: hotels}}]
      """

  @tables
  Rule: tables
    Background:
      Given workload "loadtester" is deployed with environment:
        | SLEEP | 1 |

    Scenario: a split
      When traffic to "travels" is split:
        | v1 | 80% |
        | v2 | 20% |
"#;

/// A feature beside the demo's application file, checked.
fn checked(text: &str, more: &[&str]) -> Said {
    let place = Place::new();
    let application = fs::read_to_string("features/application.yaml").unwrap();
    let demo = std::path::absolute("features/demo").unwrap();
    place.file("application.yaml", &application.replace("demo/", &format!("{}/", arg(&demo))));
    let feature = place.file("a.feature", text);
    place.run(&[&["check", arg(&feature)], more].concat())
}

#[test]
fn tags_pick_scenarios_of_features_rules_and_outlines() {
    for (tags, count) in [
        ("@all", "4 scenarios make"),
        ("@outline", "2 scenarios make"),
        ("@all and not @outline", "2 scenarios make"),
        ("@tables or @text", "2 scenarios make"),
        ("@tables", "1 scenario makes"),
    ] {
        let said = checked(GHERKIN, &["--tags", tags]);
        assert_eq!(said.code, Some(0), "{tags}: {said:?}");
        assert_eq!(said.stdout, format!("{count} sense\n"), "{tags}");
    }
    for tags in ["@none", "@all and"] {
        assert_eq!(checked(GHERKIN, &["--tags", tags]).code, Some(2), "{tags}");
    }
}

#[test]
fn a_suite_is_shared_by_its_scenarios() {
    for (part, count) in [("1/1", "4 scenarios make"), ("2/3", "1 scenario makes")] {
        let said = checked(GHERKIN, &["--shard", part]);
        assert_eq!(said.stdout, format!("{count} sense\n"), "{part}: {said:?}");
    }
    for (part, words) in [
        ("5/5", "part 5/5 has none of the 4 scenarios"),
        ("0/3", "no part 0 of 3"),
        ("job/3", "JOB_COMPLETION_INDEX is not set"),
    ] {
        let said = checked(GHERKIN, &["--shard", part]);
        assert_eq!(said.code, Some(2), "{part}: {said:?}");
        assert!(said.stderr.contains(words), "{part}: {said:?}");
    }
}

#[test]
fn each_part_of_a_feature_is_read() {
    for (right, wrong, said_of_it) in [
        ("| 2s    |", "| 2x    |", "2x"),
        ("sends 5", "sends 0", "not above 0"),
        ("hosts: [hotels]", "hosts: [hostels]", "no service is called hostels"),
        ("| SLEEP | 1 |", "| SLEPE | 1 |", "SLEPE"),
        ("| v2 | 20% |", "| v2 | 30% |", "add up to 110"),
    ] {
        assert!(GHERKIN.contains(right));
        let said = checked(&GHERKIN.replace(right, wrong), &[]);
        assert_eq!(said.code, Some(2), "{wrong}: {said:?}");
        assert!(said.stderr.contains(": 1 problem\n"), "{wrong}: {said:?}");
        assert!(said.stderr.contains(said_of_it), "{wrong}: {said:?}");
    }
}

const SAMPLE: &str = "reports/samples/run.jsonl";

fn sample(name: &str) -> String {
    fs::read_to_string(format!("reports/samples/{name}")).unwrap()
}

#[test]
fn a_recorded_run_is_shown_again() {
    let place = Place::new();
    let out = place.path("out");
    let said = place.run(&["report", SAMPLE, "--out", arg(&out)]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(said.stdout, sample("report.txt"));
    let said = place.run(&["report", SAMPLE, "-v", "--out", arg(&out)]);
    assert_eq!(said.stdout, sample("report-verbose.txt"));
    let papers =
        [("junit.xml", "run.xml"), ("report.html", "run.html"), ("messages.ndjson", "run.ndjson")];
    for (written, golden) in papers {
        assert_eq!(fs::read_to_string(out.join(written)).unwrap(), sample(golden));
    }
    // A folder is read as a run leaves it, and its papers are written anew.
    fs::copy(SAMPLE, out.join("events.jsonl")).unwrap();
    fs::write(out.join("report.html"), "old").unwrap();
    assert_eq!(place.run(&["report", arg(&out)]).code, Some(0));
    assert_eq!(fs::read_to_string(out.join("report.html")).unwrap(), sample("run.html"));
}

#[test]
fn runs_that_shared_a_suite_are_shown_as_one() {
    let place = Place::new();
    let said = place.run(&["report", SAMPLE, SAMPLE]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("with --out"), "{said:?}");
    let whole = place.path("whole");
    let said = place.run(&["report", SAMPLE, SAMPLE, "--out", arg(&whole)]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert!(said.stdout.contains("18 scenarios in 1 min 05 s: 2 passed, 2 failed"), "{said:?}");
    assert!(said.stdout.ends_with("exit code 4: something was left behind in the mesh\n"));
    let junit = fs::read_to_string(whole.join("junit.xml")).unwrap();
    // Those that never began have one case, however many they are.
    let cases = |text: &str| text.matches("<testcase").count();
    assert_eq!(cases(&junit), 2 * cases(&sample("run.xml")) - 1);
}

#[test]
fn a_torn_record_is_shown_as_far_as_it_goes() {
    let place = Place::new();
    let whole = sample("run.jsonl");
    let torn = place.file("torn.jsonl", &whole[..whole.len() - 5]);
    let said = place.run(&["report", arg(&torn)]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("last line is torn"), "{said:?}");
    assert!(said.stdout.contains("the record stops before the run's end"), "{said:?}");
    assert!(place.path("junit.xml").exists() && place.path("report.html").exists());
}

#[test]
fn what_is_no_record_is_refused() {
    let place = Place::new();
    let refused = |path: &std::path::Path, words: &str| {
        let said = place.run(&["report", arg(path)]);
        assert_eq!(said.code, Some(2), "{said:?}");
        for part in [words, arg(path), "hint: name a run's events.jsonl"] {
            assert!(said.stderr.contains(part), "`{part}` is not in {said:?}");
        }
        assert!(!place.path("junit.xml").exists(), "something was written");
    };
    refused(&place.path("none"), "No such file");
    refused(&place.file("empty", ""), "no record of a run");
    refused(&place.file("text", "Feature: x\n"), "line 1 is not a record of a run");
    let gap: String = sample("run.jsonl").split_inclusive('\n').skip(1).collect();
    refused(&place.file("gap", &gap), "record 1 where 0 was due");
    let large = place.file("large", "");
    // Holes take no space on the disk.
    fs::File::options().write(true).open(&large).unwrap().set_len((256 << 20) + 1).unwrap();
    refused(&large, "more than 268435456 bytes");
}
