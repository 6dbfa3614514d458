//! TLS towards a service (`ValidateTLS` in `pkg/config/validation/agent/validation.go`).

use super::node::Node;
use crate::review::Review;

/// What stands beside the name of a secret, which has it all.
const FILES: &[&str] = &["clientCertificate", "caCertificates", "privateKey", "caCrl"];

pub(super) fn tls(tls: &Node<'_>, namespace: &str, review: &mut Review) {
    let has = |name: &str| !tls.text(name).is_empty();
    let mode = tls.text("mode");
    let (simple, mutual) = (mode == "SIMPLE", mode == "MUTUAL");
    if let Some(name) = tls.text("credentialName").strip_prefix("configmap://") {
        config_map(&tls.at("credentialName"), name, namespace, review);
    }
    if tls.flag("insecureSkipVerify") {
        let names = tls.any("subjectAltNames");
        let verified = has("caCertificates") || names || (simple && has("credentialName"));
        if (simple || mutual) && verified {
            let message = "cannot specify CaCertificates, CredentialName or SubjectAltNames when \
                           InsecureSkipVerify is set true";
            review.error(tls.at("insecureSkipVerify"), message);
        }
    }
    if (simple || mutual) && has("credentialName") {
        if FILES.iter().any(|name| has(name)) {
            let message =
                "cannot specify client certificates or CA certificate or CA CRL beside it";
            review.error(tls.at("credentialName"), message);
        }
    } else if mutual {
        for name in ["clientCertificate", "privateKey"].into_iter().filter(|name| !has(name)) {
            review.error(tls.at(name), "is required for mutual tls");
        }
    }
}

/// `configmap://namespace/name`, of the object's own namespace.
fn config_map(field: &Node<'_>, name: &str, own: &str, review: &mut Review) {
    let parts: Vec<&str> = name.split('/').collect();
    match parts[..] {
        [namespace, name, ..] if !namespace.is_empty() && !name.is_empty() => {
            if namespace != own || own.is_empty() {
                review.error(field, format_args!("namespace must be the object's own, {own:?}"));
            }
        }
        _ => review.error(field, "invalid configmap:// name: expected namespace and name"),
    }
}
