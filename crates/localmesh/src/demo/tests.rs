//! The stand-ins over real loopback sockets, without Envoys and without a kubelet.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{REPOSITORY, images};
use crate::image::{Container, Dial, Stream};
use crate::network::{PodNet, Workload};

/// Long enough for a loaded machine; nothing here takes a second.
const PATIENCE: Duration = Duration::from_secs(20);

/// Services by name, with the number of connections that were opened to each.
#[derive(Clone, Default)]
struct Town(Arc<Mutex<BTreeMap<String, (SocketAddr, u64)>>>);

/// A town with the agency in it.
struct Agency {
    town: Town,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), String>>,
    lines: Arc<Mutex<Vec<String>>>,
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

    fn put(&self, name: &str, address: SocketAddr) {
        self.0.lock().unwrap().insert(name.to_owned(), (address, 0));
    }

    fn address(&self, name: &str) -> SocketAddr {
        self.0.lock().unwrap()[name].0
    }

    fn connections(&self, name: &str) -> u64 {
        self.0.lock().unwrap()[name].1
    }
}

// === impl Agency ===

impl Agency {
    fn empty() -> Self {
        Self {
            town: Town::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
            lines: Arc::default(),
        }
    }

    async fn open() -> Self {
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
    async fn start(&mut self, image: &str, port: u16, env: &[(&str, &str)]) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        self.town.put(&format!("{image}.travel-agency:{port}"), address);
        self.run(image, BTreeMap::from([(port, listener)]), env);
    }

    fn run(&mut self, image: &str, listeners: BTreeMap<u16, TcpListener>, env: &[(&str, &str)]) {
        let lines = Arc::clone(&self.lines);
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let container = Container {
            pod: Arc::new(pod(image)),
            name: image.to_owned(),
            env: env.iter().map(owned).collect(),
            args: Vec::new(),
            listeners,
            dial: self.town.dial(),
            log: Arc::new(move |line| lines.lock().unwrap().push(line)),
            stop: self.stop.child_token(),
        };
        self.tasks.spawn(images()[&format!("{REPOSITORY}{image}")].run(container));
    }

    async fn get(&self, service: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        self.ask("GET", &format!("{service}.travel-agency:8000"), path, headers, "").await
    }

    async fn ask(
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

fn pod(name: &str) -> PodNet {
    PodNet {
        namespace: "travel-agency".to_owned(),
        name: name.to_owned(),
        uid: name.to_owned(),
        ip: Ipv4Addr::LOCALHOST,
        labels: BTreeMap::new(),
        workload: Workload::of(&Value::Null),
        dir: PathBuf::new(),
        sidecar: false,
        ports: Vec::new(),
        telemetry: None,
    }
}

/// One request on a connection of its own; `None` when the connection was cut.
async fn request(
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
async fn stub(
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

fn reply(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn cities_come_from_the_database_through_hotels() {
    let agency = Agency::open().await;
    for service in ["hotels", "travels"] {
        let (status, cities) = agency.get(service, &format!("/{service}"), &[]).await;
        assert_eq!(status, 200);
        let cities = cities.as_array().unwrap();
        assert_eq!(cities.len(), 45);
        assert_eq!(cities[0], json!({"city": "Amsterdam", "lat": "52.3500", "lng": "4.9166"}));
    }
    assert_eq!(agency.town.connections("mysqldb.travel-agency:3306"), 2);
    assert_eq!(agency.town.connections("discounts.travel-agency:8000"), 0);
}

#[tokio::test]
async fn a_quote_asks_whom_the_travel_needs_and_discounts_for_the_user() {
    let agency = Agency::open().await;
    let headers = [("user", "new"), ("travel", "t2"), ("portal", "viaggi.it")];
    let (status, quote) = agency.get("travels", "/travels/San%20Marino", &headers).await;
    assert_eq!(status, 200, "{quote}");
    assert_eq!((&quote["city"], &quote["status"]), (&json!("San Marino"), &json!("Valid")));
    assert_eq!(quote["coordinates"], Value::Null);
    assert_eq!(quote["cars"], Value::Null);
    assert_eq!(quote["hotels"][0], json!({"hotel": "Grand Hotel San Marino", "price": 498.75}));
    assert_eq!(quote["flights"][0]["airline"], "Red Airlines");
    assert_eq!(quote["insurances"][1], json!({"company": "Blue Insurances", "price": 66.75}));
    assert!(quote["createdAt"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    // hotels, insurances and flights: one connection to the database each, and a discount each.
    assert_eq!(agency.town.connections("mysqldb.travel-agency:3306"), 3);
    assert_eq!(agency.town.connections("cars.travel-agency:8000"), 0);

    let (_, undiscounted) = agency.get("cars", "/cars/Rome", &[]).await;
    let expected = json!([{"carModel": "Sports Car", "price": 1160},
        {"carModel": "Economy Car", "price": 364}]);
    assert_eq!(undiscounted, expected);
    let (_, discount) = agency.get("discounts", "/discounts/registered", &[]).await;
    assert_eq!(discount, json!({"user": "registered", "discount": 0.1}));
}

#[tokio::test]
async fn errors_are_the_demos() {
    let agency = Agency::open().await;
    let not_found = json!({"error": "City Atlantis not found"});
    assert_eq!(agency.get("hotels", "/hotels/Atlantis", &[]).await, (404, not_found));
    let no_quote = json!({"error": "Travel Quote for Atlantis not found"});
    assert_eq!(agency.get("travels", "/travels/Atlantis", &[]).await, (404, no_quote));
    // Without discounts a price is a full one.
    agency.town.0.lock().unwrap().remove("discounts.travel-agency:8000");
    let (status, cars) = agency.get("cars", "/cars/Rome", &[("user", "new")]).await;
    assert_eq!((status, &cars[0]["price"]), (200, &json!(1160)));
    // Without the database the products fail.
    agency.town.0.lock().unwrap().remove("mysqldb.travel-agency:3306");
    let (status, body) = agency.get("cars", "/cars/Rome", &[]).await;
    assert_eq!(status, 500);
    assert!(body["error"].is_string(), "{body}");
}

#[tokio::test]
async fn a_failing_hotels_makes_an_empty_list_and_no_quotes() {
    let mut agency = Agency::open().await;
    let (address, _) = stub(&mut agency.tasks, reply("503 x", "fault filter abort")).await;
    agency.town.put("hotels.travel-agency:8000", address);
    assert_eq!(agency.get("travels", "/travels", &[]).await, (200, json!([])));
    assert_eq!(agency.get("travels", "/travels/Rome", &[]).await.0, 404);
    // A hotels that cannot be reached at all is an error of travels' own.
    agency.town.0.lock().unwrap().remove("hotels.travel-agency:8000");
    assert_eq!(agency.get("travels", "/travels", &[]).await.0, 500);
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_cancel_the_calls_made_for_it() {
    let mut agency = Agency::empty();
    let env = [("HOTELS_SERVICE", "http://hotels.travel-agency:8000")];
    agency.start("travels", 8000, &env).await;
    let (address, asked) = stub(&mut agency.tasks, reply("200 x", "[]")).await;
    agency.town.put("hotels.travel-agency:8000", address);
    let stream = TcpStream::connect(agency.town.address("travels.travel-agency:8000")).await;
    let mut stream = stream.unwrap();
    stream.write_all(b"GET /travels HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Gone long before the service has done its own part of the work.
    tokio::time::sleep(super::WORK / 4).await;
    drop(stream);
    until("hotels was asked", || asked.load(Ordering::Relaxed) == 1).await;
}

#[tokio::test]
async fn a_portal_travels_reports_and_is_set() {
    let mut agency = Agency::open().await;
    let env = [
        ("PORTAL_NAME", "viaggi.it"),
        ("PORTAL_COUNTRY", "Italy"),
        ("PORTAL_COORDINATES", "41.890668,12.492194"),
        ("TRAVELS_AGENCY_SERVICE", "http://travels.travel-agency:8000"),
    ];
    agency.start("portal", 8000, &env).await;
    let services =
        [("PORTAL_SERVICES", "viaggi.it;http://portal.travel-agency:8000,no;http://no:1")];
    agency.start("control", 8080, &services).await;
    let said = Arc::clone(&agency.lines);
    until("a quote", || said.lock().unwrap().iter().any(|line| line.contains("quote for"))).await;

    let (_, status) = agency.get("portal", "/status", &[]).await;
    assert_eq!((&status["name"], &status["country"]), (&json!("viaggi.it"), &json!("Italy")));
    assert_eq!(status["coordinates"], json!([12.492_194, 41.890_668]));
    assert_eq!(status["settings"]["request_ratio"], 50);
    assert_eq!(status["status"]["requests"]["total"], 1);
    assert_eq!(status["status"]["cities"][0]["requests"]["total"], 1);

    let control = "control.travel-agency:8080";
    let wanted = r#"{"request_ratio": 100, "devices": {"web": 10, "mobile": 90}}"#;
    let path = "/settings/viaggi.it";
    let (status, set) = agency.ask("PUT", control, path, &[], wanted).await;
    assert_eq!((status, &set["devices"]), (200, &json!({"web": 10, "mobile": 90})));
    assert_eq!(agency.ask("PUT", control, path, &[], "nonsense").await.0, 400);
    let (_, all) = agency.ask("GET", control, "/status", &[], "").await;
    assert_eq!(
        (&all[0]["country"], &all[0]["status"]["error"]),
        (&json!("Atlantis"), &json!(true))
    );
    assert_eq!(all[1]["settings"]["request_ratio"], 100);
    let (_, page) = agency.ask("GET", control, "/console", &[], "").await;
    assert!(page.as_str().unwrap().contains("stand-in"));
    // An unknown portal's client sees a cut connection.
    let stream = TcpStream::connect(agency.town.address(control)).await.unwrap();
    assert_eq!(request(stream, "PUT", "/settings/none", &[], "{}").await, None);
}

#[tokio::test]
async fn the_load_tester_makes_69_calls_in_a_burst() {
    let mut agency = Agency::empty();
    let (address, asked) = stub(&mut agency.tasks, reply("503 x", "overflow")).await;
    agency.town.put("travels.travel-agency:8000", address);
    let env = [("TRAVELS_AGENCY_SERVICE", "http://travels.travel-agency:8000"), ("SLEEP", "60")];
    agency.run("loadtester", BTreeMap::new(), &env);
    let said = Arc::clone(&agency.lines);
    until("a report", || said.lock().unwrap().iter().any(|l| l.starts_with("All done 69"))).await;
    assert_eq!(asked.load(Ordering::Relaxed), 69);
    let lines = said.lock().unwrap().join("\n");
    assert!(lines.contains("Code 503 : 69 (100.0 %)"), "{lines}");
}

#[tokio::test]
async fn stand_ins_stop_at_once_and_their_connections_with_them() {
    let mut agency = Agency::open().await;
    let address = agency.town.address("travels.travel-agency:8000");
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET /travels HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    agency.stop.cancel();
    let began = Instant::now();
    while let Some(ended) = agency.tasks.join_next().await {
        assert_eq!(ended.unwrap(), Ok(()));
    }
    // No call, no pause between calls and no idle connection was waited for.
    assert!(began.elapsed() < Duration::from_secs(10));
    let mut rest = Vec::new();
    for stream in [&mut idle, &mut busy] {
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        let _ = read.expect("the connection ended");
    }
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn without_its_settings_a_stand_in_says_so() {
    let mut agency = Agency::empty();
    agency.start("control", 8080, &[]).await;
    let ended = agency.tasks.join_next().await.unwrap().unwrap();
    assert!(ended.unwrap_err().contains("PORTAL_SERVICES is empty"));
    agency.run("hotels", BTreeMap::new(), &[]);
    let ended = agency.tasks.join_next().await.unwrap().unwrap();
    assert!(ended.unwrap_err().contains("containerPort"));
}

#[tokio::test]
async fn the_database_greets_honestly_and_survives_nonsense() {
    let mut agency = Agency::empty();
    agency.start("mysqldb", 3306, &[]).await;
    let address = agency.town.address("mysqldb.travel-agency:3306");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let nonsense = vec![b'x'; 4096];
    stream.write_all(&nonsense).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
    let _ = read.await.expect("the connection ended");
    assert!(String::from_utf8_lossy(&answer).contains("not MySQL"));
    assert!(TcpStream::connect(address).await.is_ok());
}
