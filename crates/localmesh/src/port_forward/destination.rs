//! What a port inside a pod leads to. Inside, one is on the pod's own loopback: past its sidecar,
//! at the application itself, at Envoy's admin and at everything that only answers there.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::net::{TcpSocket, UnixStream};
use tokio::time::timeout;

use crate::envoy::admin;
use crate::image::Stream;
use crate::network::PodNet;

/// Envoy's admin in a pod with a sidecar.
const ADMIN_PORT: u16 = 15000;

/// The merged telemetry of a pod with a sidecar.
const TELEMETRY_PORT: u16 = 15020;

/// A connection on loopback is made at once or never.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// What listens on a port inside a pod.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    /// Envoy's admin socket.
    Admin(PathBuf),
    /// A listener of the pod.
    Listener(SocketAddr),
}

/// Connects to a port inside a pod; the error is in the kubelet's words.
pub(super) async fn connect(pod: &PodNet, port: u16) -> Result<Pin<Box<dyn Stream>>, String> {
    let opened = timeout(CONNECT_MAX, open(pod, port)).await;
    opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|cause| {
        let cause = match cause.kind() {
            // Nobody has this socket (any more).
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => "connection refused",
            io::ErrorKind::TimedOut => "i/o timeout",
            _ => return words(pod, port, &cause.to_string()),
        };
        words(pod, port, cause)
    })
}

/// Why a port of a pod cannot be used, as kubelet and containerd word it.
fn words(pod: &PodNet, port: u16, cause: &str) -> String {
    let PodNet { name, uid, .. } = pod;
    format!(
        "error forwarding port {port} to pod {name}, uid {uid}: failed to connect to \
         localhost:{port} inside the pod: dial tcp4 127.0.0.1:{port}: connect: {cause}"
    )
}

async fn open(pod: &PodNet, port: u16) -> io::Result<Pin<Box<dyn Stream>>> {
    match destination(pod, port) {
        None => Err(io::ErrorKind::ConnectionRefused.into()),
        Some(Destination::Admin(socket)) => Ok(Box::pin(UnixStream::connect(socket).await?)),
        Some(Destination::Listener(address)) => {
            // From the pod's own address: so its listeners know that they are called from inside.
            let tcp = TcpSocket::new_v4()?;
            tcp.bind((pod.ip, 0).into())?;
            let stream = tcp.connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::pin(stream))
        }
    }
}

fn destination(pod: &PodNet, port: u16) -> Option<Destination> {
    match port {
        ADMIN_PORT if pod.sidecar => Some(Destination::Admin(pod.dir.join(admin::SOCKET))),
        TELEMETRY_PORT if pod.sidecar => pod.telemetry.map(Destination::Listener),
        port => {
            let own = pod.ports.iter().find(|own| own.port == port)?;
            Some(Destination::Listener(own.app))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::network::{PodPort, Protocol, Workload};

    fn pod(sidecar: bool) -> PodNet {
        let at = |text: &str| text.parse().unwrap();
        let ports = [8000, 15000].map(|port| PodPort {
            port,
            protocol: Protocol::Http,
            reach: at("127.63.0.7:8000"),
            app: at("127.63.0.7:41000"),
        });
        PodNet {
            namespace: "shop".to_owned(),
            name: "p".to_owned(),
            uid: "u".to_owned(),
            ip: [127, 63, 0, 7].into(),
            labels: BTreeMap::new(),
            workload: Workload::of(&Value::Null),
            dir: "/nowhere".into(),
            sidecar,
            ports: ports.to_vec(),
            telemetry: sidecar.then(|| at("127.63.0.7:15020")),
        }
    }

    #[test]
    fn inside_a_pod_are_its_application_and_its_sidecar() {
        let of = |sidecar, port| destination(&pod(sidecar), port);
        let listener = |text: &str| Some(Destination::Listener(text.parse().unwrap()));
        for sidecar in [true, false] {
            assert_eq!(of(sidecar, 8000), listener("127.63.0.7:41000"), "not the sidecar's");
            assert_eq!(of(sidecar, 9), None);
        }
        assert_eq!(of(true, 15020), listener("127.63.0.7:15020"));
        assert_eq!(of(false, 15020), None);
        assert_eq!(of(true, 15000), Some(Destination::Admin("/nowhere/admin.sock".into())));
        // Without a sidecar it is a port like any other.
        assert_eq!(of(false, 15000), listener("127.63.0.7:41000"));
    }

    #[tokio::test]
    async fn what_nobody_listens_on_refuses() {
        for port in [9, 15000] {
            let refused = connect(&pod(true), port).await.err().unwrap();
            assert!(refused.starts_with(&format!("error forwarding port {port} to pod p, uid u")));
            assert!(refused.ends_with("connect: connection refused"), "{refused}");
        }
    }
}
