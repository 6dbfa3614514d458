//! discounts: how much of a price a kind of user is spared.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::chaos::{self, Monkey};
use super::headers::header;
use super::kit::Kit;
use super::lines::Lines;
use super::server::{self, answer, answered_by};
use super::tasks::Tasks;
use super::work::work;
use crate::image::Container;

struct Service {
    instance: String,
    lines: Lines,
    tasks: Tasks,
    monkey: Monkey,
}

/// Runs the service.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let service = Arc::new(Service {
        instance: kit.instance("discounts"),
        lines: kit.lines.clone(),
        tasks: kit.tasks(),
        monkey: Monkey::of(&kit.env),
    });
    kit.lines.say(|| format!("Starting {}", service.instance));
    let router = Router::new().route("/discounts/{user}", get(discount)).with_state(service);
    server::serve(kit, router).await
}

async fn discount(
    State(service): State<Arc<Service>>,
    Path(user): Path<String>,
    headers: HeaderMap,
) -> Response {
    let tasks = service.tasks.clone();
    let answered = async move {
        work().await;
        let discount = of(&user);
        service.lines.say(|| {
            let from = header(&headers, "discountfrom");
            format!("[{}] discount {discount} for {user} from {from}", service.instance)
        });
        let (portal, device) = (header(&headers, "portal"), header(&headers, "device"));
        chaos::release(service.monkey.for_product(portal, device, &user)).await;
        answer(StatusCode::OK, &json!({ "user": user, "discount": discount }))
    };
    answered_by(&tasks, answered).await
}

/// A user's discount as a share of the price.
fn of(user: &str) -> f64 {
    match user {
        "registered" => 0.10,
        "new" => 0.25,
        _ => 0.05,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_their_discounts() {
        let shown = ["registered", "new", "", "admin"].map(|user| of(user).to_string());
        assert_eq!(shown, ["0.1", "0.25", "0.05", "0.05"]);
    }
}
