//! What a sentence about load sends, seen from outside: each scenario's requests are counted.

use std::fs;
use std::path::Path;

use reports::run::Load;
use reports::{Event, Outcome, Record, Run};

use crate::program::{Place, arg};

#[test]
fn a_load_is_sent_as_its_sentence_says() {
    let place = Place::new();
    let out = place.path("out");
    let feature = "tests/it/data/claims/load.feature";
    let application = "features/application.yaml";
    // Some claims may stay open over so few requests: what is sent is the question here.
    let said = place.run(&[
        "run",
        feature,
        "--application",
        application,
        "--lanes",
        "1",
        "--verbose",
        "--out",
        arg(&out),
    ]);
    assert!(matches!(said.code, Some(0 | 1)), "{said:?}");
    let events = fs::read_to_string(out.join("events.jsonl")).unwrap();
    let records: Vec<Record> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let run = Run::of(&records);
    let mut loads = Vec::new();
    for scenario in &run.scenarios {
        let Load { due, sent, done, in_flight, unsent, .. } = scenario.loaded;
        assert!(
            matches!(scenario.outcome(), Outcome::Passed | Outcome::Inconclusive),
            "{}: {:?}",
            scenario.name,
            scenario.reasons()
        );
        assert_eq!((sent, done, in_flight, unsent), (due, due, 0, 0), "{}", scenario.name);
        assert_eq!(scenario.load, None, "{}: its load is over", scenario.name);
        let line = format!("load: {}", scenario.all_load().unwrap());
        assert!(said.stdout.contains(&line), "{line} is not in {}", said.stdout);
        for paper in ["junit.xml", "report.html"] {
            let page = fs::read_to_string(out.join(paper)).unwrap();
            assert!(page.contains(&scenario.all_load().unwrap().to_string()), "{paper}");
        }
        loads.push(due);
    }
    // Three portals: 3 * 20/s * 3 s; 3 * 20/s * (4 s - 2 s / 2); 3 * 20/s * 6 s.
    let [even, growing, random, at_once] = loads[..] else { panic!("{loads:?}") };
    assert_eq!((even, growing), (180, 180));
    // Poisson with a mean of 360: five standard deviations are 95.
    assert!((265..=455).contains(&random) && random != 360, "{random}");
    // Five at once, each answered in some 100 ms, for 2 s: more than a few, fewer than at a rate
    // that nothing slows.
    assert!((10..=1_000).contains(&at_once), "{at_once}");
}

/// Two connections to travels, as a pool of one lets each of two workers have one, and a page that
/// takes a tenth of a second: such an application carries 20 requests per second.
const NARROW: &str = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: narrow, namespace: travel-agency}
spec:
  host: travels
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 1}, http: {http1MaxPendingRequests: 1000}}
";

const ASKING: &str = "
Feature: More than it carries
  Scenario: 50 per second on 20 per second
    Given portal \"voyages.fr\" sends 50 requests per second to \"/travels/Rome\"
    Then portal \"voyages.fr\" sees no request fail
    And portal \"voyages.fr\" sees at least 90% of requests take less than 2s
";

#[test]
fn what_the_mesh_does_not_carry_is_not_sent() {
    let place = Place::new();
    let (out, feature) = (place.path("out"), place.path("narrow.feature"));
    let (application, narrow) = (place.path("application.yaml"), place.path("narrow.yaml"));
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("features/demo");
    let text = fs::read_to_string("features/application.yaml").unwrap();
    let text = text.replace("file: demo/", &format!("file: {}/", demo.display()));
    let one_more = "\n  - {file: narrow.yaml}\nworkloads:\n";
    fs::write(&narrow, NARROW).unwrap();
    fs::write(&application, text.replace("\nworkloads:\n", one_more)).unwrap();
    fs::write(&feature, ASKING).unwrap();
    let said =
        place.run(&["run", arg(&feature), "--application", arg(&application), "--out", arg(&out)]);
    let events = fs::read_to_string(out.join("events.jsonl")).unwrap();
    let mut records = events.lines().map(|line| serde_json::from_str::<Record>(line).unwrap());
    let chosen = records.find_map(|record| match record.event {
        Event::LoadChosen { load, why, short, .. } => Some((load, why, short)),
        _ => None,
    });
    let (load, why, short) = chosen.unwrap_or_else(|| panic!("nothing was chosen: {said:?}"));
    let rate: f64 = load.split_once(' ').unwrap().0.parse().unwrap();
    assert!(rate < 20.0 && short, "{load}: {why}");
    assert!(why.starts_with("the mesh does not carry"), "{why}");
    assert!(said.stdout.contains("less load than asked for"), "{said:?}");
    // And what is sent is carried: no claim fails because of it, however slow the machine is.
    let failed = records
        .any(|record| matches!(record.event, Event::Judged { outcome: Outcome::Failed, .. }));
    assert!(!failed, "{said:?}");
}
