//! A stand-in as a program of its own, in a container of a real cluster: what the local mesh's
//! kubelet hands to it comes from the process here. Its environment is the process', its way out is
//! TCP by the resolver (and so through the sidecar that captures it), its log is standard output.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio_util::sync::CancellationToken;

use super::images;
use crate::error::{Error, Result};
use crate::image::{Container, Stream};

/// How long a connection may take, its name's lookup included: what Go's default transport, with
/// which the originals ask, allows.
const DIAL_LIMIT: Duration = Duration::from_secs(30);

/// Runs the stand-in with this name, `hotels` say, until it is stopped. `args` are the container's,
/// which the originals' images understand; the stand-ins do as well without.
pub async fn run(
    name: &str,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    stop: CancellationToken,
) -> Result<()> {
    let doing = || format!("starting the stand-in `{name}`");
    let Some((stand_in, declared)) = images::named(name) else {
        let hint = format!("there are {}", images::names().join(", "));
        return Err(Error::given(doing(), "there is none of that name").hint(hint));
    };
    let mut listeners = BTreeMap::new();
    if let Some(port) = port(declared, env.get("LISTEN_ADDRESS").map(String::as_str)) {
        // All addresses: the sidecar reaches the container on the pod's own.
        let bound = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await;
        let listener =
            bound.map_err(|cause| Error::new(doing(), format!("port {port}: {cause}")))?;
        listeners.insert(port, listener);
    }
    let container = Container {
        name: name.to_owned(),
        env,
        args,
        listeners,
        dial: Arc::new(|host, port| dial(host, port).boxed()),
        log: Arc::new(say),
        stop,
    };
    let ended = stand_in(container).await;
    ended.map_err(|cause| Error::new(format!("running the stand-in `{name}`"), cause))
}

/// Where it listens: the port it is told, as the originals, or else its image's own. One that
/// serves nothing listens nowhere.
fn port(declared: Option<u16>, told: Option<&str>) -> Option<u16> {
    let told = told.and_then(|address| address.rsplit_once(':'));
    let told = told.and_then(|(_, port)| port.parse().ok());
    declared.map(|declared| told.unwrap_or(declared))
}

/// A TCP connection; a name that does not resolve is not found.
async fn dial(host: String, port: u16) -> io::Result<Pin<Box<dyn Stream>>> {
    let connecting = async {
        let found = lookup_host((host.as_str(), port)).await;
        let found = found.map_err(|cause| {
            io::Error::new(io::ErrorKind::NotFound, format!("lookup of {host}: {cause}"))
        })?;
        let addresses: Vec<_> = found.collect();
        let stream = TcpStream::connect(addresses.as_slice()).await?;
        // Requests are written whole, so waiting for more to send only costs time.
        stream.set_nodelay(true)?;
        Ok(Box::pin(stream) as Pin<Box<dyn Stream>>)
    };
    match tokio::time::timeout(DIAL_LIMIT, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")),
    }
}

/// One line, whole and at once: standard output that is no terminal would keep it back.
fn say(line: String) {
    let mut out = io::stdout().lock();
    // A log that nobody reads any more is no reason to end.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::demo::images::{REPOSITORY, images as all};

    #[test]
    fn it_listens_where_it_is_told_and_else_where_its_image_does() {
        assert_eq!(port(Some(8000), None), Some(8000));
        assert_eq!(port(Some(8000), Some(":8001")), Some(8001));
        assert_eq!(port(Some(8000), Some("")), Some(8000));
        assert_eq!(port(Some(8000), Some("0.0.0.0:x")), Some(8000));
        assert_eq!(port(None, Some(":8001")), None);
    }

    #[test]
    fn every_image_of_the_demo_has_a_name() {
        let named: Vec<_> =
            images::names().iter().map(|name| format!("{REPOSITORY}{name}")).collect();
        assert_eq!(named.len(), all().len());
        assert!(named.iter().all(|name| all().contains_key(name)), "{named:?}");
        assert!(images::named("boats").is_none());
    }

    #[tokio::test]
    async fn an_unknown_name_is_refused_with_those_there_are() {
        let refused = run("boats", Vec::new(), BTreeMap::new(), CancellationToken::new()).await;
        let error = refused.unwrap_err();
        assert!(error.given, "{error}");
        assert!(error.to_string().contains("hotels"), "{error}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_not_found() {
        // Reserved by RFC 6761: no resolver may know it.
        let error = dial("hotels.invalid".to_owned(), 80).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
    }

    #[tokio::test]
    async fn the_database_serves_on_the_port_it_is_told() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let env = BTreeMap::from([("LISTEN_ADDRESS".to_owned(), format!(":{port}"))]);
        let stop = CancellationToken::new();
        let asked = async {
            let mut wire = loop {
                match dial("localhost".to_owned(), port).await {
                    Ok(wire) => break wire,
                    // Not bound yet: it is polled first, and the test's own limit ends this.
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            wire.write_all(b"cities\n").await.unwrap();
            let mut answer = String::new();
            wire.read_to_string(&mut answer).await.unwrap();
            stop.cancel();
            answer
        };
        let args = vec!["--default-authentication-plugin".to_owned()];
        let both = futures::future::join(run("mysqldb", args, env, stop.clone()), asked);
        let (ended, answer) = tokio::time::timeout(DIAL_LIMIT, both).await.unwrap();
        assert!(answer.starts_with("ok\t45\n"), "{answer}");
        ended.unwrap();
    }
}
