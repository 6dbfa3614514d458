//! Feature files made by chance: mostly right, with what people and editors do to them.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// What a line may hold anywhere, right or wrong.
const LINES: &[&str] = &[
    "Feature: one",
    "Ability: two : three",
    "Business Need:",
    "Rule: a rule",
    "Rules: are prose",
    "Background:",
    "Background: named",
    "Scenario: plain",
    "Example: plain",
    "Scenario Outline: of <a> and <b c>",
    "Scenario Template: <a>",
    "Examples:",
    "Examples: named",
    "Scenarios: named",
    "Scenaro: misspelt",
    "scenario: small",
    "Given one",
    "Given <a> and <b c> and <none>",
    "Given",
    "Givenness",
    "When two",
    "Then three",
    "And four <a>",
    "But five",
    "* six",
    "*",
    "* <b c>",
    "| a | b c |",
    "| 1 | 2 |",
    "| <a> | <b c> |",
    r"| \| | \\n |",
    r"| x \n y | \ |",
    r"| \<a> | z\",
    "| 1 |",
    "| 1 | 2 | 3 |",
    "|",
    "||",
    "| open | end",
    "| \u{a0}wide\u{a0} | ünï |",
    "\"\"\"",
    "\"\"\"yaml",
    "\"\"\" json # no comment",
    "```",
    "```yaml",
    "\\\"\\\"\\\"",
    "\\`\\`\\`",
    "# a comment",
    "#",
    "# language: fr",
    "#language:de",
    "  # language : en-pirate  ",
    "# language: zz",
    "@one",
    "@one @two #comment",
    "@one@two",
    "@one #two @three",
    "@with blank",
    "@",
    "prose",
    "prose: with a colon",
    "",
    "",
    "   ",
    "\t",
    "Fonctionnalité: un",
    "Scénario: deux",
    "Plan du scénario: <a>",
    "Étant donné que trois",
    "Étant donné quatre",
    "Exemples:",
    "Funktionalität: eins",
    "Szenario: zwei",
    "Angenommen drei",
    "Und vier",
];

const INDENTS: &[&str] = &["", "  ", "    ", "      ", "\t", "\t\t", " \t"];

/// The file of this seed.
pub(super) fn file(seed: u64) -> String {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut lines = Vec::new();
    feature(&mut rng, &mut lines);
    for _ in 0..rng.random_range(0..4) {
        let at = rng.random_range(0..=lines.len());
        match rng.random_range(0..4) {
            0 if at < lines.len() => drop(lines.remove(at)),
            1 if at + 1 < lines.len() => lines.swap(at, at + 1),
            _ => lines.insert(at, any(&mut rng)),
        }
    }
    if rng.random_bool(0.1) {
        // Anything at all.
        lines = (0..rng.random_range(0..12)).map(|_| any(&mut rng)).collect();
    }
    let end = if rng.random_bool(0.2) { "\r\n" } else { "\n" };
    let mut text = lines.join(end);
    if rng.random_bool(0.8) {
        text.push_str(end);
    }
    if rng.random_bool(0.05) { format!("\u{feff}{text}") } else { text }
}

fn any(rng: &mut StdRng) -> String {
    let line = LINES.choose(rng).copied().unwrap_or_default();
    indented(rng, line)
}

fn indented(rng: &mut StdRng, line: &str) -> String {
    format!("{}{line}", INDENTS.choose(rng).copied().unwrap_or_default())
}

fn push(rng: &mut StdRng, lines: &mut Vec<String>, choices: &[&str]) {
    let line = choices.choose(rng).copied().unwrap_or_default();
    lines.push(indented(rng, line));
}

fn between(rng: &mut StdRng, lines: &mut Vec<String>) {
    for _ in 0..rng.random_range(0..3) {
        push(rng, lines, &["", "", "# a comment", "  "]);
    }
}

fn feature(rng: &mut StdRng, lines: &mut Vec<String>) {
    between(rng, lines);
    if rng.random_bool(0.1) {
        push(rng, lines, &["# language: en", "#language:en-pirate", "# language:en-old "]);
    }
    tags(rng, lines);
    push(rng, lines, &["Feature: one", "Ability: two", "Business Need:", "Feature:"]);
    described(rng, lines);
    section(rng, lines);
    for _ in 0..rng.random_range(0..3) {
        tags(rng, lines);
        push(rng, lines, &["Rule: one", "Rule:"]);
        described(rng, lines);
        section(rng, lines);
    }
}

fn tags(rng: &mut StdRng, lines: &mut Vec<String>) {
    between(rng, lines);
    for _ in 0..rng.random_range(0..3) {
        push(rng, lines, &["@one", "@one @two", "@a@b", "@x # y"]);
        between(rng, lines);
    }
}

fn described(rng: &mut StdRng, lines: &mut Vec<String>) {
    between(rng, lines);
    for _ in 0..rng.random_range(0..3) {
        push(rng, lines, &["prose", "Notes: prose", "Rules: prose", "", "# between", "<a>"]);
    }
    between(rng, lines);
}

fn section(rng: &mut StdRng, lines: &mut Vec<String>) {
    if rng.random_bool(0.3) {
        push(rng, lines, &["Background:", "Background: before"]);
        described(rng, lines);
        steps(rng, lines);
    }
    for _ in 0..rng.random_range(0..4) {
        tags(rng, lines);
        push(rng, lines, &["Scenario: one", "Example: two", "Scenario Outline: <a>", "Scenario:"]);
        described(rng, lines);
        steps(rng, lines);
        for _ in 0..rng.random_range(0..3) {
            tags(rng, lines);
            push(rng, lines, &["Examples:", "Scenarios: some", "Examples: <a>"]);
            described(rng, lines);
            if rng.random_bool(0.8) {
                table(rng, lines);
            }
        }
    }
}

fn steps(rng: &mut StdRng, lines: &mut Vec<String>) {
    for _ in 0..rng.random_range(0..4) {
        let steps = ["Given <a>", "When <b c> <d>", "Then three", "And four", "* five", "But six"];
        push(rng, lines, &steps);
        between(rng, lines);
        if rng.random_bool(0.2) {
            table(rng, lines);
        }
        if rng.random_bool(0.3) {
            doc_string(rng, lines);
        }
        between(rng, lines);
    }
}

fn table(rng: &mut StdRng, lines: &mut Vec<String>) {
    push(rng, lines, &["| a | b c |", "| a | d |", r"| \| | a |"]);
    for _ in 0..rng.random_range(0..3) {
        push(rng, lines, &["| 1 | 2 |", "| <a> | x |", r"| \\ | \n |", r"| a\|b | c\d |", "||x|"]);
        between(rng, lines);
    }
}

fn doc_string(rng: &mut StdRng, lines: &mut Vec<String>) {
    let (open, close) = if rng.random_bool(0.5) { ("\"\"\"", "\"\"\"") } else { ("```", "```") };
    let media = ["", "yaml", " json "].choose(rng).copied().unwrap_or_default();
    lines.push(indented(rng, &format!("{open}{media}")));
    for _ in 0..rng.random_range(0..4) {
        lines.push(match rng.random_range(0..3) {
            0 => any(rng).replace("\"\"\"", "''").replace("```", "''"),
            1 => indented(rng, "text <a> <b c> (?P<city>.*)"),
            _ => indented(rng, "\\\"\\\"\\\" \\`\\`\\`"),
        });
    }
    lines.push(indented(rng, close));
}
