//! `mysqldb`: the demo's data behind a TCP port, and the client the product services use. It is a
//! real TCP peer with one connection per query, as the demo's services use `MySQL`; it does not
//! speak `MySQL`'s protocol and says so in its greeting. Lines of text, fields apart by tabs:
//!
//! ```text
//! ← faultless-demo-db 1 this is not MySQL: …
//! → login  root  password  test          ← ok  0
//! → cities                               ← ok  45   and 45 lines  city  lat  lng
//! → products  hotels  Rome               ← ok  2    and 2 lines   name  price
//! → quit
//! ```

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter,
};
use tokio::net::{TcpListener, TcpStream};

use super::QUERY;
use super::data::{self, CITIES, City};
use super::kit::{Env, Kit, Lines};
use super::products::Product;
use crate::image::{Container, Dial, Stream};

const GREETING: &str = "faultless-demo-db 1 this is not MySQL: it is a stand-in with its data";

/// The longest line either side accepts; a city's name is the longest thing in one.
const LINE_MAX: u64 = 1024;

/// The most rows a client accepts; the cities are 45.
const ROWS_MAX: usize = 1000;

/// How long a side waits for the other's next line.
const IDLE: Duration = Duration::from_mins(5);

/// How many queries one connection may make; the demo makes one.
const QUERIES_MAX: usize = 1000;

/// How long to wait when no connection can be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A connection with lines.
type Wire<S> = BufReader<BufWriter<S>>;

/// What a query failed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DbError(pub(super) String);

/// Runs the database.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let mut kit = Kit::new(container);
    let listeners = std::mem::take(&mut kit.listeners);
    if listeners.is_empty() {
        return Err("the container has no containerPort to listen on".to_owned());
    }
    kit.lines.say(|| format!("{GREETING}; ready for connections"));
    let accept = listeners.into_values().map(|listener| accept(listener, &kit));
    tokio::select! {
        _ = futures::future::join_all(accept) => {}
        () = kit.stop.cancelled() => {}
    }
    Ok(())
}

async fn accept(listener: TcpListener, kit: &Kit) {
    let tasks = kit.tasks();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (env, lines) = (kit.env.clone(), kit.lines.clone());
                // A connection beyond the bound is closed.
                let _ = tasks.spawn(async move {
                    if let Err(error) = session(stream, &env, &lines).await {
                        lines.say(|| format!("a connection ended: {error}"));
                    }
                });
            }
            Err(error) => {
                kit.lines.say(|| format!("cannot accept a connection: {error}"));
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn session(stream: TcpStream, env: &Env, lines: &Lines) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut wire = BufReader::new(BufWriter::new(stream));
    write(&mut wire, &format!("{GREETING}\n")).await?;
    let mut known = env.get("MYSQL_ROOT_PASSWORD").is_none();
    for _ in 0..QUERIES_MAX {
        let Some(line) = read(&mut wire).await? else { return Ok(()) };
        if line == "quit" {
            return wire.flush().await;
        }
        let answer = reply(&line, env, &mut known);
        if !line.starts_with("login") {
            tokio::time::sleep(QUERY).await;
            lines.say(|| format!("query {line:?}: {}", answer.lines().next().unwrap_or_default()));
        }
        wire.write_all(answer.as_bytes()).await?;
        // What is asked at once is answered at once.
        if wire.buffer().is_empty() {
            wire.flush().await?;
        }
    }
    wire.flush().await
}

/// The answer to one line. Pure but for `known`: whether this connection has logged in.
fn reply(line: &str, env: &Env, known: &mut bool) -> String {
    let fields: Vec<_> = line.split('\t').collect();
    let rows: Vec<String> = match fields.as_slice() {
        ["login", user, password, _database] => {
            let right = env.get("MYSQL_ROOT_PASSWORD").is_none_or(|right| right == *password);
            if *user != "root" || !right {
                return format!("err\taccess denied for user '{user}'\n");
            }
            *known = true;
            Vec::new()
        }
        _ if !*known => return "err\taccess denied: log in first\n".to_owned(),
        ["cities"] => CITIES.map(|(city, lat, lng)| format!("{city}\t{lat}\t{lng}\n")).into(),
        ["products", product, city] => {
            let Some(product) = Product::of(product) else {
                return format!("err\ttable '{product}' does not exist\n");
            };
            let products = data::products(product, city).unwrap_or_default();
            products.into_iter().map(|(name, price)| format!("{name}\t{price}\n")).collect()
        }
        _ => return "err\tthis is not MySQL: login, cities, products or quit\n".to_owned(),
    };
    format!("ok\t{}\n{}", rows.len(), rows.concat())
}

/// Where the database is and how to log in.
#[derive(Clone)]
pub(super) struct Database {
    dial: Dial,
    host: String,
    port: u16,
    login: String,
}

// === impl Database ===

impl Database {
    /// As a product service's environment says.
    pub(super) fn of(env: &Env, dial: Dial) -> Self {
        let address = env.get("MYSQL_SERVICE").unwrap_or("localhost:3306");
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "3306"));
        let or = |name: &str, default: &'static str| {
            env.get(name).unwrap_or(default).replace(['\t', '\n', '\r'], " ")
        };
        let user = or("MYSQL_USER", "root");
        let (password, database) = (or("MYSQL_PASSWORD", "password"), or("MYSQL_DATABASE", "test"));
        Self {
            dial,
            host: host.to_owned(),
            port: port.parse().unwrap_or(3306),
            login: format!("login\t{user}\t{password}\t{database}\n"),
        }
    }

    /// All cities.
    pub(super) async fn cities(&self) -> Result<Vec<City>, DbError> {
        let rows = self.query("cities\n".to_owned()).await?;
        let rows = rows.iter().filter_map(|row| {
            let mut fields = row.split('\t').map(str::to_owned);
            Some(City { city: fields.next()?, lat: fields.next()?, lng: fields.next()? })
        });
        Ok(rows.collect())
    }

    /// The products of one kind in a city; none in an unknown city.
    pub(super) async fn products(
        &self,
        product: Product,
        city: &str,
    ) -> Result<Vec<(String, f32)>, DbError> {
        let city = city.replace(['\t', '\n', '\r'], " ");
        let rows = self.query(format!("products\t{}\t{city}\n", product.name())).await?;
        let rows = rows.iter().filter_map(|row| {
            let (name, price) = row.split_once('\t')?;
            Some((name.to_owned(), price.parse().ok()?))
        });
        Ok(rows.collect())
    }

    /// Opens a connection, makes one query, and closes it.
    async fn query(&self, query: String) -> Result<Vec<String>, DbError> {
        let failed = |error: io::Error| DbError(error.to_string());
        let stream = (self.dial)(self.host.clone(), self.port).await.map_err(failed)?;
        self.over(stream, &query).await.map_err(failed)?.map_err(DbError)
    }

    async fn over(
        &self,
        stream: Pin<Box<dyn Stream>>,
        query: &str,
    ) -> io::Result<Result<Vec<String>, String>> {
        let mut wire = BufReader::new(BufWriter::new(stream));
        // All at once: each answer that is waited for would wake two proxies and two programs more.
        write(&mut wire, &format!("{}{query}quit\n", self.login)).await?;
        let greeting = line(&mut wire).await?;
        if !greeting.starts_with("faultless-demo-db 1 ") {
            let text = "the peer is not this demo's database";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        for request in [self.login.as_str(), query] {
            let head = line(&mut wire).await?;
            let count = match head.split_once('\t') {
                Some(("ok", count)) => count.parse().unwrap_or(0usize).min(ROWS_MAX),
                Some(("err", why)) => return Ok(Err(why.to_owned())),
                _ => return Ok(Err(format!("an answer nobody understands: {head:?}"))),
            };
            if request != query {
                continue;
            }
            let mut rows = Vec::with_capacity(count);
            for _ in 0..count {
                rows.push(line(&mut wire).await?);
            }
            let _ = wire.shutdown().await;
            return Ok(Ok(rows));
        }
        Ok(Ok(Vec::new()))
    }
}

/// The next line, without its end; `None` at the end of the stream.
async fn read<S>(wire: &mut Wire<S>) -> io::Result<Option<String>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut bytes = Vec::new();
    let mut limited = (&mut *wire).take(LINE_MAX);
    let reading = limited.read_until(b'\n', &mut bytes);
    let read = tokio::time::timeout(IDLE, reading).await;
    let read = read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    if read == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        let text = "a line was cut short or is too long";
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

async fn line<S>(wire: &mut Wire<S>) -> io::Result<String>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    read(wire).await?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
}

async fn write<S>(wire: &mut Wire<S>, text: &str) -> io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    wire.write_all(text.as_bytes()).await?;
    wire.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_answered_after_the_login() {
        let env = Env::of(&[("MYSQL_ROOT_PASSWORD", "secret")]);
        let mut known = false;
        let mut ask = |line: &str| reply(line, &env, &mut known);
        assert!(ask("cities").starts_with("err\taccess denied"));
        assert!(ask("login\troot\twrong\ttest").starts_with("err\taccess denied"));
        assert!(ask("login\tnobody\tsecret\ttest").starts_with("err\taccess denied"));
        assert_eq!(ask("login\troot\tsecret\ttest"), "ok\t0\n");
        assert!(ask("cities").starts_with("ok\t45\nAmsterdam\t52.3500\t4.9166\n"));
        let rome = ask("products\thotels\tRome");
        assert_eq!(rome, "ok\t2\nGrand Hotel Rome\t660\nLittle Rome Hotel\t144\n");
        assert_eq!(ask("products\thotels\tAtlantis"), "ok\t0\n");
        assert!(ask("products\tboats\tRome").starts_with("err\ttable"));
        assert!(ask("SELECT 1").starts_with("err\tthis is not MySQL"));
    }
}
