//! How a container reaches `host:port`: what the name means says `resolve`; this is kube-proxy's
//! choice, or the way into the pod's own sidecar.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use rand::seq::IndexedRandom as _;
use tokio::net::{TcpSocket, UnixStream};

use super::addresses::Network;
use super::pod_net::PodNet;
use super::protocol::Protocol;
use super::resolve::{Answer, resolve};
use crate::image::{Dial, Stream};
use crate::registry::Registry;

// === impl Network ===

impl Network {
    /// The way out of a pod. With a sidecar, services are reached through the Unix sockets of its
    /// outbound listeners; without one, directly at a random ready endpoint, as kube-proxy would.
    #[must_use]
    pub fn dial(&self, registry: &Registry, from: &PodNet) -> Dial {
        let (network, registry) = (self.clone(), registry.clone());
        let from = Arc::new(Origin {
            namespace: from.namespace.clone(),
            ip: from.ip,
            out: from.sidecar.then(|| from.dir.join("out")),
        });
        Arc::new(move |host, port| {
            let answer = resolve(&registry, &network, &from.namespace, &host, port);
            let from = Arc::clone(&from);
            Box::pin(async move { from.connect(answer, &host, port).await })
        })
    }
}

/// Where connections come from.
struct Origin {
    namespace: String,
    ip: Ipv4Addr,
    /// The folder of the sidecar's outbound sockets.
    out: Option<PathBuf>,
}

// === impl Origin ===

impl Origin {
    async fn connect(
        &self,
        answer: Answer,
        host: &str,
        port: u16,
    ) -> io::Result<Pin<Box<dyn Stream>>> {
        let refused = |why: &str| {
            let text = format!("dial {host}:{port}: connection refused ({why})");
            io::Error::new(io::ErrorKind::ConnectionRefused, text)
        };
        let address = match answer {
            Answer::Unknown => {
                let text = format!("dial {host}:{port}: no such host");
                return Err(io::Error::new(io::ErrorKind::NotFound, text));
            }
            Answer::Refused => return Err(refused("nothing listens on this port")),
            Answer::Pod(address) => address,
            Answer::Service { cluster_ip, protocol, endpoints } => match &self.out {
                Some(out) => {
                    let socket = socket(out, cluster_ip, protocol, port)
                        .ok_or_else(|| refused("the service has no address of its own"))?;
                    let stream = UnixStream::connect(&socket).await.map_err(|error| {
                        // A missing socket must not look like a name that does not exist.
                        refused(&format!("the sidecar does not listen there: {error}"))
                    })?;
                    return Ok(Box::pin(stream));
                }
                None => *endpoints
                    .choose(&mut rand::rng())
                    .ok_or_else(|| refused("the service has no ready endpoint"))?,
            },
        };
        // The connection comes from the pod's own address: that is how its peer knows who calls.
        let tcp = TcpSocket::new_v4()?;
        tcp.bind(SocketAddr::new(IpAddr::V4(self.ip), 0))?;
        let stream = tcp.connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::pin(stream))
    }
}

/// The socket of the outbound listener for a port, named as Istio names the listener: all HTTP
/// services of one port share `0.0.0.0_<port>`, a TCP service has `<clusterIP>_<port>`.
fn socket(
    out: &Path,
    cluster_ip: Option<Ipv4Addr>,
    protocol: Protocol,
    port: u16,
) -> Option<PathBuf> {
    let ip = match protocol {
        Protocol::Http => Ipv4Addr::UNSPECIFIED,
        Protocol::Tcp => cluster_ip?,
    };
    Some(out.join(format!("{ip}_{port}.sock")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_named_after_the_listeners() {
        let out = Path::new("o");
        let ip = Some(Ipv4Addr::new(10, 96, 0, 7));
        let name = |protocol, port| socket(out, ip, protocol, port);
        assert_eq!(name(Protocol::Http, 8000), Some(out.join("0.0.0.0_8000.sock")));
        assert_eq!(name(Protocol::Tcp, 3306), Some(out.join("10.96.0.7_3306.sock")));
        assert_eq!(socket(out, None, Protocol::Tcp, 3306), None);
    }
}
