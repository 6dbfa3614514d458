//! Which servers are reached without the environment's proxy. Pure.
//!
//! By the rules of Go's `golang.org/x/net/http/httpproxy`, which kubectl follows: `a.b` means
//! itself and everything below it, `.a.b` and `*.a.b` what is below alone, `*` everything;
//! addresses and networks in CIDR notation mean addresses; each may be followed by a port. This
//! machine is always reached directly.

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

/// What `NO_PROXY` says.
#[derive(Debug, Clone, Default)]
pub(super) struct NoProxy(Vec<Rule>);

#[derive(Debug, Clone)]
enum Rule {
    All,
    Net(IpNet),
    Address(IpAddr, Option<u16>),
    Domain { suffix: String, itself: bool, port: Option<u16> },
}

// === impl NoProxy ===

impl NoProxy {
    /// A list between commas. What means nothing matches nothing.
    pub(super) fn parse(text: &str) -> Self {
        Self(text.split(',').filter_map(|word| rule(&word.trim().to_ascii_lowercase())).collect())
    }

    /// Whether a server is reached directly.
    pub(super) fn covers(&self, server: &Uri) -> bool {
        let Some(host) = server.host() else { return false };
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let port = server.port_u16().unwrap_or(match server.scheme_str() {
            Some("http") => 80,
            _ => 443,
        });
        let address: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        let of_port = |said: &Option<u16>| said.is_none_or(|said| said == port);
        self.0.iter().any(|rule| match (rule, address) {
            (Rule::All, _) => true,
            (Rule::Net(net), Some(address)) => net.contains(&address),
            (Rule::Address(said, port), Some(address)) => *said == address && of_port(port),
            (Rule::Domain { suffix, itself, port }, None) => {
                let same = *itself && host == suffix[1..];
                (same || host.ends_with(suffix.as_str())) && of_port(port)
            }
            (Rule::Net(_) | Rule::Address(..), None) | (Rule::Domain { .. }, Some(_)) => false,
        })
    }
}

fn rule(word: &str) -> Option<Rule> {
    if word.is_empty() {
        return None;
    }
    if word == "*" {
        return Some(Rule::All);
    }
    if let Ok(net) = word.parse() {
        return Some(Rule::Net(net));
    }
    if let Ok(address) = word.trim_matches(['[', ']']).parse() {
        return Some(Rule::Address(address, None));
    }
    let (host, port) = match word.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (word, None),
    };
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Some(Rule::Address(address, port));
    }
    let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
    let itself = !host.starts_with('.');
    let suffix = if itself { format!(".{host}") } else { host.to_owned() };
    (suffix.len() > 1).then_some(Rule::Domain { suffix, itself, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_spared_by_the_rules_of_go() {
        let direct =
            |list: &str, server: &str| NoProxy::parse(list).covers(&server.parse().unwrap());
        for (list, server) in [
            ("", "https://localhost:6443"),
            ("", "https://127.0.0.1:1"),
            ("", "https://[::1]:6443"),
            ("*", "https://a.example.com"),
            ("example.com", "https://example.com"),
            ("example.com", "https://API.Example.com:6443"),
            (" .example.com , x", "https://api.example.com"),
            ("*.example.com", "https://api.example.com"),
            ("example.com:6443", "https://api.example.com:6443"),
            ("example.com:443", "https://api.example.com"),
            ("10.0.0.0/8,,", "https://10.1.2.3:6443"),
            ("10.1.2.3", "https://10.1.2.3"),
            ("10.1.2.3:6443", "https://10.1.2.3:6443"),
            ("fd00::/8", "https://[fd00::1]:6443"),
            ("[fd00::1]:6443", "https://[fd00::1]:6443"),
        ] {
            assert!(direct(list, server), "{list} {server}");
        }
        for (list, server) in [
            ("", "https://example.com"),
            (".example.com", "https://example.com"),
            ("*.example.com", "https://example.com"),
            ("example.com", "https://badexample.com"),
            ("example.com:6443", "https://example.com"),
            ("example.com:port", "https://example.com"),
            ("10.0.0.0/8", "https://11.0.0.1"),
            ("10.0.0.0/99", "https://10.0.0.1"),
            ("0.0.1", "https://10.0.0.1"),
            ("10.1.2.3:6443", "https://10.1.2.3"),
            (".,:,:443", "https://example.com"),
        ] {
            assert!(!direct(list, server), "{list} {server}");
        }
    }
}
