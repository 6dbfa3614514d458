//! A town with the agency in it: stand-ins on loopback, found by name.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::demo::images;
use crate::image::{Container, Dial, Stream};

/// Long enough for a loaded machine; nothing here takes a second.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Services by name, with the number of connections that were opened to each.
#[derive(Clone, Default)]
pub(super) struct Town(pub(super) Arc<Mutex<BTreeMap<String, (SocketAddr, u64)>>>);

/// A town with the agency in it.
pub(super) struct Agency {
    pub(super) town: Town,
    pub(super) stop: CancellationToken,
    pub(super) tasks: JoinSet<Result<(), String>>,
    pub(super) lines: Arc<Mutex<Vec<String>>>,
}

// === impl Town ===

impl Town {
    fn dial(&self) -> Dial {
        let town = self.clone();
        Arc::new(move |host, port| {
            let found = town.0.lock().unwrap().get_mut(&format!("{host}:{port}")).map(|entry| {
                entry.1 += 1;
                entry.0
            });
            Box::pin(async move {
                let address = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                Ok(Box::pin(TcpStream::connect(address).await?) as Pin<Box<dyn Stream>>)
            })
        })
    }

    pub(super) fn put(&self, name: &str, address: SocketAddr) {
        self.0.lock().unwrap().insert(name.to_owned(), (address, 0));
    }

    pub(super) fn address(&self, name: &str) -> SocketAddr {
        self.0.lock().unwrap()[name].0
    }

    pub(super) fn connections(&self, name: &str) -> u64 {
        self.0.lock().unwrap()[name].1
    }
}

// === impl Agency ===

impl Agency {
    pub(super) fn empty() -> Self {
        Self {
            town: Town::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
            lines: Arc::default(),
        }
    }

    pub(super) async fn open() -> Self {
        let mut agency = Self::empty();
        agency.start("mysqldb", 3306, &[("MYSQL_ROOT_PASSWORD", "password")]).await;
        agency.start("discounts", 8000, &[]).await;
        for product in ["hotels", "cars", "flights", "insurances"] {
            let env = [
                ("DISCOUNTS_SERVICE", "http://discounts.travel-agency:8000"),
                ("MYSQL_SERVICE", "mysqldb.travel-agency:3306"),
                ("MYSQL_PASSWORD", "password"),
            ];
            agency.start(product, 8000, &env).await;
        }
        let env = [
            ("FLIGHTS_SERVICE", "http://flights.travel-agency:8000"),
            ("HOTELS_SERVICE", "http://hotels.travel-agency:8000"),
            ("CARS_SERVICE", "http://cars.travel-agency:8000"),
            ("INSURANCES_SERVICE", "http://insurances.travel-agency:8000"),
        ];
        agency.start("travels", 8000, &env).await;
        agency
    }

    /// Starts a stand-in as `<image>.travel-agency:<port>`.
    pub(super) async fn start(&mut self, image: &str, port: u16, env: &[(&str, &str)]) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        self.town.put(&format!("{image}.travel-agency:{port}"), address);
        self.run(image, BTreeMap::from([(port, listener)]), env);
    }

    pub(super) fn run(
        &mut self,
        image: &str,
        listeners: BTreeMap<u16, TcpListener>,
        env: &[(&str, &str)],
    ) {
        let lines = Arc::clone(&self.lines);
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let container = Container {
            name: image.to_owned(),
            env: env.iter().map(owned).collect(),
            args: Vec::new(),
            listeners,
            dial: self.town.dial(),
            log: Arc::new(move |line| lines.lock().unwrap().push(line)),
            stop: self.stop.child_token(),
        };
        let (stand_in, _) = images::named(image).expect("one of the demo's");
        self.tasks.spawn(stand_in(container));
    }

    pub(super) async fn get(
        &self,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        self.ask("GET", &format!("{service}.travel-agency:8000"), path, headers, "").await
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, Value) {
        let stream = TcpStream::connect(self.town.address(service)).await.unwrap();
        let answer = request(stream, method, path, headers, body).await;
        let (status, body) = answer.unwrap();
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        (status, body)
    }
}

/// One request on a connection of its own; `None` when the connection was cut.
pub(super) async fn request(
    mut stream: TcpStream,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<(u16, String)> {
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer));
    read.await.expect("an answer in time").ok();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// A listener that answers every connection the same, and counts them.
pub(super) async fn stub(
    tasks: &mut JoinSet<Result<(), String>>,
    answer: String,
) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::Relaxed);
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, count)
}

pub(super) fn reply(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
