//! Files of other people's making, as they are read.

use std::fs;
use std::path::PathBuf;

use cucumber::gherkin::Feature;
use cucumber::gherkin::StepType::{Given, Then, When};

use super::doubts::Doubt;
use super::parse::{Parsed, file};

fn read(text: &str, lines: &[usize]) -> Result<(Feature, Vec<Doubt>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("a.feature");
    fs::write(&path, text).unwrap();
    let parsed = file(&path, lines).map_err(|error| error.to_string())?;
    let Parsed { feature, doubts } = parsed;
    Ok((feature, doubts))
}

fn names(feature: &Feature) -> Vec<(&str, usize)> {
    let rules = feature.rules.iter().flat_map(|rule| &rule.scenarios);
    let all = feature.scenarios.iter().chain(rules);
    all.map(|scenario| (scenario.name.as_str(), scenario.position.line)).collect()
}

const MANY: &str = "Feature: f
  Background:
    Given every client sends requests

  Scenario: one
    Given every client sends requests
    # within
  @tagged
  Scenario Outline: of <a>
    Given every client sends <a>

    Examples: some
      # not a row
      | a        |
      | requests |

      | 5 requests at once |
    Examples: more
      | a        |
      | requests |

  Rule: r
    Background:
      Given every client sends requests
    Scenario: two
      Given every client sends requests
    Scenario: three
";

#[test]
fn a_line_picks_what_lies_there() {
    let picked = |lines: &[usize]| -> Vec<usize> {
        let (feature, _) = read(MANY, lines).unwrap();
        names(&feature).into_iter().map(|(_, line)| line).collect()
    };
    let all = [5, 15, 17, 20, 25, 27];
    assert_eq!(picked(&[]), all);
    // The feature, its background.
    for line in [1, 2, 3, 4] {
        assert_eq!(picked(&[line]), all, "{line}");
    }
    for line in [5, 6, 7] {
        assert_eq!(picked(&[line]), [5], "{line}");
    }
    // An outline from its tags to its examples; examples; one row.
    for line in [8, 9, 10, 11] {
        assert_eq!(picked(&[line]), [15, 17, 20], "{line}");
    }
    for line in [12, 13, 14] {
        assert_eq!(picked(&[line]), [15, 17], "{line}");
    }
    assert_eq!(picked(&[17]), [17]);
    assert_eq!(picked(&[18]), [20]);
    for line in [22, 23, 24] {
        assert_eq!(picked(&[line]), [25, 27], "{line}");
    }
    assert_eq!(picked(&[6, 20]), [5, 20]);
    assert_eq!(picked(&[99]), [27]);
}

#[test]
fn rows_have_their_own_lines_and_tags() {
    let (feature, doubts) = read(MANY, &[17]).unwrap();
    assert_eq!(names(&feature), [("of 5 requests at once", 17)]);
    let scenario = &feature.scenarios[0];
    assert_eq!(scenario.tags, ["tagged"]);
    assert_eq!(scenario.steps[0].value, "every client sends 5 requests at once");
    assert_eq!(scenario.steps[0].position.line, 10);
    assert_eq!(doubts, []);
}

#[test]
fn a_bullet_is_the_kind_of_step_that_its_sentence_is() {
    let text = "Feature: f\n  Scenario: s\n    * every client sends requests\n    * every request \
                to \"cars\" is delayed by 1s\n    And every request to \"hotels\" is delayed by \
                1s\n    * the source of \"cars\" sees every request carry flag DI\n    And the \
                source of \"hotels\" sees every request carry flag DI\n    * nonsense\n";
    let (feature, _) = read(text, &[]).unwrap();
    let kinds: Vec<_> = feature.scenarios[0].steps.iter().map(|step| step.ty).collect();
    // A change may be made by Given as well.
    assert_eq!(kinds, [Given, Given, Given, Then, Then, Then]);
}

#[test]
fn and_goes_on_with_the_background() {
    let text = "Feature: f\n  Background:\n    When every request to \"cars\" is delayed by 1s\n  \
                Scenario: s\n    And every request to \"hotels\" is delayed by 1s\n";
    let (feature, _) = read(text, &[]).unwrap();
    assert_eq!(feature.scenarios[0].steps[0].ty, When);
}

#[test]
fn and_goes_on_from_one_background_to_the_next() {
    let delayed = |service: &str| format!("And every request to \"{service}\" is delayed by 1s");
    let text = format!(
        "Feature: f\n  Background:\n    When every request to \"cars\" is delayed by 1s\n  Rule: \
         r\n    Background:\n      {}\n    Scenario: s\n      {}\n",
        delayed("hotels"),
        delayed("travels")
    );
    let (feature, _) = read(&text, &[]).unwrap();
    let rule = &feature.rules[0];
    assert_eq!(rule.background.as_ref().unwrap().steps[0].ty, When);
    assert_eq!(rule.scenarios[0].steps[0].ty, When);
}

#[test]
fn what_a_file_makes_and_how_long_it_is_read_are_bounded() {
    let (steps, rows) = ("    * x\n".repeat(10_000), "      | 1 |\n".repeat(10_000));
    let text = format!("Feature: f\n  Scenario: s\n{steps}    Examples:\n      | a |\n{rows}");
    refused(
        &text,
        &[":2:3: the examples of the file, up to these, make more than 64 MiB of steps"],
    );
    // Columns that nobody names cost nothing, those of a text with such brackets their time.
    let wide = |step: &str| {
        let (names, values) = ("a|".repeat(50_000), "1|".repeat(50_000));
        let steps = format!("    * {step}\n").repeat(10_000);
        format!(
            "Feature: f\n  Scenario: s\n{steps}    Examples:\n      |{names}\n      |{values}\n"
        )
    };
    assert_eq!(names(&read(&wide("x"), &[]).unwrap().0), [("s", 10_005)]);
    refused(&wide("x <"), &[":2:3: the examples of the file, up to these, make more than"]);
    // Nearly headings, line by line: each is told of what stands below it.
    let prose = "Rul: x\n".repeat(100_000);
    let text = format!("Feature: f\n{prose}  Scenario: s\n    Given a\n");
    assert_eq!(names(&read(&text, &[]).unwrap().0), [("s", 100_002)]);
}

#[test]
fn other_languages_editors_and_line_ends_are_read() {
    let french = "# a comment\r\n#Language:fr \r\n\r\nFonctionnalité: un\r\n";
    let french = french.replace("Language", "language");
    let text = format!(
        "\u{feff}{french}  Plan du scénario: de <n>\r\n    Étant donné que every client sends \
         requests\r\n    Et every request to \"hotels\" is delayed by <n>s\r\n    \
         Exemples:\r\n\t| n |\r\n\t| 5 |\r\n"
    );
    let (feature, _) = read(&text, &[]).unwrap();
    assert_eq!(names(&feature), [("de 5", 10)]);
    let values: Vec<_> = feature.scenarios[0].steps.iter().map(|step| &step.value).collect();
    assert_eq!(
        values,
        ["every client sends requests", "every request to \"hotels\" is delayed by 5s"]
    );
}

#[test]
fn doc_strings_keep_what_is_no_column() {
    let text = "Feature: f\n  Scenario Outline: s\n    Given <a>\n      ```yaml\n      \
                x: <a> (?P<city>.*)\n        \"\"\"\n      ```\n    Examples:\n      | a |\n      \
                | b |\n";
    let (feature, _) = read(text, &[]).unwrap();
    let docstring = feature.scenarios[0].steps[0].docstring.as_deref();
    assert_eq!(docstring, Some("x: b (?P<city>.*)\n  \"\"\""));
}

#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let said = read(text, &[]).expect_err("it is refused");
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn what_gherkin_refuses_is_told_by_line() {
    refused(
        "Feature: f\n  Scenario: s\n    Given a\n      | a | b |\n      | 1 | 2 | 3 |\n    \
         nonsense\n  @a b\n  Scenario: t\n",
        &["3 problems", ":5:7: the row has 3 cells", ":6:5: `nonsense` cannot", ":7:3: a tag"],
    );
    refused("# language: xx\nFeature: f\n", &[":1:1: this `# language:` is not known: `xx`"]);
    refused("Feature: f\n  Scenario: s\n    Given a\n      \"\"\"\n", &[":5:1: the file ends"]);
    refused("\n# nothing\n", &[":1:1: there is nothing in it"]);
    refused("hello\nFeature: f\n", &[":1:1: a feature file begins with", "not with `hello`"]);
    refused("Feature: f\n  Scenario: s\n    Given a\n  Exampels:\n", &["mean `Examples:`?"]);
    refused(
        "# language: de\nFunktionalität: f\n  Szenario: s\n    Angenommen a\n  Beispele:\n",
        &["5:3: `Beispele:` is no keyword; did you mean `Beispiele:`?"],
    );
}

#[test]
fn a_scenario_is_not_lost_in_prose() {
    let sentence = "Given every client sends requests";
    refused(
        &format!("Feature: f\n  Scenaro: s\n    {sentence}\n  Scenario: t\n    {sentence}\n"),
        &[":2:3: `Scenaro:` is no keyword; did you mean `Scenario:`?"],
    );
    refused("Feature: f\n  Scenaro: s\n", &[":2:3: `Scenaro:`"]);
    let wrong = "Feature: f\n  Scenario: s\n    Gven every client sends requests\n    Given a\n";
    refused(wrong, &[":3:5: no step begins with `Gven`; did you mean `Given`?"]);
    refused(
        &format!("Feature: f\n    {sentence}\n  Scenario: t\n    {sentence}\n"),
        &[":2:5: the step stands in no scenario"],
    );
    let bullets = "Feature: f\n  Rules:\n    * nobody waits\n    * nobody is lost\n  Scenario: s\n\
                   \x20   Given a\n";
    assert_eq!(names(&read(bullets, &[]).unwrap().0), [("s", 5)]);
    // Keywords are those of the file's language, wherever else a language is named.
    let german = "Feature: f\n  Scenario: s\n    Given a\n    # language: de\n  Exampels:\n";
    refused(german, &["did you mean `Examples:`?"]);
    let prose = "Feature: f\n  Rules: of it. Note: all\n  Then nothing.\n  Scenario: s\n    Rules: \
                 x\n    Given a\n      \"\"\"\n      Scenaro: y\n      Given a\n      \"\"\"\n";
    let (feature, _) = read(prose, &[]).unwrap();
    assert_eq!(names(&feature), [("s", 4)]);
}

#[test]
fn what_nobody_means_is_told() {
    let outline = "Feature: f\n  Scenario Outline: o\n    Given <a> b\n";
    refused(outline, &[":2:3: `o` has no examples"]);
    refused(&format!("{outline}    Examples: e\n      | a |\n"), &[":4:5: `o` has no example"]);
    refused(&format!("{outline}    Examples:\n"), &[":4:5: `o` has no example"]);
    refused(
        &format!("{outline}    Examples:\n      | b |\n      | c |\n"),
        &[":3:5: no column of the examples is called <a>"],
    );
    refused("Feature: f\n  some prose\n", &[":1:1: the feature has no scenario"]);
    let (feature, doubts) = read(
        &format!(
            "{outline}    Examples:\n      | a |\n      | c |\n    Examples: e\n      | a |\n  \
             Scenario: o\n    Given d\n"
        ),
        &[],
    )
    .unwrap();
    assert_eq!(names(&feature), [("o", 6), ("o", 9)]);
    let told: Vec<_> = doubts.iter().map(|it| (it.place.line, it.text.as_str())).collect();
    assert_eq!(told, [(7, "Examples: e"), (9, "Scenario: o")]);
    assert!(doubts[1].what.contains("on line 2 has the same name"), "{doubts:?}");
    // Of what is not picked nothing is said.
    let two = "Feature: f\n  Scenario: a\n    Given b\n  Scenario: a\n    Given b\n";
    assert_eq!(read(two, &[]).unwrap().1.len(), 1);
    assert_eq!(read(two, &[4]).unwrap().1, []);
    // And of two only what is said of both: either may be left out by its tags.
    let (_, doubts) = read(two, &[]).unwrap();
    let of: Vec<&[usize]> = doubts[0].of.iter().map(|lines| &**lines).collect();
    assert_eq!(of, [&[4][..], &[2][..]]);
}
