//! YAML as people have it, kind by kind; and that nothing of it takes long, or panics.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn refused(text: &str) -> (usize, usize, String) {
    let Problem { at, what } = read(text).expect_err(text);
    let at = at.unwrap_or(Mark { line: 0, column: 0 });
    (at.line, at.column, what)
}

#[track_caller]
fn one(text: &str) -> Value {
    let read = read(text).unwrap_or_else(|problem| panic!("{problem:?} in {text}"));
    let [document] = &read.documents[..] else { panic!("{read:?}") };
    document.clone()
}

#[test]
fn several_documents_and_what_is_between_them() {
    let some = |text: &str| read(text).unwrap().documents;
    assert_eq!(some("a: 1\n---\nb: 2\n---\n"), [json!({"a": 1}), json!({"b": 2})]);
    assert_eq!(some("---\n# only this\n---\na: 1\n...\n---\n"), [json!({"a": 1})]);
    assert_eq!(some("\u{feff}a: 1\r\nb:\r\n  - c\r\n---\r\n"), [json!({"a": 1, "b": ["c"]})]);
    for nothing in ["", "\n", "---\n---\n", "# a\n", "~"] {
        assert_eq!(some(nothing), [] as [Value; 0], "{nothing:?}");
    }
}

#[test]
fn anchors_and_merge_keys() {
    let text = "base: &b {x: 1, w: 2}\nmore: &m {w: 3, z: 4}\none: {<<: *b, x: 5}\n\
                two: {w: 9, <<: [*m, *b]}\nthree: *b\n";
    let document = one(text);
    assert_eq!(document["one"], json!({"x": 5, "w": 2}));
    assert_eq!(document["two"], json!({"x": 1, "w": 9, "z": 4}));
    assert_eq!(document["three"], document["base"]);
    // In quotes it is a key like any other.
    assert_eq!(one("{\"<<\": 1}"), json!({"<<": 1}));
    let twice = refused("a: &a {x: 1}\nb: {<<: *a, <<: *a}");
    assert!(twice.2.contains("the key `<<` is there twice"), "{twice:?}");
    assert!(refused("a: {<<: 5}").2.ends_with("`<<` merges mappings only"));
    assert!(refused("a: *b").2.contains("unknown anchor"));
    assert!(refused("a: &b [*b]").2.contains("an anchor is within itself"));
}

#[test]
fn a_key_that_is_there_twice_is_refused_with_its_place() {
    let text = "spec:\n  http:\n    - timeout: 1s\n      name: a\n      timeout: 2s\n";
    assert_eq!(refused(text).0, 5);
    assert_eq!(refused(text).1, 7);
    assert!(refused(text).2.ends_with("the key `timeout` is there twice"), "{:?}", refused(text));
    // `yes` and `true` are the same key, once they are JSON's.
    assert!(refused("{true: 1, yes: 2}").2.ends_with("the key `true` is there twice"));
    assert!(refused("{? : 1}").2.ends_with("a key is empty"));
    assert!(read("[{a: 1}, {a: 1}]").is_ok());
}

#[test]
fn a_tab_in_the_indentation_is_shown_where_it_is() {
    for (text, line, column) in [
        ("a:\n\tb: 1\n", 2, 1),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1),
        ("a:\n  \tb: 1\n", 2, 3),
        ("a:\n  - b\n\t- c\n", 3, 1),
        ("a:\n  b: 1\n  \tc: 1\n", 3, 3),
        ("\ta: 1\n", 1, 1),
        ("a: 1\n\t\nb: 1\n", 2, 1),
    ] {
        let (at, from, what) = refused(text);
        assert_eq!((at, from), (line, column), "{text:?}: {what}");
        assert!(what.starts_with("a tab"), "{text:?}: {what}");
    }
    // Elsewhere a tab is a blank.
    assert_eq!(one("a:\t1\t# b\n"), json!({"a": 1}));
    assert_eq!(one("{\n\t\"a\": 1\n}"), json!({"a": 1}));
}

#[test]
fn plain_words_are_read_as_kubectl_reads_them_and_told() {
    let text = "é: [yes, 'yes', \"off\", off, 0777, '0777', 0o17, 1_000, 1e3, 1.5, on]\non: ~\n";
    let Read { documents, notes } = read(text).unwrap();
    let list = json!([true, "yes", "off", false, 511, "0777", 15, 1000, 1000, 1.5, true]);
    assert_eq!(documents, [json!({"é": list, "true": null})]);
    let at: Vec<_> = notes.iter().map(|note| (note.at.line, note.at.column)).collect();
    assert_eq!(at, [(1, 5), (1, 24), (1, 29), (1, 49), (1, 66), (2, 1)]);
    assert_eq!(
        notes[2].what,
        "`0777` is the number 511, as kubectl reads it (YAML 1.1); quote it if text is meant"
    );
    // What is not a plain word is text.
    let text = "a: |\n  yes\nb: >\n  on\nc: !!str yes\nc2: !!str &f yes\nd: yes no\ne: *f\n";
    assert_eq!(read(text).unwrap().notes, []);
    // A tag is that of the word behind it, and not of the one behind that.
    let text = "a: [!!str b, yes]\nb: hi !there\non: 1\nc: &f !!str\n  yes\n";
    let at: Vec<_> =
        read(text).unwrap().notes.iter().map(|it| (it.at.line, it.at.column)).collect();
    assert_eq!(at, [(1, 14), (3, 1)]);
    let many = read(&"- yes\n".repeat(50)).unwrap().notes;
    assert!(many.len() == 20 && many[19].what.ends_with("; and 30 more like this"));
}

#[test]
fn what_json_cannot_say_is_refused() {
    assert!(refused("a: .nan").2.contains("no number"));
    assert!(refused("a: 99999999999999999999").2.contains("more than 64 bits"));
    assert!(refused("a:\n  b: !secret x").2.contains("the tag `!secret` means nothing"));
    assert!(refused("a: [\n").0 > 0);
    // The library needs the square of the depth to find that out.
    for deep in ["[", "{", "[a,"] {
        assert!(refused(&deep.repeat(300_000)).2.contains("128 levels"), "{deep}");
    }
    assert!(refused(&"[".repeat(200)).2.contains("128 levels"));
    assert!(read(&format!("a: \"{}\"", "[".repeat(200))).is_ok());
}

#[test]
fn what_anchors_repeat_is_bounded() {
    // Each line nine times the one before it: a thousand million.
    let laughs = |line: usize| match line {
        0 => "a0: &a0 [x]\n".to_owned(),
        line => {
            format!("a{line}: &a{line} [{}]\n", vec![format!("*a{}", line - 1); 9].join(","))
        }
    };
    let bomb: String = (0..10).map(laughs).collect();
    assert_eq!(refused(&bomb).2, TOO_MUCH);
    // A large one, often: no repetition of repetitions.
    let wide = format!("a: &a [{}]\nb: [{}]", "x,".repeat(100_000), "*a,".repeat(100_000));
    assert_eq!(refused(&wide).2, TOO_MUCH);
    let long = format!("a: &a {}\nb: [{}]", "x".repeat(500_000), "*a,".repeat(100_000));
    assert_eq!(refused(&long).2, TOO_MUCH);
    let merged = format!("a: &a {{{}}}\nb: [{}]", fields(20_000), "{<<: *a},".repeat(20_000));
    assert_eq!(refused(&merged).2, TOO_MUCH);
    // Far from what stands before it, or from the beginning: looked at once.
    for (before, word, notes) in [("a: &a", "b", 0), ("# x", "\na: &a yes", 1)] {
        let far = format!("{before}{}{word}\nb: [{}]", " ".repeat(400_000), "*a,".repeat(100_000));
        let read = read(&far).unwrap();
        assert_eq!(
            (read.documents[0]["b"].as_array().unwrap().len(), read.notes.len()),
            (100_000, notes)
        );
    }
    // As people use them.
    let common = "x: &x {a: 1, b: 2}\nall:\n".to_owned() + &"  - {<<: *x, c: 3}\n".repeat(500);
    assert_eq!(one(&common)["all"][499], json!({"a": 1, "b": 2, "c": 3}));
}

fn fields(count: usize) -> String {
    (0..count).map(|number| format!("k{number}: v,")).collect()
}

/// A megabyte of whatever is dense: it is within the budget of a text without anchors.
#[test]
fn a_megabyte_is_read_whatever_it_is_made_of() {
    const MIB: usize = 1024 * 1024;
    let rule = "  - match: [{uri: {prefix: /v1}}]\n    route:\n      - destination: {host: a}\n";
    for (piece, head) in [(rule, "http:\n"), ("- \n", ""), ("- {a}\n", ""), ("- []\n", "")] {
        let text = head.to_owned() + &piece.repeat(MIB / piece.len());
        let read = read(&text).unwrap_or_else(|problem| panic!("{problem:?} of {piece:?}"));
        assert_eq!(read.documents.len(), 1, "{piece:?}");
    }
    let flow = format!("[{}]", "a,".repeat(MIB / 2));
    assert_eq!(one(&flow).as_array().unwrap().len(), MIB / 2);
    assert!(one(&format!("{{{}}}", fields(70_000))).as_object().unwrap().len() == 70_000);
}

proptest! {
    /// No text makes it panic, and none that it reads is beyond JSON.
    #[test]
    fn any_text_is_read_or_refused(
        text in "([-a-c&*!|>:{}\\[\\],?'\"#%@~<0-9. \t\n\r\u{e9}]){0,80}",
    ) {
        if let Ok(read) = read(&text) {
            let again = serde_json::to_string(&read.documents).unwrap();
            let again: Vec<Value> = serde_json::from_str(&again).unwrap();
            prop_assert_eq!(again.len(), read.documents.len());
        }
    }

    /// JSON is YAML: what serde_json writes is read back, notes and all.
    #[test]
    fn json_is_read_back(
        texts in prop::collection::vec("[ -~\u{e9}\u{4e00}]{0,12}", 0..6),
        number: i32,
    ) {
        let value = json!({"a": texts, "b": {"c": number, "d": null, "e": true}});
        let read = read(&value.to_string()).unwrap();
        prop_assert_eq!(read, Read { documents: vec![value], notes: Vec::new() });
    }
}
