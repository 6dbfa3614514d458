//! What the official parser does, by example; `tests/official` compares with itself.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Feature {
    parse(text).expect("it is Gherkin").feature.expect("it has a feature")
}

/// The lines of the errors, with what they say.
fn errors(text: &str) -> Vec<(usize, usize, String)> {
    let refused = parse(text).expect_err("it is no Gherkin");
    refused.errors.iter().map(|e| (e.place.line, e.place.column, e.problem.to_string())).collect()
}

#[test]
fn every_language_has_all_keywords() {
    let codes: Vec<_> = Dialect::codes().collect();
    assert_eq!(codes.len(), 80);
    for code in codes {
        let dialect = Dialect::of(code).expect("listed");
        for keyword in dialect.headings() {
            assert!(!keyword.trim().is_empty(), "{code}");
        }
        // Two languages have no bullets.
        let bullet = (!["en-tx", "sl"].contains(&code)).then_some(("* ", Kind::Unknown));
        assert_eq!(dialect.step("* x"), bullet, "{code}");
    }
}

#[test]
fn the_longest_keyword_begins_a_step_and_one_of_two_kinds_is_any() {
    let french = Dialect::of("fr").expect("known");
    assert_eq!(french.step("Étant donné que x"), Some(("Étant donné que ", Kind::Context)));
    assert_eq!(french.step("Étant donné x"), Some(("Étant donné ", Kind::Context)));
    assert!(Dialect::of("no-such").is_none());
    let english = Dialect::of("en").expect("known");
    assert_eq!(english.step("Givenness"), None);
    assert_eq!(english.step("But x"), Some(("But ", Kind::Conjunction)));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_text() {
    let text = "\u{feff}Feature: f\r\n  Scenario: s\r\n    Given a\r\n      \"\"\"\r\n      b\r\n\
                      \
                \r\n        c\r\n      \"\"\"\r\n";
    let feature = read(text);
    assert_eq!(feature.head.place, Place { line: 1, column: 1 });
    let step = &feature.scenarios[0].steps[0];
    assert_eq!(step.text, "a");
    assert_eq!(step.doc_string.as_ref().map(|it| it.content.as_str()), Some("b\n\n  c"));
}

#[test]
fn a_language_is_named_behind_comments_and_with_any_blanks() {
    for line in ["# language: fr", "#language:fr", "  #  language :  fr  ", "# a\n\n# language: fr"]
    {
        let feature = read(&format!("{line}\nFonctionnalité: f\n"));
        assert_eq!((feature.language.as_str(), feature.head.name.as_str()), ("fr", "f"), "{line}");
    }
    // Behind the heading it is a comment.
    assert_eq!(read("Feature: f\n# language: fr\nScenario: s\n").scenarios.len(), 1);
    assert_eq!(
        errors("# language: zz\nFeature: f\n"),
        [(1, 1, "this `# language:` is not known: `zz`".to_owned())]
    );
}

#[test]
fn cells_are_unescaped_and_trimmed() {
    let cells = |row: &str| {
        let text = format!("Feature: f\nScenario: s\nGiven a\n{row}\n");
        read(&text).scenarios[0].steps[0].table[0].cells.clone()
    };
    assert_eq!(cells("  | a |  b c | |"), ["a", "b c", ""]);
    assert_eq!(cells(r"| \| | \\ | a\nb | \d | \\n |"), ["|", r"\", "a\nb", r"\d", r"\n"]);
    assert_eq!(cells("|\u{a0}wide\u{a0}| open"), ["wide"]);
    assert_eq!(cells("|"), [""; 0]);
    assert_eq!(cells("||"), [""]);
}

#[test]
fn doc_strings_lose_their_indent_and_keep_the_other_delimiter() {
    let content = |text: &str| {
        let text = format!("Feature: f\nScenario: s\nGiven a\n{text}\n");
        let doc_string =
            read(&text).scenarios[0].steps[0].doc_string.clone().expect("there is one");
        (doc_string.media_type, doc_string.content)
    };
    let plain = |text: &str| content(text).1;
    assert_eq!(content("\t```yaml\n\t a\n b\n\t```"), (Some("yaml".into()), " a\nb".into()));
    assert_eq!(
        plain("  \"\"\"\n  ```\n  \\\"\\\"\\\"\n  \\`\\`\\`\n  \"\"\" x"),
        "```\n\"\"\"\n\\`\\`\\`"
    );
    assert_eq!(plain("```\n\"\"\"\n# a\n@b\nFeature: c\n```"), "\"\"\"\n# a\n@b\nFeature: c");
}

#[test]
fn a_step_has_a_table_and_a_doc_string_in_either_order_and_one_of_each() {
    let (table, text) = ("| a |\n| b |\n", "```\nc\n```\n");
    let head = "Feature: f\nScenario: s\nGiven a\n";
    for both in [format!("{table}{text}"), format!("{text}{table}")] {
        let feature = read(&format!("{head}{both}"));
        let step = &feature.scenarios[0].steps[0];
        assert_eq!((step.table.len(), step.doc_string.is_some()), (2, true), "{both}");
    }
    let lines = |text: &str| errors(text).iter().map(|(line, ..)| *line).collect::<Vec<_>>();
    assert_eq!(lines(&format!("{head}{text}```\n")), [7]);
    assert_eq!(lines(&format!("{head}{table}{text}| d |\n")), [9]);
}

#[test]
fn tags_belong_to_what_comes_next() {
    let feature = read(
        "@f\nFeature: f\n  @s @t#u #v\n\n  # between\n  @w\n  Scenario: s\n    Given <a>\n    \
         @e\n  Examples:\n      | a |\n  @r\n  Rule: r\n    @x@y\n    Example: t\n",
    );
    let names = |tags: &[Tag]| tags.iter().map(|tag| tag.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&feature.head.tags), ["@f"]);
    assert_eq!(names(&feature.scenarios[0].head.tags), ["@s", "@t#u", "@w"]);
    assert_eq!(names(&feature.scenarios[0].examples[0].head.tags), ["@e"]);
    assert_eq!(names(&feature.rules[0].head.tags), ["@r"]);
    let tags = &feature.rules[0].scenarios[0].head.tags;
    assert_eq!(names(tags), ["@x", "@y"]);
    assert_eq!(tags[1].place, Place { line: 14, column: 7 });
}

#[test]
fn prose_has_no_comments_and_keeps_what_looks_like_a_step() {
    let feature = read(
        "Feature: f\n\n  one\n  # no\n  Given two\n\n  Scenario: s\n    Rules: three\n\n    \
         Given a\n",
    );
    assert_eq!(feature.head.description.text(), "  one\n  Given two");
    assert_eq!(feature.head.description.lines[1], (5, "  Given two".to_owned()));
    assert_eq!(feature.scenarios[0].head.description.text(), "    Rules: three");
}

#[test]
fn all_errors_are_told_by_line() {
    let text = "Feature: f\n  Scenario: s\n    Given a\n      | b | c |\n      | d |\n    \
                nonsense\n  \
                @a b\n  Background:\n    Examples:\n      | e |\n      | f | g |\n@tag\n";
    let expected = [
        (5, 7, "the row has 1 cell, the first row of its table 2"),
        (6, 5, "`nonsense` cannot stand here; it may be a table's row (|)"),
        (7, 3, "a tag may not contain whitespace"),
        (8, 3, "`Background:` cannot stand here"),
        (11, 7, "the row has 2 cells, the first row of its table 1"),
        (13, 1, "the file ends where there must be a tag (@) or Rule:"),
    ];
    let said = errors(text);
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for ((line, column, said), (at, indent, begins)) in said.iter().zip(expected) {
        assert_eq!((*line, *column), (at, indent), "{said}");
        assert!(said.starts_with(begins), "{said}");
    }
    let endless = "nonsense\n".repeat(1_000);
    assert_eq!(errors(&endless).len(), 11);
}

#[test]
fn outlines_are_filled_in_by_columns_alone() {
    let feature = read(
        "Feature: f
  @s
  Scenario Outline: of <a>
    Given <a> and <b c> and <none>
      | <a> |
    Given x
      ```<a>
      (?P<city>.*) <b c>
      ```
    Examples:
      | a | b c |
      # no row
      | 1 | <a> |

    @e
    Examples: more
      | b c | a |
      | $1  | \\\\ |
    Examples: none
",
    );
    let made = feature.scenarios[0].instances(&mut Room::default()).expect("it is little");
    let brief: Vec<_> = made
        .iter()
        .map(|it| {
            let tags: Vec<_> = it.tags.iter().map(|tag| tag.name.as_str()).collect();
            (it.place.line, it.name.as_str(), tags.join(""))
        })
        .collect();
    assert_eq!(brief, [(13, "of 1", "@s".to_owned()), (18, "of \\", "@s@e".to_owned()),]);
    assert_eq!(made[0].steps[0].text, "1 and <a> and <none>");
    assert_eq!(made[0].steps[0].table[0].cells, ["1"]);
    let text = made[0].steps[1].doc_string.as_ref().expect("there is one");
    assert_eq!(
        (text.media_type.as_deref(), text.content.as_str()),
        (Some("1"), "(?P<city>.*) <a>")
    );
    assert_eq!(made[1].steps[0].text, "\\ and $1 and <none>");
    let plain = read("Feature: f\nScenario: s\n");
    assert_eq!(plain.scenarios[0].instances(&mut Room::default()).map(|made| made.len()), Ok(1));
}

#[test]
fn what_a_small_file_makes_is_bounded() {
    let made = |steps: &str, table: &str| {
        let text = format!("Feature: f\nScenario: s\n{steps}Examples:\n{table}");
        read(&text).scenarios[0].instances(&mut Room::default()).map(|made| made.len())
    };
    let rows = |count: usize| format!("|a|\n{}", "|1|\n".repeat(count));
    assert_eq!(made(&"* x\n".repeat(100), &rows(100)), Ok(100));
    // Rows times steps; and values of columns that hold columns.
    assert_eq!(made(&"* x\n".repeat(10_000), &rows(10_000)), Err(TooMuch));
    let laughs = format!("|a|b|c|\n|{}|{}|x|\n", "<b>".repeat(3_000), "<c>".repeat(3_000));
    assert_eq!(made(&"* <a>\n".repeat(10), &laughs), Err(TooMuch));
    // The room is the file's, not a scenario's.
    let text =
        format!("Feature: f\nScenario: s\n* {}\nExamples:\n{}", "x".repeat(1 << 20), rows(40));
    let mut room = Room::default();
    assert!(read(&text).scenarios[0].instances(&mut room).is_ok());
    assert_eq!(read(&text).scenarios[0].instances(&mut room), Err(TooMuch));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_every_error_has_a_line(
        text in "(Feature:|Rule:|Scenario:|Examples:|Background:|Given |\\* |\\||\"\"\"|```|@|#|\
                 # language: fr|\\\\|<a>|[a-zé \t\u{a0}]|\r?\n){0,60}"
    ) {
        let lines = text.lines().count() + 1;
        match parse(&text) {
            Ok(Document { feature }) => {
                for scenario in feature.iter().flat_map(Feature::all_scenarios) {
                    let rows: usize = scenario.examples.iter().map(|it| it.rows.len()).sum();
                    let all = if scenario.examples.is_empty() { 1 } else { rows };
                    let made = scenario.instances(&mut Room::default());
                    prop_assert_eq!(made.map(|made| made.len()), Ok(all));
                }
            }
            Err(refused) => for error in refused.errors {
                prop_assert!((1..=lines).contains(&error.place.line), "{error}");
            },
        }
    }
}
