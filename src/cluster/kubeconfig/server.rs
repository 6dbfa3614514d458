//! The address of an API server, as a cluster's entry has it.

use http::Uri;
use kube::config::{AuthInfo, Cluster};

/// The server's address. Without a scheme it is `https` where there is anything of TLS in the
/// entries and `http` otherwise (client-go, `rest.DefaultServerURL`).
pub(super) fn address(cluster: &Cluster, user: &AuthInfo) -> Result<Uri, String> {
    let said = cluster.server.as_deref().unwrap_or_default().trim();
    if said.is_empty() {
        return Err("it has no `server`".into());
    }
    let secured = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some();
    let full = match (said.contains("://"), secured) {
        (true, _) => said.to_owned(),
        (false, true) => format!("https://{said}"),
        (false, false) => format!("http://{said}"),
    };
    // What is before an `@` would be a password, and the address is told in reports.
    if full.split('/').nth(2).is_some_and(|authority| authority.contains('@')) {
        return Err("its `server` has a user's name or a password in it".into());
    }
    let address: Uri = full.parse().map_err(|cause| {
        format!("its `server` is no address such as https://host:6443: {cause}")
    })?;
    match (address.scheme_str(), address.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() && !has_no_port(&address) => {
            Ok(address)
        }
        _ => Err("its `server` is no address such as https://host:6443".into()),
    }
}

/// Whether what stands where a port would is none: the type takes it.
pub(super) fn has_no_port(address: &Uri) -> bool {
    let authority = address.authority().map_or("", |authority| authority.as_str());
    let rest = authority.rsplit('@').next().unwrap_or_default();
    let rest = rest.strip_prefix(address.host().unwrap_or_default()).unwrap_or_default();
    rest.starts_with(':') && address.port_u16().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_kubectl_reads_it() {
        let of = |server: &str, secured: bool| {
            let server = Some(server.to_owned());
            let insecure_skip_tls_verify = secured.then_some(true);
            let cluster = Cluster { server, insecure_skip_tls_verify, ..Cluster::default() };
            address(&cluster, &AuthInfo::default()).map(|uri| uri.to_string())
        };
        assert_eq!(of("https://a:6443/k8s/c-1", false).unwrap(), "https://a:6443/k8s/c-1");
        assert_eq!(of("a:6443", true).unwrap(), "https://a:6443/");
        assert_eq!(of("a:8080", false).unwrap(), "http://a:8080/");
        for (bad, word) in [
            ("", "no `server`"),
            ("ftp://a", "no address"),
            ("https://", "no address"),
            ("https://a b", "no address"),
            ("https://a:port", "no address"),
            ("https://u:secret@a", "a user's name or a password"),
            ("u:secret@a", "a user's name or a password"),
        ] {
            let error = of(bad, false).unwrap_err();
            assert!(error.contains(word) && !error.contains("secret"), "{bad}: {error}");
        }
    }
}
