//! Which ports of a pod a request wants forwarded. Pure.

use super::options::Options;
use crate::port_forward::PORTS_MAX;
use crate::store::Refusal;

/// The ports in a query, in its order: `ports=80&ports=443` or `ports=80,443`.
pub(super) fn ports(query: &Options) -> Result<Vec<u16>, Refusal> {
    let mut found = Vec::new();
    for text in query.texts("ports") {
        if text.is_empty() {
            return Err(Refusal::bad_request("query parameter \"ports\" cannot be empty"));
        }
        for part in text.split(',') {
            let port: u16 = part.parse().map_err(|cause| {
                Refusal::bad_request(format!("unable to parse \"{text}\" as a port: {cause}"))
            })?;
            if port == 0 {
                return Err(Refusal::bad_request(format!("port \"{text}\" must be > 0")));
            }
            found.push(port);
        }
    }
    if found.is_empty() {
        return Err(Refusal::bad_request("query parameter \"ports\" is required"));
    }
    if found.len() > PORTS_MAX {
        let message = format!("at most {PORTS_MAX} ports can be forwarded by one connection");
        return Err(Refusal::bad_request(message));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(texts: &[&str]) -> Result<Vec<u16>, String> {
        let pair = |text: &&str| ("ports".to_owned(), (*text).to_owned());
        let options = Options::new(texts.iter().map(pair).collect()).unwrap();
        super::ports(&options).map_err(|refusal| refusal.message)
    }

    #[test]
    fn ports_are_listed_or_repeated() {
        assert_eq!(ports(&["80"]), Ok(vec![80]));
        assert_eq!(ports(&["80", "443,15014"]), Ok(vec![80, 443, 15014]));
        assert_eq!(ports(&[]), Err("query parameter \"ports\" is required".to_owned()));
        assert_eq!(ports(&[""]), Err("query parameter \"ports\" cannot be empty".to_owned()));
        assert_eq!(ports(&["0"]), Err("port \"0\" must be > 0".to_owned()));
        for nonsense in ["x", "80,", "65536", "-1", " 80"] {
            assert!(ports(&[nonsense]).unwrap_err().starts_with("unable to parse"), "{nonsense}");
        }
        let many = |count: usize| ports(&[&vec!["80"; count].join(",")]);
        assert_eq!(many(PORTS_MAX).unwrap().len(), PORTS_MAX);
        assert!(many(PORTS_MAX + 1).is_err());
    }
}
