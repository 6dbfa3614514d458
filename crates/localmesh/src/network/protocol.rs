//! What a port speaks, by Istio's rules. Pure.

/// What a port speaks, as Istio derives it from the service port's name and `appProtocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1.
    Http,
    /// Opaque TCP.
    Tcp,
}

// === impl Protocol ===

impl Protocol {
    /// What a port speaks by Istio's rules of protocol selection (`pkg/config/kube/conversion.go`):
    /// `appProtocol` before the port's name, of which the part before the first `-` counts; a
    /// handful of well-known ports is TCP. Where Istio would look at the bytes (no known name),
    /// HTTP is assumed: there is no sniffing here. What is encrypted or no HTTP is opaque TCP.
    #[must_use]
    pub fn of(name: Option<&str>, app_protocol: Option<&str>, port: u16) -> Self {
        let word = app_protocol.or(name).unwrap_or_default().to_ascii_lowercase();
        let prefix = if word.starts_with("grpc-web") {
            "grpc-web"
        } else {
            word.split('-').next().unwrap_or_default()
        };
        match (word.as_str(), prefix) {
            ("kubernetes.io/h2c" | "kubernetes.io/ws", _)
            | (_, "http" | "http2" | "grpc" | "grpc-web") => Self::Http,
            ("kubernetes.io/wss", _)
            | (_, "https" | "tls" | "tcp" | "udp" | "mongo" | "mysql" | "redis") => Self::Tcp,
            // DNS, SMTP, MySQL and MongoDB: there the server speaks first, or it is no HTTP.
            _ if matches!(port, 53 | 25 | 3306 | 27017) => Self::Tcp,
            _ => Self::Http,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_selected_as_istio_does() {
        let of = |name, app| Protocol::of(name, app, 8000);
        for name in ["http", "http-web", "HTTP", "grpc-web-x", "http2-a", "web", "tcpdump"] {
            assert_eq!(of(Some(name), None), Protocol::Http, "{name}");
        }
        for name in ["tcp", "tcp-db", "mysql", "redis-1", "https", "tls-x"] {
            assert_eq!(of(Some(name), None), Protocol::Tcp, "{name}");
        }
        assert_eq!(of(Some("http"), Some("tcp")), Protocol::Tcp);
        assert_eq!(of(Some("tcp"), Some("kubernetes.io/h2c")), Protocol::Http);
        assert_eq!(of(None, None), Protocol::Http);
        assert_eq!(Protocol::of(None, None, 3306), Protocol::Tcp);
        assert_eq!(Protocol::of(Some("http"), None, 3306), Protocol::Http);
    }
}
