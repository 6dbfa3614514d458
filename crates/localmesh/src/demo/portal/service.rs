//! The portal itself: its loop, and its page.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, put};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::counts::Traveller;
use super::cycle::Cycle;
use super::settings::Settings;
use crate::demo::client::Client;
use crate::demo::env::Env;
use crate::demo::headers::segment;
use crate::demo::kit::Kit;
use crate::demo::lines::Lines;
use crate::demo::server::{self, answer};
use crate::image::Container;

struct Portal {
    name: String,
    country: String,
    /// Longitude and latitude, in the order maps drawn by d3 want.
    coordinates: [f64; 2],
    travels: String,
    lines: Lines,
    client: Client,
    cycle: Mutex<Cycle>,
}

/// Runs a portal.
pub(in crate::demo) async fn run(container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let portal = Arc::new(Portal {
        name: kit.env.get("PORTAL_NAME").unwrap_or("no-name").to_owned(),
        country: kit.env.get("PORTAL_COUNTRY").unwrap_or("no-country").to_owned(),
        coordinates: coordinates(&kit.env),
        travels: kit.env.service("TRAVELS_AGENCY_SERVICE", "http://localhost:8090/travels"),
        lines: kit.lines.clone(),
        client: kit.client(),
        cycle: Mutex::default(),
    });
    kit.lines.say(|| format!("Starting Travel Portal [{}]", portal.name));
    let router = Router::new()
        .route("/status", get(status))
        .route("/settings", put(settings))
        .with_state(Arc::clone(&portal));
    tokio::select! {
        served = server::serve(kit, router) => served,
        () = portal.travel() => Ok(()),
    }
}

async fn status(State(portal): State<Arc<Portal>>) -> Response {
    let (settings, status) = {
        let cycle = portal.cycle();
        (cycle.settings.clone(), cycle.status())
    };
    let status = json!({
        "name": portal.name,
        "coordinates": portal.coordinates,
        "country": portal.country,
        "settings": settings,
        "status": status,
    });
    answer(StatusCode::OK, &status)
}

async fn settings(State(portal): State<Arc<Portal>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Settings>(&body) {
        Ok(settings) => {
            portal.lines.say(|| format!("[{}] new settings: {settings:?}", portal.name));
            portal.cycle().set(settings.clone());
            answer(StatusCode::OK, &settings)
        }
        Err(error) => {
            let detail = error.to_string();
            let body = json!({ "error": "Error unmarshall settings", "detail": detail });
            answer(StatusCode::BAD_REQUEST, &body)
        }
    }
}

// === impl Portal ===

impl Portal {
    fn cycle(&self) -> MutexGuard<'_, Cycle> {
        // Each change of the state is whole, so a panic elsewhere does not spoil it.
        self.cycle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop; as long as the container lives.
    async fn travel(&self) {
        loop {
            let traveller = self.cycle().begin();
            self.once(&traveller).await;
            let sleep = self.cycle().sleep();
            tokio::time::sleep(sleep).await;
        }
    }

    async fn once(&self, traveller: &Traveller) {
        let headers = self.headers(traveller);
        match self.client.get(&format!("{}/travels", self.travels), headers.clone()).await {
            Ok(reply) => self.cycle().listed(&reply.body),
            // The original stops at this; behind a sidecar it does not happen, and a portal that
            // crash-loops until the agency is there would only hide that.
            Err(error) => self.lines.say(|| format!("[{}] no cities: {error}", self.name)),
        }
        let Some(city) = self.cycle().choose(rand::random()) else {
            self.lines.say(|| format!("[{}] received no cities", self.name));
            return;
        };
        let url = format!("{}/travels/{}", self.travels, segment(&city));
        match self.client.get(&url, headers).await {
            Ok(reply) if reply.status.as_u16() < 400 => {
                self.cycle().quoted(&city, traveller);
                self.lines.say(|| format!("[{}] quote for {city}, {traveller}", self.name));
            }
            Ok(reply) => self.lines.say(|| {
                format!("[{}] no quote for {city}, {traveller}: {}", self.name, reply.status)
            }),
            Err(error) => self.lines.say(|| format!("[{}] no quote: {error}", self.name)),
        }
    }

    fn headers(&self, traveller: &Traveller) -> HeaderMap {
        let values = [
            ("portal", self.name.as_str()),
            ("device", traveller.device),
            ("user", traveller.user),
            ("travel", traveller.travel),
        ];
        let values = values.into_iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
        });
        values.collect()
    }
}

/// Longitude and latitude from `PORTAL_COORDINATES`, which has them the other way round.
fn coordinates(env: &Env) -> [f64; 2] {
    let given = env.get("PORTAL_COORDINATES").and_then(|text| {
        let (lat, lon) = text.split_once(',')?;
        Some([lon.trim().parse().ok()?, lat.trim().parse().ok()?])
    });
    given.unwrap_or([35.890_134, -5.321_187])
}
