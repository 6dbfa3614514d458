//! `mysqldb`: the demo's data behind a TCP port. It is a real TCP peer with one connection per
//! query, as the demo's services use `MySQL`; it does not speak `MySQL`'s protocol. One line asks,
//! lines answer, fields apart by tabs, and the connection is closed:
//!
//! ```text
//! → cities                               ← ok  45   and 45 lines  city  lat  lng
//! → products  hotels  Rome               ← ok  2    and 2 lines   name  price
//! → anything else                        ← err  why
//! ```

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::data::{self, CITIES};
use super::kit::Kit;
use super::lines::Lines;
use super::product::Product;
use super::query::line;
use super::work::QUERY;
use crate::image::Container;

/// How long to wait when no connection can be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Runs the database.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let mut kit = Kit::new(container);
    let listeners = std::mem::take(&mut kit.listeners);
    if listeners.is_empty() {
        return Err("the container has no containerPort to listen on".to_owned());
    }
    kit.lines.say(|| "ready for connections; a stand-in, this is not MySQL".to_owned());
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
                let lines = kit.lines.clone();
                // A connection beyond the bound is closed.
                let _ = tasks.spawn(async move {
                    if let Err(error) = session(stream, &lines).await {
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

async fn session(stream: TcpStream, lines: &Lines) -> io::Result<()> {
    // The answer is written whole, so waiting for more to send only costs time.
    stream.set_nodelay(true)?;
    let mut wire = BufReader::new(stream);
    // Somebody who only looks whether there is a listener asks nothing.
    let Some(query) = line(&mut wire).await? else { return Ok(()) };
    let answer = reply(&query);
    tokio::time::sleep(QUERY).await;
    lines.say(|| format!("query {query:?}: {}", answer.lines().next().unwrap_or_default()));
    wire.write_all(answer.as_bytes()).await?;
    wire.shutdown().await
}

/// The answer to one line. Pure.
fn reply(query: &str) -> String {
    let fields: Vec<_> = query.split('\t').collect();
    let rows: Vec<String> = match fields.as_slice() {
        ["cities"] => CITIES.map(|(city, lat, lng)| format!("{city}\t{lat}\t{lng}\n")).into(),
        ["products", product, city] => {
            let Some(product) = Product::of(product) else {
                return format!("err\ttable '{product}' does not exist\n");
            };
            let products = data::products(product, city).unwrap_or_default();
            products.into_iter().map(|(name, price)| format!("{name}\t{price}\n")).collect()
        }
        _ => return "err\tthis is not MySQL: cities or products\n".to_owned(),
    };
    format!("ok\t{}\n{}", rows.len(), rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_asks_and_lines_answer() {
        assert!(reply("cities").starts_with("ok\t45\nAmsterdam\t52.3500\t4.9166\n"));
        let rome = reply("products\thotels\tRome");
        assert_eq!(rome, "ok\t2\nGrand Hotel Rome\t660\nLittle Rome Hotel\t144\n");
        assert_eq!(reply("products\thotels\tAtlantis"), "ok\t0\n");
        assert!(reply("products\tboats\tRome").starts_with("err\ttable"));
        assert!(reply("SELECT 1").starts_with("err\tthis is not MySQL"));
    }
}
