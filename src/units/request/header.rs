//! Names and values of the headers that a request may carry. Pure.

use http::header::HOST;
use http::{HeaderName, HeaderValue};

use super::authority::authority;
use super::printable::{character, printable};
use crate::units::error::UnitError;

/// The most bytes of all headers of one request. Envoy answers 431 above 60 KiB
/// (`max_request_headers_kb`), and its sidecars add some of their own.
pub const HEADERS_MAX: usize = 48 * 1024;

/// Headers that are about one connection and not about the request: every proxy on the way takes
/// them off, and what sends the request writes its own (RFC 9110, section 7.6.1).
const OF_THE_CONNECTION: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether it is a token (RFC 9110, section 5.6.2), as names of headers are.
#[must_use]
pub fn is_header_name(text: &str) -> bool {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(token)
}

/// The name of a header that a request may be given.
pub fn header_name(text: &str) -> Result<HeaderName, UnitError> {
    let shown = printable(text);
    if let Some(own) = text.strip_prefix(':') {
        let hint = if own == "authority" { ": say Host" } else { "" };
        return Err(UnitError(format!("`{shown}` is HTTP/2's own and no header{hint}")));
    }
    let name: HeaderName = text
        .parse()
        .ok()
        .filter(|_| is_header_name(text))
        .ok_or_else(|| UnitError(format!("`{shown}` is not the name of an HTTP header")))?;
    if OF_THE_CONNECTION.contains(&name.as_str()) {
        return Err(UnitError(format!(
            "the header `{shown}` belongs to one connection, not to a request: every proxy on the \
             way takes it off (RFC 9110, section 7.6.1)"
        )));
    }
    if name == http::header::CONTENT_LENGTH {
        return Err(UnitError(format!(
            "the header `{shown}` says how long the body is: it follows from the body"
        )));
    }
    Ok(name)
}

/// A value of a header. It is not shown: it may be a password.
pub fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, UnitError> {
    if name == HOST {
        return authority(text);
    }
    let refused =
        |why: &str| UnitError(format!("the value of the header `{name}` cannot be sent: {why}"));
    let bad = text.char_indices().find(|(_, c)| !matches!(c, '\t' | ' '..='~'));
    if let Some((at, c)) = bad {
        let what = character(c);
        let column = text[..at].chars().count() + 1;
        return Err(refused(&match c.is_ascii() {
            true => format!("{what} at its character {column} is forbidden in HTTP"),
            false => format!("{what} at its character {column} is not ASCII: percent-encode it"),
        }));
    }
    if text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
        return Err(refused("HTTP drops the blanks at its ends"));
    }
    HeaderValue::from_str(text).map_err(|_| refused("it is forbidden in HTTP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: &str) -> String {
        header_name(name).and_then(|name| header_value(&name, value)).unwrap_err().to_string()
    }

    #[test]
    fn what_belongs_to_the_connection_is_refused_by_name() {
        for name in OF_THE_CONNECTION {
            let upper = name.to_ascii_uppercase();
            for name in [*name, &upper] {
                let error = refused(name, "x");
                assert!(error.contains(&format!("the header `{name}` belongs")), "{error}");
            }
        }
        let error = refused("Content-Length", "5");
        assert!(error.contains("`Content-Length` says how long the body is"), "{error}");
        assert!(refused(":authority", "a").contains("say Host"));
        assert!(refused(":path", "/").contains("HTTP/2's own"));
    }

    #[test]
    fn names_are_tokens() {
        for good in ["user", "X-User_1", "a.b", "!#$%&'*+-.^_`|~"] {
            assert_eq!(header_name(good).unwrap().as_str(), good.to_ascii_lowercase());
        }
        for bad in ["", "a b", "a:b", "a\r\nb", "größe", "a(b)", "a/b"] {
            let error = header_name(bad).unwrap_err().to_string();
            assert!(error.contains("not the name") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn values_are_what_http_can_carry_and_never_shown() {
        let name = header_name("cookie").unwrap();
        for good in ["", "a", "a b\tc", "a=\"b\"; c", "~!"] {
            assert_eq!(header_value(&name, good).unwrap(), good);
        }
        for (bad, word) in [
            ("secret\r\nx: y", "a line break at its character 7"),
            ("secret\n", "a line break at its character 7"),
            ("secret\0", "U+0000"),
            ("secret\u{7f}", "U+007F"),
            ("sécret", "`é` at its character 2 is not ASCII"),
            (" secret", "blanks at its ends"),
            ("secret\t", "blanks at its ends"),
        ] {
            let error = refused("cookie", bad);
            assert!(error.contains(word) && error.contains("`cookie`"), "{error}");
            assert!(!error.contains("secret") && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_host_is_an_authority() {
        let name = header_name("Host").unwrap();
        for good in ["trips.example.com", "a:80", "10.0.0.1:8000", "[::1]:80", "*.x", "a_b"] {
            assert_eq!(header_value(&name, good).unwrap(), good, "{good}");
        }
        for bad in ["", "http://a", "a/b", "u@a", "u:p@a", "a b", "a:b", "a:99999", "é", ":80"] {
            let error = refused("Host", bad);
            assert!(error.contains("Host header"), "{bad}: {error}");
        }
    }
}
