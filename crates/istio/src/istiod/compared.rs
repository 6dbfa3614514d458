//! The comparison itself, of each group of objects.

use std::env;

use serde_json::Value;

use super::corpus::{of_istio, of_the_repository};
use super::generate::Generator;
use super::oracle::ask;
use super::server::accepts;
use super::verdict::{Outcome, admitted, compare};
use crate::upstream::{istioctl, module, skipped};

/// Made objects where nobody says how many.
const MADE: usize = 300;

/// How many objects are made.
fn made() -> usize {
    env::var("ISTIO_OBJECTS").ok().and_then(|text| text.parse().ok()).unwrap_or(MADE)
}

/// Compares each; panics with the first disagreements. Answers how many there were of each outcome.
fn agree(objects: &[Value]) -> Vec<(Outcome, usize)> {
    let Some(program) = istioctl() else {
        skipped("our verdicts beside istioctl's");
        return Vec::new();
    };
    let mut outcomes: Vec<(Outcome, usize)> = Vec::new();
    let mut wrong = Vec::new();
    for batch in objects.chunks(500) {
        for (object, theirs) in batch.iter().zip(ask(&program, batch)) {
            match compare(object, &theirs) {
                Ok(outcome) => match outcomes.iter_mut().find(|(known, _)| *known == outcome) {
                    Some((_, count)) => *count += 1,
                    None => outcomes.push((outcome, 1)),
                },
                Err(cause) => wrong.push(format!("{cause}\n  {object}\n")),
            }
        }
    }
    let (many, all) = (wrong.len(), objects.len());
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{many} of {all} differ:\n{}", wrong.concat());
    eprintln!("{all} objects: {outcomes:?}");
    outcomes
}

/// The same verdicts as a cluster's API server with istiod's webhook, whatever their words.
#[test]
fn a_cluster_takes_what_we_take() {
    let Ok(context) = env::var("ISTIO_CONTEXT") else {
        return skipped("our verdicts beside a cluster's (ISTIO_CONTEXT, of kubectl)");
    };
    let mut generator = Generator::new();
    let mut objects: Vec<Value> = (0..made()).map(|_| generator.object()).collect();
    objects.extend(of_the_repository());
    if let Some(module) = module() {
        objects.extend(of_istio(&module).0);
    }
    for object in &mut objects {
        object["metadata"]["namespace"] = "default".into();
    }
    let (mut taken, mut wrong) = (0, Vec::new());
    for batch in objects.chunks(500) {
        for (object, theirs) in batch.iter().zip(accepts(&context, batch)) {
            taken += usize::from(theirs);
            if let Err(cause) = admitted(object, theirs) {
                wrong.push(format!("{cause}\n  {object}\n"));
            }
        }
    }
    let (many, all) = (wrong.len(), objects.len());
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{many} of {all} differ:\n{}", wrong.concat());
    assert!(taken > all / 10 && taken < all, "{taken} of {all}");
    eprintln!("{all} objects: the cluster takes {taken}");
}

#[test]
fn of_our_own_objects_we_say_what_istiod_says() {
    let objects = of_the_repository();
    assert!(objects.len() >= 40, "{}", objects.len());
    agree(&objects);
}

#[test]
fn of_istios_own_objects_we_say_what_istiod_says() {
    let Some(module) = module() else { return skipped("Istio's own objects") };
    let (objects, templates) = of_istio(&module);
    eprintln!("{} objects; {templates} documents are templates", objects.len());
    assert!(objects.len() >= 200, "{}", objects.len());
    agree(&objects);
}

#[test]
fn of_made_objects_we_say_what_istiod_says() {
    let many = made();
    let mut generator = Generator::new();
    let objects: Vec<Value> = (0..many).map(|_| generator.object()).collect();
    let outcomes = agree(&objects);
    // Both kinds of verdict are met, or the comparison says nothing.
    let least = many / 10;
    let count = |of| outcomes.iter().find(|(outcome, _)| *outcome == of).map_or(0, |(_, n)| *n);
    if !outcomes.is_empty() {
        assert!(count(Outcome::BothAccept) > least, "{outcomes:?}");
        assert!(count(Outcome::BothRefuse) > least, "{outcomes:?}");
    }
}
