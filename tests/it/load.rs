//! What a sentence about load sends, seen from outside: each scenario's requests are counted.

use std::fs;

use reports::run::Load;
use reports::{Outcome, Record, Run};

use crate::program::{Place, arg};

#[test]
fn a_load_is_sent_as_its_sentence_says() {
    let place = Place::new();
    let out = place.path("out");
    let feature = "tests/it/data/truth/load.feature";
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
    // Three portals: 3 * 20/s * 3 s; 3 * 20/s * (4 s - 2 s / 2); 3 * 40/s * 3 s.
    let [even, growing, random, at_once] = loads[..] else { panic!("{loads:?}") };
    assert_eq!((even, growing), (180, 180));
    // Poisson with a mean of 360: five standard deviations are 95.
    assert!((265..=455).contains(&random) && random != 360, "{random}");
    // Five at once, each answered in some 100 ms, for 2 s: more than a few, fewer than at a rate
    // that nothing slows.
    assert!((10..=1_000).contains(&at_once), "{at_once}");
}
