//! travels: the agency's front. The list of cities comes from hotels; a quote asks hotels,
//! insurances and, as the kind of travel needs them, flights and cars, all at once. Its errors are
//! the demo's: a broken list is an empty one with 200, a broken quote a 404.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use futures::future::join_all;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::chaos::{self, Monkey};
use super::client::Client;
use super::data::City;
use super::headers::{forwarded, header, segment};
use super::kit::Kit;
use super::lines::Lines;
use super::product::Product;
use super::server::{self, answer, answered_by, failure};
use super::tasks::Tasks;
use super::work::work;
use crate::image::Container;

struct Service {
    instance: String,
    lines: Lines,
    tasks: Tasks,
    client: Client,
    flights: String,
    hotels: String,
    cars: String,
    insurances: String,
    monkey: Monkey,
}

/// Runs the service.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let service = Arc::new(Service {
        instance: kit.instance("travels"),
        lines: kit.lines.clone(),
        tasks: kit.tasks(),
        client: kit.client(),
        flights: kit.env.service("FLIGHTS_SERVICE", "http://localhost:8091"),
        hotels: kit.env.service("HOTELS_SERVICE", "http://localhost:8094"),
        cars: kit.env.service("CARS_SERVICE", "http://localhost:8093"),
        insurances: kit.env.service("INSURANCES_SERVICE", "http://localhost:8095"),
        monkey: Monkey::of(&kit.env),
    });
    kit.lines.say(|| format!("Starting {}", service.instance));
    let router = Router::new()
        .route("/travels", get(cities))
        .route("/travels/{city}", get(quote))
        .with_state(service);
    server::serve(kit, router).await
}

async fn cities(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    let tasks = service.tasks.clone();
    answered_by(&tasks, async move { service.cities(&headers).await }).await
}

async fn quote(
    State(service): State<Arc<Service>>,
    Path(city): Path<String>,
    headers: HeaderMap,
) -> Response {
    let tasks = service.tasks.clone();
    answered_by(&tasks, async move { service.quote(&city, &headers).await }).await
}

// === impl Service ===

impl Service {
    async fn cities(&self, headers: &HeaderMap) -> Response {
        work().await;
        let url = format!("{}/hotels", self.hotels);
        match self.client.get(&url, forwarded(headers)).await {
            Ok(reply) => {
                // The status is not looked at: what is no list of cities counts as an empty one.
                let cities: Vec<City> = reply.json().unwrap_or_default();
                let found = cities.len();
                self.lines.say(|| format!("[{}] GetDestinations: {found}", self.instance));
                answer(StatusCode::OK, &cities)
            }
            Err(error) => {
                self.lines.say(|| format!("[{}] GetDestinations: {error}", self.instance));
                failure(StatusCode::INTERNAL_SERVER_ERROR, &error)
            }
        }
    }

    async fn quote(&self, city: &str, headers: &HeaderMap) -> Response {
        work().await;
        let asked = asked(header(headers, "travel"));
        let calls = asked.iter().map(|product| self.ask(*product, city, headers));
        let answers = join_all(calls).await;
        let mut products = Map::new();
        for (product, products_there) in asked.iter().zip(answers) {
            match products_there {
                Ok(there) => products.insert(product.name().to_owned(), there),
                Err(error) => {
                    self.lines.say(|| format!("[{}] no quote for {city}: {error}", self.instance));
                    let text = format!("Travel Quote for {city} not found");
                    return failure(StatusCode::NOT_FOUND, &text);
                }
            };
        }
        chaos::release(self.monkey.for_travels(city, header(headers, "user"))).await;
        self.lines.say(|| format!("[{}] GetTravelQuote for {city}", self.instance));
        let of = |product: Product| products.get(product.name()).cloned().unwrap_or_default();
        let created = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        answer(
            StatusCode::OK,
            &json!({
                "city": city,
                "coordinates": null,
                "createdAt": created,
                "status": "Valid",
                "flights": of(Product::Flights),
                "hotels": of(Product::Hotels),
                "cars": of(Product::Cars),
                "insurances": of(Product::Insurances),
            }),
        )
    }

    /// One product's offers; an error for anything that is not a success.
    async fn ask(
        &self,
        product: Product,
        city: &str,
        headers: &HeaderMap,
    ) -> Result<Value, String> {
        let service = match product {
            Product::Hotels => &self.hotels,
            Product::Cars => &self.cars,
            Product::Flights => &self.flights,
            Product::Insurances => &self.insurances,
        };
        let url = format!("{service}/{}/{}", product.name(), segment(city));
        let reply = self.client.get(&url, forwarded(headers)).await?;
        if reply.status.as_u16() >= 400 {
            return Err(format!("{} answered {}", product.name(), reply.status));
        }
        Ok(reply.json().unwrap_or_default())
    }
}

/// Whom a quote asks, by the kind of travel; none is `t1`.
fn asked(travel: &str) -> Vec<Product> {
    let mut asked = vec![Product::Hotels, Product::Insurances];
    if matches!(travel, "" | "t1" | "t2") {
        asked.push(Product::Flights);
    }
    if matches!(travel, "" | "t1" | "t3") {
        asked.push(Product::Cars);
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_travel_says_whom_to_ask() {
        use Product::{Cars, Flights, Hotels, Insurances};
        assert_eq!(asked("t1"), [Hotels, Insurances, Flights, Cars]);
        assert_eq!(asked(""), asked("t1"));
        assert_eq!(asked("t2"), [Hotels, Insurances, Flights]);
        assert_eq!(asked("t3"), [Hotels, Insurances, Cars]);
        assert_eq!(asked("t9"), [Hotels, Insurances]);
    }
}
