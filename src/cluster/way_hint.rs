//! What to do about a server that cannot be reached, by what was said of it: the certificates, the
//! proxy, or who signs in. Pure.

/// What to do, where the way to the server says it; `text` is what was said, with its causes.
pub(crate) fn way_hint(text: &str) -> Option<&'static str> {
    certificate(text).or_else(|| proxy(text)).or_else(|| credentials(text))
}

/// What to do about a certificate that rustls refuses; `text` is what it said.
fn certificate(text: &str) -> Option<&'static str> {
    let hints = [
        (
            "UnsupportedCertVersion",
            "a certificate of the chain is X.509 version 1, which the TLS library (rustls) \
             refuses: issue it as version 3, for a server with a subjectAltName (openssl \
             needs -extfile or -copy_extensions for that)",
        ),
        (
            "CaUsedAsEndEntity",
            "the server shows a certificate of an authority (CA:TRUE) as its own: issue one for \
             the server, signed by it",
        ),
        (
            // By an authority of the same name, as those of clusters that were made anew.
            "BadSignature",
            "`certificate-authority` of the cluster's entry in the kubeconfig is not who signed \
             the server's certificate",
        ),
        (
            "received fatal alert: CertificateExpired",
            "the client certificate of the user's entry in the kubeconfig has to be renewed",
        ),
        (
            "UnknownIssuer",
            "`certificate-authority` of the cluster's entry in the kubeconfig is not who signed \
             the server's certificate",
        ),
        (
            "NotValidForName",
            "the server's certificate is for other names: say one of them as `tls-server-name` in \
             the cluster's entry of the kubeconfig",
        ),
        (
            "certificate not valid for name",
            "the server's certificate is for other names: say one of them as `tls-server-name` in \
             the cluster's entry of the kubeconfig",
        ),
        ("certificate expired", "the server's certificate has to be renewed"),
        ("certificate not valid yet", "compare this machine's clock with the server's"),
        (
            "received fatal alert: CertificateRequired",
            "the server wants a client certificate: the user's entry of the kubeconfig has none",
        ),
    ];
    hints.iter().find(|(said, _)| text.contains(said)).map(|(_, hint)| *hint)
}

/// What to do about a proxy that does not let through; `text` is what was said.
fn proxy(text: &str) -> Option<&'static str> {
    if !text.contains("through the proxy") {
        None
    } else if text.contains("proxy authorization required") {
        Some("write a user and a password into the proxy's address, percent-encoded")
    } else if text.contains("tunnel error: unsuccessful") {
        Some("the proxy does not connect to this server: NO_PROXY names those to reach directly")
    } else {
        Some("is the proxy reachable and running? NO_PROXY names servers to reach directly")
    }
}

/// What to do when nobody could be signed in; `text` is what was said.
fn credentials(text: &str) -> Option<&'static str> {
    text.contains("signing in as user `").then_some("what it says is about the user's credentials")
}
