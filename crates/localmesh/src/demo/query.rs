//! How the product services ask the database: a connection, one line, its answer.

use std::io;
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader,
};

use super::data::City;
use super::env::Env;
use super::product::Product;
use crate::image::Dial;

/// The longest line either side accepts; a city's name is the longest thing in one.
const LINE_MAX: u64 = 1024;

/// The most rows a client accepts; the cities are 45.
const ROWS_MAX: usize = 1000;

/// How long a side waits for the other's next line.
const IDLE: Duration = Duration::from_mins(5);

/// What a query failed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DbError(pub(super) String);

/// Where the database is.
#[derive(Clone)]
pub(super) struct Database {
    dial: Dial,
    host: String,
    port: u16,
}

// === impl Database ===

impl Database {
    /// As a product service's environment says.
    pub(super) fn of(env: &Env, dial: Dial) -> Self {
        let address = env.get("MYSQL_SERVICE").unwrap_or("localhost:3306");
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "3306"));
        Self { dial, host: host.to_owned(), port: port.parse().unwrap_or(3306) }
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
        self.ask(&query).await.map_err(failed)?.map_err(DbError)
    }

    async fn ask(&self, query: &str) -> io::Result<Result<Vec<String>, String>> {
        let mut wire = BufReader::new((self.dial)(self.host.clone(), self.port).await?);
        wire.write_all(query.as_bytes()).await?;
        wire.flush().await?;
        let head = next(&mut wire).await?;
        let count = match head.split_once('\t') {
            Some(("ok", count)) => count.parse().unwrap_or(0usize).min(ROWS_MAX),
            Some(("err", why)) => return Ok(Err(why.to_owned())),
            _ => return Ok(Err(format!("an answer nobody understands: {head:?}"))),
        };
        let mut rows = Vec::with_capacity(count);
        for _ in 0..count {
            rows.push(next(&mut wire).await?);
        }
        let _ = wire.shutdown().await;
        Ok(Ok(rows))
    }
}

/// The next line, without its end; `None` at the end of the stream.
pub(super) async fn line(wire: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
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

/// The same, where one must come.
async fn next(wire: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    line(wire).await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
