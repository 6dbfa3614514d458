//! control: the page from which the portals are watched and set.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, put};
use futures::future::join_all;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::client::Client;
use super::kit::{Kit, Lines};
use super::portal::cycle::{Requests, Settings};
use super::server::{self, Cut, answer};
use crate::image::Container;

/// The page. The original draws a map; this one says what it is.
const PAGE: &str = include_str!("control/page.html");

struct Control {
    /// The portals' addresses by their names, so in the order the status lists them.
    portals: BTreeMap<String, String>,
    lines: Lines,
    client: Client,
}

/// Runs the control page.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let Some(services) = kit.env.get("PORTAL_SERVICES") else {
        return Err("PORTAL_SERVICES is empty; Travel Control won't start".to_owned());
    };
    let control = Arc::new(Control {
        portals: portals(services),
        lines: kit.lines.clone(),
        client: kit.client(),
    });
    kit.lines.say(|| format!("Starting Travel Control for {} portals", control.portals.len()));
    let router = Router::new()
        .route("/status", get(status))
        .route("/settings/{portal}", put(settings))
        .route("/", get(async || Html(PAGE)))
        .route("/console", get(async || Html(PAGE)))
        .with_state(control);
    server::serve(kit, router).await
}

/// `name;address` pairs, apart by commas; what is no pair is left out.
fn portals(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| {
        let (name, address) = pair.trim().split_once(';')?;
        (!address.contains(';')).then(|| (name.to_owned(), address.to_owned()))
    });
    pairs.collect()
}

async fn status(State(control): State<Arc<Control>>) -> Response {
    let all = control.portals.iter().map(|(name, address)| control.ask(name, address));
    answer(StatusCode::OK, &join_all(all).await)
}

async fn settings(
    State(control): State<Arc<Control>>,
    Path(portal): Path<String>,
    body: Bytes,
) -> Response {
    let settings = match serde_json::from_slice::<Settings>(&body) {
        Ok(settings) => settings,
        Err(error) => {
            let detail = error.to_string();
            let body = json!({ "error": "Error unmarshall settings", "detail": detail });
            return answer(StatusCode::BAD_REQUEST, &body);
        }
    };
    let Some(address) = control.portals.get(&portal) else {
        // The original panics here: its client sees a cut connection.
        control.lines.say(|| format!("settings for an unknown portal {portal:?}"));
        let mut response = StatusCode::NOT_FOUND.into_response();
        response.extensions_mut().insert(Cut);
        return response;
    };
    let url = format!("{address}/settings");
    let sent = control.client.send(Method::PUT, &url, HeaderMap::new(), body).await;
    if let Err(error) = sent {
        control.lines.say(|| format!("settings for {portal} were not sent: {error}"));
    }
    answer(StatusCode::OK, &settings)
}

// === impl Control ===

impl Control {
    /// A portal's own status; one that cannot be reached is in Atlantis.
    async fn ask(&self, name: &str, address: &str) -> Value {
        match self.client.get(&format!("{address}/status"), HeaderMap::new()).await {
            Ok(reply) => {
                let status = reply.json::<Value>().filter(Value::is_object);
                status.unwrap_or_else(|| unknown("", "", &Value::Null, false))
            }
            Err(error) => {
                self.lines.say(|| format!("no status of {name}: {error}"));
                // Where the original puts them: in the middle of the Atlantic.
                unknown(name, "Atlantis", &json!([-25.702_539, 37.747_909]), true)
            }
        }
    }
}

/// The status of a portal that told nothing.
fn unknown(name: &str, country: &str, coordinates: &Value, error: bool) -> Value {
    json!({
        "name": name,
        "coordinates": coordinates,
        "country": country,
        "settings": Settings::default(),
        "status": { "requests": Requests::default(), "cities": null, "error": error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portals_are_pairs_of_name_and_address() {
        let all = portals("b;http://b:1, a;http://a:2,nonsense,c;d;e,");
        let expected = [("a", "http://a:2"), ("b", "http://b:1")];
        let all: Vec<_> = all.iter().map(|(n, a)| (n.as_str(), a.as_str())).collect();
        assert_eq!(all, expected);
    }
}
