//! The agency's users: a portal, the control page, the load tester.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::town::{Agency, reply, stub, until};

#[tokio::test]
async fn a_portal_travels_reports_and_is_set() {
    let mut agency = Agency::open().await;
    let env = [
        ("PORTAL_NAME", "viaggi.it"),
        ("PORTAL_COUNTRY", "Italy"),
        ("PORTAL_COORDINATES", "41.890668,12.492194"),
        ("TRAVELS_AGENCY_SERVICE", "http://travels.travel-agency:8000"),
    ];
    agency.start("portal", 8000, &env).await;
    let services = [("PORTAL_SERVICES", "viaggi.it;http://portal.travel-agency:8000")];
    agency.start("control", 8080, &services).await;
    let said = Arc::clone(&agency.lines);
    until("a quote", || said.lock().unwrap().iter().any(|line| line.contains("quote for"))).await;

    let (_, status) = agency.get("portal", "/status", &[]).await;
    assert_eq!((&status["name"], &status["country"]), (&json!("viaggi.it"), &json!("Italy")));
    assert_eq!(status["coordinates"], json!([12.492_194, 41.890_668]));
    assert_eq!(status["settings"]["request_ratio"], 50);
    assert_eq!(status["status"]["requests"]["total"], 1);
    assert_eq!(status["status"]["cities"][0]["requests"]["total"], 1);

    let wanted = r#"{"request_ratio": 100, "devices": {"web": 10, "mobile": 90}}"#;
    let portal = "portal.travel-agency:8000";
    let (status, set) = agency.ask("PUT", portal, "/settings", &[], wanted).await;
    assert_eq!((status, &set["devices"]), (200, &json!({"web": 10, "mobile": 90})));
    assert_eq!(agency.ask("PUT", portal, "/settings", &[], "nonsense").await.0, 400);
    let (_, status) = agency.get("portal", "/status", &[]).await;
    assert_eq!(status["settings"]["request_ratio"], 100);

    let control = "control.travel-agency:8080";
    let (_, all) = agency.ask("GET", control, "/status", &[], "").await;
    assert_eq!(all, json!([{"name": "viaggi.it", "url": "http://portal.travel-agency:8000"}]));
    let (_, page) = agency.ask("GET", control, "/", &[], "").await;
    assert!(page.as_str().unwrap().contains("stand-in"));
}

#[tokio::test]
async fn the_load_tester_makes_69_calls_in_a_burst() {
    let mut agency = Agency::empty();
    let (address, asked) = stub(&mut agency.tasks, reply("503 x", "overflow")).await;
    agency.town.put("travels.travel-agency:8000", address);
    let env = [("TRAVELS_AGENCY_SERVICE", "http://travels.travel-agency:8000"), ("SLEEP", "60")];
    agency.run("loadtester", BTreeMap::new(), &env);
    let said = Arc::clone(&agency.lines);
    until("a report", || said.lock().unwrap().iter().any(|l| l.starts_with("All done 69"))).await;
    assert_eq!(asked.load(Ordering::Relaxed), 69);
    let lines = said.lock().unwrap().join("\n");
    assert!(lines.contains("Code 503 : 69 (100.0 %)"), "{lines}");
}
