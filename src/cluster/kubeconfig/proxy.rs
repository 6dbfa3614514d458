//! The proxy on the way to an API server: `proxy-url` of the cluster's entry, or what the
//! environment says, in kubectl's order.

use std::fmt;

use http::Uri;
use kube::config::Cluster;

use super::no_proxy::NoProxy;
use super::server::has_no_port;
use crate::units::request::masked;

/// What the environment says of proxies (Go's `httpproxy`: upper case first).
#[derive(Debug, Clone, Default)]
pub(in crate::cluster) struct Proxies {
    /// For servers of `https`, with the variable's name.
    https: Option<(&'static str, String)>,
    /// For servers of `http`.
    http: Option<(&'static str, String)>,
    none: NoProxy,
}

/// A proxy, and how it is shown.
#[derive(Debug)]
pub(super) struct Way {
    pub proxy: Uri,
    /// Without what signs in at it, and with who named it.
    pub shown: String,
}

/// Why a proxy cannot be used; says who named it, but never a password.
#[derive(Debug)]
pub(super) struct ProxyError {
    pub of_environment: bool,
    text: String,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// === impl Proxies ===

impl Proxies {
    /// Those of this process's environment.
    pub(in crate::cluster) fn from_env() -> Self {
        Self::of(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 2]| {
            let said = |name| variable(name).map(|value| value.trim().to_owned());
            let one =
                |name| said(name).filter(|value| !value.is_empty()).map(|value| (name, value));
            names.into_iter().find_map(one)
        };
        Self {
            https: first(["HTTPS_PROXY", "https_proxy"]),
            http: first(["HTTP_PROXY", "http_proxy"]),
            none: first(["NO_PROXY", "no_proxy"])
                .map(|(_, value)| NoProxy::parse(&value))
                .unwrap_or_default(),
        }
    }

    fn for_server(&self, server: &Uri) -> Option<&(&'static str, String)> {
        let said = match server.scheme_str() {
            Some("http") => self.http.as_ref(),
            _ => self.https.as_ref(),
        };
        said.filter(|_| !self.none.covers(server))
    }
}

// === impl Way ===

impl Way {
    /// The way to a server. A `proxy-url` counts for every server, whatever `NO_PROXY` says
    /// (client-go, `rest.Config.Proxy`).
    pub(super) fn to(
        server: &Uri,
        cluster: &Cluster,
        proxies: Option<&Proxies>,
    ) -> Result<Option<Self>, ProxyError> {
        if let Some(said) = cluster.proxy_url.as_deref().filter(|said| !said.trim().is_empty()) {
            return Self::through(said.trim(), "its `proxy-url`")
                .map(Some)
                .map_err(|text| ProxyError { of_environment: false, text });
        }
        let Some((variable, said)) = proxies.and_then(|proxies| proxies.for_server(server)) else {
            return Ok(None);
        };
        // Go takes `proxy:3128` of the environment for one of http.
        let said = match said.contains("://") {
            true => said.clone(),
            false => format!("http://{said}"),
        };
        Self::through(&said, &format!("the variable {variable}"))
            .map(Some)
            .map_err(|text| ProxyError { of_environment: true, text })
    }

    fn through(said: &str, whose: &str) -> Result<Self, String> {
        let shown = masked(said);
        let refuse = |why: &str| Err(format!("{whose}, `{shown}`, cannot be used: {why}"));
        let Ok(proxy) = said.parse::<Uri>() else {
            return refuse("it is no address such as http://proxy:3128");
        };
        let signs = proxy.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let (scheme, port) = match proxy.scheme_str() {
            Some("http") => ("http", 80),
            Some("https") => ("https", 443),
            // Names are resolved by the proxy with both, as in Go.
            Some("socks5" | "socks5h") if signs => {
                return refuse("a SOCKS proxy that wants a password is not supported");
            }
            Some("socks5" | "socks5h") => ("socks5", 1080),
            Some(_) => return refuse("proxies are of http, https or socks5"),
            None => return refuse("it is no address such as http://proxy:3128"),
        };
        let host = proxy.host().unwrap_or_default();
        if host.is_empty() || has_no_port(&proxy) {
            return refuse("it is no address such as http://proxy:3128");
        }
        let user = proxy.authority().and_then(|all| all.as_str().rsplit_once('@'));
        let user = user.map(|(user, _)| format!("{user}@")).unwrap_or_default();
        let port = proxy.port_u16().unwrap_or(port);
        match format!("{scheme}://{user}{host}:{port}/").parse() {
            Ok(proxy) => Ok(Self { proxy, shown: format!("{shown} ({whose})") }),
            Err(_) => refuse("it is no address such as http://proxy:3128"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(entry: Option<&str>, set: &[(&str, &str)], server: &str) -> Result<Option<Way>, String> {
        let cluster = Cluster { proxy_url: entry.map(str::to_owned), ..Cluster::default() };
        let variable = |name: &str| {
            set.iter().find(|(said, _)| *said == name).map(|(_, value)| (*value).to_owned())
        };
        Way::to(&server.parse().unwrap(), &cluster, Some(&Proxies::of(variable)))
            .map_err(|cause| cause.to_string())
    }

    fn proxy(entry: Option<&str>, set: &[(&str, &str)], server: &str) -> String {
        way(entry, set, server).unwrap().map_or("none".to_owned(), |way| way.proxy.to_string())
    }

    const SERVER: &str = "https://api.example.com:6443";

    #[test]
    fn the_entry_counts_before_the_environment_and_upper_case_before_lower() {
        let both = [("https_proxy", "http://low:1"), ("HTTPS_PROXY", "up:3128")];
        assert_eq!(proxy(None, &both, SERVER), "http://up:3128/");
        assert_eq!(proxy(None, &both[..1], SERVER), "http://low:1/");
        assert_eq!(proxy(Some("http://own"), &both, SERVER), "http://own:80/");
        assert_eq!(proxy(Some(""), &[("HTTPS_PROXY", " ")], SERVER), "none");
        // Each scheme has its own.
        assert_eq!(proxy(None, &both, "http://api.example.com"), "none");
        let http = [("HTTP_PROXY", "http://up:8")];
        assert_eq!(proxy(None, &http, "http://api.example.com"), "http://up:8/");
        assert_eq!(proxy(None, &http, SERVER), "none");
    }

    #[test]
    fn what_no_proxy_names_is_reached_directly_unless_the_entry_says_otherwise() {
        let set = [("HTTPS_PROXY", "http://up:1"), ("NO_PROXY", ".example.com")];
        assert_eq!(proxy(None, &set, SERVER), "none");
        assert_eq!(proxy(None, &set, "https://other:6443"), "http://up:1/");
        // The proxy's own name does not count.
        let set = [("HTTPS_PROXY", "http://up.example.com:1"), ("no_proxy", "up.example.com")];
        assert_eq!(proxy(None, &set, SERVER), "http://up.example.com:1/");
        let all = [("NO_PROXY", "*")];
        assert_eq!(proxy(Some("http://own:2"), &all, SERVER), "http://own:2/");
        // This machine: not by the environment, but by the entry.
        assert_eq!(proxy(None, &set, "https://127.0.0.1:6443"), "none");
        assert_eq!(proxy(Some("http://own:2"), &set, "https://127.0.0.1:6443"), "http://own:2/");
    }

    #[test]
    fn kinds_of_proxies() {
        for (said, used) in [
            ("https://p", "https://p:443/"),
            ("socks5://p", "socks5://p:1080/"),
            ("socks5h://p:9", "socks5://p:9/"),
            ("http://u:p%40w@p:3128/", "http://u:p%40w@p:3128/"),
            ("http://[::1]:3128", "http://[::1]:3128/"),
        ] {
            assert_eq!(proxy(Some(said), &[], SERVER), used);
        }
        for (said, word) in [
            ("ftp://u:secret@p", "`ftp://***@p`, cannot be used: proxies are of http"),
            ("socks5://u:secret@p", "wants a password"),
            ("socks4://p", "proxies are of http"),
            ("p:3128", "no address"),
            ("http://", "no address"),
            ("http://u:secret@p:port", "`http://***@p:port`"),
            ("http://u:sec@secret@p x", "`http://***@p x`"),
        ] {
            let error = way(Some(said), &[], SERVER).unwrap_err();
            assert!(error.contains(word) && error.contains("`proxy-url`"), "{said}: {error}");
            assert!(!error.contains("sec"), "{error}");
        }
        let error = way(None, &[("https_proxy", "ftp://p")], SERVER).unwrap_err();
        assert!(error.contains("the variable https_proxy"), "{error}");
        let shown = way(Some("http://u:secret@p:1"), &[], SERVER).unwrap().unwrap().shown;
        assert_eq!(shown, "http://***@p:1 (its `proxy-url`)");
    }
}
