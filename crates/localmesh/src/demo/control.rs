//! control: says which portals there are. The original draws them on a map and sets them; here each
//! portal is set by its own `/settings`.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use serde_json::{Value, json};

use super::kit::Kit;
use super::server::{self, answer};
use crate::image::Container;

/// The page. The original draws a map; this one says what it is.
const PAGE: &str = "Faultless' stand-in for the Travel Demo's control page: /status lists the \
                    portals; PUT /settings of a portal itself changes it.\n";

/// Runs the control page.
pub(super) async fn run(container: Container) -> Result<(), String> {
    let kit = Kit::new(container);
    let Some(services) = kit.env.get("PORTAL_SERVICES") else {
        return Err("PORTAL_SERVICES is empty; Travel Control won't start".to_owned());
    };
    let portals = portals(services);
    kit.lines.say(|| format!("Starting Travel Control for {} portals", portals.len()));
    let status: Vec<Value> =
        portals.iter().map(|(name, url)| json!({ "name": name, "url": url })).collect();
    let router = Router::new()
        .route("/", get(PAGE))
        .route("/status", get(async move || answer(StatusCode::OK, &status)));
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
