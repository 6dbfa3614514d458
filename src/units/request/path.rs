//! Paths that a request may ask for. Pure.

use http::uri::PathAndQuery;

use super::method::method;
use super::printable::{character, masked, printable};
use crate::units::error::UnitError;

/// The longest path with its query: what every recipient should take (RFC 9110, section 4.1).
const PATH_MAX: usize = 8_000;

/// The path of a request, with its query: `/cart?user=1`. What HTTP forbids in it is refused, with
/// how to write it.
pub fn path(text: &str) -> Result<PathAndQuery, UnitError> {
    let url = text.contains("://") && !text.starts_with('/');
    let shown = if url { masked(text) } else { printable(text) };
    let refused = |why: String| Err(UnitError(format!("`{shown}` is not a path: {why}")));
    if text.is_empty() {
        return refused("the shortest is `/`".into());
    }
    if text == "*" {
        return refused("`*` asks a server about itself, not for a page".into());
    }
    if url {
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let host = rest.split('/').next().unwrap_or_default();
        // A password may have slashes in it: what ends before one is no port.
        let cut = !host.contains('@')
            && host.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err());
        let rest = if cut { rest.rsplit_once('@').map_or(rest, |(_, rest)| rest) } else { rest };
        let own = rest.find('/').map(|at| &rest[at..]);
        let own = printable(own.unwrap_or("/"));
        return refused(format!(
            "where requests go, the application's `calls` says; the path of this URL is `{own}`, \
             and another host is said by the header Host"
        ));
    }
    if let Some((word, _)) = text.split_once(' ')
        && word.chars().all(|c| c.is_ascii_uppercase())
        && method(word).is_ok()
    {
        return refused(format!("the method {word} cannot be said, clients send GET"));
    }
    if !text.starts_with('/') {
        return refused(format!("it begins with a slash: `/{}`", printable(&encoded(text))));
    }
    if text.len() > PATH_MAX {
        return refused(format!("it is longer than {PATH_MAX} bytes"));
    }
    if let Some((before, _)) = text.split_once('#') {
        return refused(format!(
            "a fragment, from `#` on, is never sent (RFC 9110, section 7.1): say `{}`, or %23 for \
             the character",
            printable(before)
        ));
    }
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return refused(match c.is_control() {
            true => format!("{} is in it", character(c)),
            false => {
                let spelled = printable(&encoded(text));
                format!("{} is written percent-encoded: `{spelled}`", character(c))
            }
        });
    }
    let bytes = text.as_bytes();
    let escape = |at: usize| {
        let digits = bytes.get(at + 1..at + 3);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if (0..bytes.len()).any(|at| bytes[at] == b'%' && !escape(at)) {
        return refused(
            "after `%` come two hexadecimal digits; the character itself is %25".into(),
        );
    }
    match text.parse() {
        Ok(parsed) => Ok(parsed),
        Err(cause) => refused(cause.to_string()),
    }
}

/// What stands for itself in a path or a query (RFC 3986, sections 3.3 and 3.4), and `%`.
fn allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?%".contains(c)
}

/// The same with everything percent-encoded that cannot stand for itself.
fn encoded(text: &str) -> String {
    let spelled = |c: char| match allowed(c) || c == '#' {
        true => c.to_string(),
        false => {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
        }
    };
    text.chars().map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signs_in_is_not_shown() {
        let said = path("http://bob:hunter2@shop/x").unwrap_err().to_string();
        assert!(said.contains("`http://***@shop/x`") && !said.contains("hunter2"), "{said}");
        for url in ["http://bob:hun/hunter2@shop/x", "bob:hunter2@http://shop/x"] {
            let said = path(url).unwrap_err().to_string();
            assert!(said.contains("***@") && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn paths_are_sent_as_they_are_said() {
        for good in [
            "/",
            "//",
            "/cart?user=1&x=/?",
            "/caf%C3%A9",
            "/a;b=c/@:!$&'()*+,",
            "/../x",
            "/*",
            "/?",
            "/login?next=http://a/b",
        ] {
            assert_eq!(path(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_how_it_is_written() {
        for (bad, word) in [
            ("", "the shortest is `/`"),
            ("*", "asks a server about itself"),
            ("travels", "begins with a slash: `/travels`"),
            ("?x=1", "begins with a slash: `/?x=1`"),
            ("http://other/a b?c", "the path of this URL is `/a b?c`"),
            ("http://other", "the path of this URL is `/`"),
            ("http://other:80/a@b/c", "the path of this URL is `/a@b/c`"),
            ("POST /cart", "the method POST cannot be said"),
            ("/a b", "a blank is written percent-encoded: `/a%20b`"),
            ("/café", "`é` is written percent-encoded: `/caf%C3%A9`"),
            ("/x?f[a]={b|c}", "`/x?f%5Ba%5D=%7Bb%7Cc%7D`"),
            ("/a\\b", "`/a%5Cb`"),
            ("/\"<>^`", "`/%22%3C%3E%5E%60`"),
            ("/a\tb", "a tab is in it"),
            ("/a\r\nHost: b", "a line break is in it"),
            ("/a\0", "U+0000"),
            ("/a#b", "never sent (RFC 9110, section 7.1): say `/a`"),
            ("/#", "say `/`"),
            ("/100%", "the character itself is %25"),
            ("/%zz", "the character itself is %25"),
            ("/%4", "the character itself is %25"),
        ] {
            let error = path(bad).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains('\n'), "{bad:?}: {error}");
        }
        assert!(path(&format!("/{}", "a".repeat(PATH_MAX - 1))).is_ok());
        let error = path(&format!("/{}", "a".repeat(PATH_MAX))).unwrap_err().to_string();
        assert!(error.contains("longer than 8000") && error.len() < 300, "{error}");
    }
}
