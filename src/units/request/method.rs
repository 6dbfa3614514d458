//! Methods that a request may have. Pure.

use http::Method;

use super::printable::printable;
use crate::units::error::UnitError;

/// A method that load may be sent with: any token of RFC 9110, section 9.1, but those that open a
/// tunnel or echo a request.
pub fn method(text: &str) -> Result<Method, UnitError> {
    let shown = printable(text);
    let parsed: Method = text
        .parse()
        .map_err(|_| UnitError(format!("`{shown}` is no HTTP method: it is one such as GET")))?;
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "CONNECT" => Err(UnitError("CONNECT opens a tunnel and is no load".into())),
        "TRACE" => Err(UnitError("TRACE echoes what a proxy sees and is no load".into())),
        // Methods are case-sensitive, so `get` is another one, which no service knows.
        "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" if upper != text => {
            Err(UnitError(format!("`{shown}` is no HTTP method: did you mean `{upper}`?")))
        }
        _ => Ok(parsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_said_as_http_knows_them() {
        for good in ["GET", "POST", "DELETE", "PURGE", "M-SEARCH"] {
            assert_eq!(method(good).unwrap().as_str(), good);
        }
        for (bad, word) in [
            ("get", "did you mean `GET`?"),
            ("Post", "did you mean `POST`?"),
            ("CONNECT", "tunnel"),
            ("connect", "tunnel"),
            ("TRACE", "echoes"),
            ("GE T", "no HTTP method"),
            ("", "no HTTP method"),
            ("GET\r\n", "GET\\r\\n"),
        ] {
            let error = method(bad).unwrap_err().to_string();
            assert!(error.contains(word), "{bad:?}: {error}");
        }
    }
}
