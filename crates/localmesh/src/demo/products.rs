//! hotels, cars, flights and insurances: one query to the database per request, and a discount for
//! users. hotels also lists the cities.

use std::str::FromStr as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Number, Value, json};

use super::chaos::{self, Monkey};
use super::client::Client;
use super::headers::{forwarded, header, segment};
use super::kit::Kit;
use super::lines::Lines;
use super::product::Product;
use super::query::Database;
use super::server::{self, answer, answered_by, failure};
use super::tasks::Tasks;
use super::work::work;
use crate::image::Container;

struct Service {
    product: Product,
    instance: String,
    lines: Lines,
    tasks: Tasks,
    client: Client,
    database: Database,
    discounts: String,
    monkey: Monkey,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Discount {
    discount: f32,
}

/// Runs one of the four services.
pub(super) async fn run(product: Product, container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let service = Arc::new(Service {
        product,
        instance: kit.instance(product.name()),
        lines: kit.lines.clone(),
        tasks: kit.tasks(),
        client: kit.client(),
        database: Database::of(&kit.env, Arc::clone(&kit.dial)),
        discounts: kit.env.service("DISCOUNTS_SERVICE", "http://localhost:8092"),
        monkey: Monkey::of(&kit.env),
    });
    kit.lines.say(|| format!("Starting {}", service.instance));
    let name = product.name();
    let mut router = Router::new().route(&format!("/{name}/{{city}}"), get(in_city));
    if product == Product::Hotels {
        router = router.route("/hotels", get(cities));
    }
    server::serve(kit, router.with_state(service)).await
}

async fn cities(State(service): State<Arc<Service>>) -> Response {
    let tasks = service.tasks.clone();
    answered_by(&tasks, async move { service.cities().await }).await
}

async fn in_city(
    State(service): State<Arc<Service>>,
    Path(city): Path<String>,
    headers: HeaderMap,
) -> Response {
    let tasks = service.tasks.clone();
    answered_by(&tasks, async move { service.in_city(&city, &headers).await }).await
}

// === impl Service ===

impl Service {
    async fn cities(&self) -> Response {
        work().await;
        self.lines.say(|| format!("[{}] GetCities", self.instance));
        match self.database.cities().await {
            Ok(cities) => answer(StatusCode::OK, &cities),
            Err(error) => self.refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.0),
        }
    }

    async fn in_city(&self, city: &str, headers: &HeaderMap) -> Response {
        work().await;
        let products = match self.database.products(self.product, city).await {
            Ok(products) => products,
            Err(error) => return self.refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.0),
        };
        if products.is_empty() {
            return self.refuse(StatusCode::NOT_FOUND, &format!("City {city} not found"));
        }
        let user = header(headers, "user");
        let discount = if user.is_empty() { 0.0 } else { self.discount(user, headers).await };
        let label = self.product.label();
        let priced = products
            .into_iter()
            .map(|(name, price)| json!({ label: name, "price": number(price * (1.0 - discount)) }));
        let priced: Vec<_> = priced.collect();
        self.lines.say(|| format!("[{}] {} in {city}: {}", self.instance, label, priced.len()));
        let (portal, device) = (header(headers, "portal"), header(headers, "device"));
        chaos::release(self.monkey.for_product(portal, device, user)).await;
        answer(StatusCode::OK, &priced)
    }

    /// A user's discount; 0 when it cannot be had, whatever the reason.
    async fn discount(&self, user: &str, headers: &HeaderMap) -> f32 {
        let mut headers = forwarded(headers);
        let from = HeaderValue::from_static(self.product.name());
        headers.insert(HeaderName::from_static("discountfrom"), from);
        let url = format!("{}/discounts/{}", self.discounts, segment(user));
        match self.client.get(&url, headers).await {
            Ok(reply) => reply.json::<Discount>().unwrap_or_default().discount,
            Err(error) => {
                self.lines.say(|| format!("[{}] no discount: {error}", self.instance));
                0.0
            }
        }
    }

    fn refuse(&self, status: StatusCode, error: &str) -> Response {
        self.lines.say(|| format!("[{}] {status}: {error}", self.instance));
        failure(status, error)
    }
}

/// A price as Go writes a `float32`: without a fraction where there is none.
fn number(price: f32) -> Value {
    Number::from_str(&price.to_string()).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_written_as_go_writes_them() {
        assert_eq!(number(505.0).to_string(), "505");
        assert_eq!(number(505.0 * (1.0 - 0.25)).to_string(), "378.75");
        assert_eq!(number(1005.0 * (1.0 - 0.1)).to_string(), "904.5");
        assert_eq!(number(f32::NAN), Value::Null);
    }
}
