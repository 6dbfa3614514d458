//! The notation of Envoy's header formatter, as far as Istio checks it: `%NAME%`, `%NAME(text)%`,
//! `%NAME(["a", "b"])%`, and `%%` for one percent sign (`pkg/config/validation/
//! header_value_validator.go`, after Envoy's `header_parser.cc`).

/// Where in a value the reader is.
enum Place {
    Text,
    Name,
    Arguments,
    BeforeString,
    String,
    AfterString,
    AfterList,
    AfterArguments,
}

/// Why Envoy could not read this value.
#[expect(clippy::match_same_arms, reason = "each line is one step of the notation, in its order")]
pub(super) fn header_value(value: &str) -> Result<(), &'static str> {
    let mut place = Place::Text;
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        place = match (place, c) {
            (Place::Text, '%') => match chars.next_if_eq(&'%') {
                Some(_) => Place::Text,
                None if chars.peek().is_none() => return Err("un-escaped %"),
                None => Place::Name,
            },
            (Place::Text, _) => Place::Text,
            (Place::Name, '(') => Place::Arguments,
            (Place::Name | Place::AfterArguments, '%') => Place::Text,
            (Place::Name, _) => Place::Name,
            (Place::Arguments, '[') | (Place::AfterString, ',') => Place::BeforeString,
            (Place::Arguments, ' ') => Place::Arguments,
            (Place::Arguments, _) | (Place::BeforeString, '"') => Place::String,
            (Place::BeforeString, ' ') => Place::BeforeString,
            (Place::BeforeString, _) => return Err("expecting '\"'"),
            (Place::String, '\\') => match chars.next() {
                Some(_) => Place::String,
                None => return Err("un-terminated backslash"),
            },
            (Place::String | Place::AfterList, ')') => Place::AfterArguments,
            (Place::String, '"') | (Place::AfterString, ' ') => Place::AfterString,
            (Place::String, _) => Place::String,
            (Place::AfterString, ']') | (Place::AfterList, ' ') => Place::AfterList,
            (Place::AfterString, _) => return Err("expecting ',', ']', or whitespace"),
            (Place::AfterList, _) => return Err("expecting ')' or whitespace"),
            (Place::AfterArguments, ' ') => Place::AfterArguments,
            (Place::AfterArguments, _) => return Err("expecting '%' or whitespace"),
        };
    }
    match place {
        Place::Text => Ok(()),
        _ => Err("un-terminated variable expression"),
    }
}

#[cfg(test)]
mod tests {
    use super::header_value;

    #[test]
    fn variables_are_closed() {
        for value in ["", "a", "100%%", "a %HOSTNAME% b", "%REQ(a)%", r#"%M(["a", "b"])%"#] {
            assert_eq!(header_value(value), Ok(()), "{value}");
        }
        for value in
            ["%", "a%b", "%START_TIME%%", "%REQ(a", "%M([a])%", r#"%M(["a";])%"#, "%A(b)c%"]
        {
            assert!(header_value(value).is_err(), "{value}");
        }
    }
}
