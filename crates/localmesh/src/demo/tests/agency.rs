//! The agency: cities, quotes, discounts, errors, and how it ends.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::town::{Agency, PATIENCE, reply, stub, until};
use crate::demo::work::WORK;

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
    tokio::time::sleep(WORK / 4).await;
    drop(stream);
    until("hotels was asked", || asked.load(Ordering::Relaxed) == 1).await;
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
