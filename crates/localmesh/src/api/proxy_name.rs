//! The name in a URL of the `proxy` sub-resource, which carries a port. Pure.

use crate::store::Refusal;

/// Which port of a pod or service is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Port {
    First,
    Number(u16),
    Name(String),
}

/// `name`, `name:port` or `http:name:port`.
pub(super) fn split_name(text: &str) -> Result<(&str, Port), Refusal> {
    let parts: Vec<&str> = text.split(':').collect();
    let (name, port) = match parts.as_slice() {
        [name] | ["http", name, ""] => (*name, ""),
        [name, port] | ["http" | "", name, port] => (*name, *port),
        ["https", _, _] => {
            return Err(Refusal::bad_request("the local mesh's pods are reached by http only"));
        }
        _ => return Err(Refusal::bad_request(format!("invalid proxy request \"{text}\""))),
    };
    let port = match (port, port.parse()) {
        ("", _) => Port::First,
        (_, Ok(number)) => Port::Number(number),
        (name, Err(_)) => Port::Name(name.to_owned()),
    };
    Ok((name, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_ports() {
        let split = |text| split_name(text).unwrap();
        assert_eq!(split("p"), ("p", Port::First));
        assert_eq!(split("p:80"), ("p", Port::Number(80)));
        assert_eq!(split("p:http"), ("p", Port::Name("http".to_owned())));
        assert_eq!(split("http:p:80"), ("p", Port::Number(80)));
        assert!(split_name("https:p:443").is_err());
        assert!(split_name("a:b:c:d").is_err());
    }
}
