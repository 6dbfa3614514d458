//! Plain words that `kubectl` takes for something else than text, while YAML 1.2 does not. The
//! rules are those of go-yaml v2 (`resolve.go`), with which `sigs.k8s.io/yaml` reads: Go's
//! `ParseInt` with base 0, underscores left out, and `y`, `yes`, `on` and their opposites.

use serde_json::Number;

/// What a plain word is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Text,
    Bool(bool),
    Number(Number),
}

/// From here on a double does not hold every whole number.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What a plain word is, of which YAML 1.2 says that it is text.
pub(super) fn resolve(word: &str) -> Word {
    match word {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Word::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Word::Bool(false),
        _ => {}
    }
    if !word.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-')) {
        return Word::Text;
    }
    let plain = word.replace('_', "");
    let number = integer(&plain).or_else(|| is_float(&plain).then(|| decimal(&plain)).flatten());
    number.map_or(Word::Text, Word::Number)
}

/// A float as Go writes it into JSON: one without a fraction is a whole number there, and so for
/// the API server. `None` if JSON has no such number.
pub(super) fn number(value: f64) -> Option<Number> {
    if value.fract() == 0.0 && value.abs() <= WHOLE_MAX {
        // Exact, because of the bound.
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 53 bits")]
        return Some((value as i64).into());
    }
    Number::from_f64(value)
}

/// Go's `ParseInt` and `ParseUint` with base 0: `0x`, `0o`, `0b`, and octal after a bare 0.
fn integer(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let (digits, base) = based
        .iter()
        .find_map(|(prefix, base)| Some((lower.strip_prefix(prefix)?, *base)))
        .unwrap_or((&lower, 10));
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let signed = i64::from_str_radix(&format!("{sign}{digits}"), base).map(Number::from);
    let unsigned = || u64::from_str_radix(digits, base).map(Number::from);
    signed.or_else(|cause| if sign.is_empty() { unsigned() } else { Err(cause) }).ok()
}

/// Whether go-yaml calls it a float: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent = exponent.map(|text| text.strip_prefix(['-', '+']).unwrap_or(text));
    let whole = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    whole && exponent.is_none_or(digits)
}

fn decimal(text: &str) -> Option<Number> {
    number(text.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_go_yaml_makes_of_them() {
        let number = |value: i64| Word::Number(value.into());
        let table = [
            ("0777", number(511)),
            ("-017", number(-15)),
            ("+010", number(8)),
            ("00", number(0)),
            ("0O17", number(15)),
            ("0X1f", number(31)),
            ("0B11", number(3)),
            ("1_000", number(1000)),
            ("0x_ff", number(255)),
            ("0_7", number(7)),
            // No octal, so it is a float, and one without a fraction.
            ("08", number(8)),
            ("1_2.5", Word::Number(Number::from_f64(12.5).unwrap())),
            ("18446744073709551_615", Word::Number(u64::MAX.into())),
            // Longer than that Go makes a big number of it, which no field takes.
            ("yes", Word::Bool(true)),
            ("Off", Word::Bool(false)),
            ("N", Word::Bool(false)),
            ("nO", Word::Text),
            ("oui", Word::Text),
            ("_1", Word::Text),
            ("5s", Word::Text),
            ("1:30", Word::Text),
            ("2001-01-01", Word::Text),
            ("10.0.0.0/8", Word::Text),
            ("1.2.3", Word::Text),
            ("0x", Word::Text),
            ("0o8", Word::Text),
            ("-", Word::Text),
            ("+_", Word::Text),
        ];
        for (word, expected) in table {
            assert_eq!(resolve(word), expected, "{word}");
        }
    }

    #[test]
    fn a_whole_float_is_a_whole_number_in_json() {
        assert_eq!(number(1e3).unwrap().to_string(), "1000");
        assert_eq!(number(-2.0).unwrap().to_string(), "-2");
        assert_eq!(number(0.5).unwrap().to_string(), "0.5");
        assert_eq!(number(f64::NAN), None);
        assert!(number(1e300).unwrap().is_f64());
    }
}
