//! Golden files: what a sidecar is told, for the cases in `data/translate`.

use std::net::SocketAddr;
use std::path::Path;

use localmesh::network::Protocol;
use localmesh::translate::{PushContext, endpoints, resources};
use serde_json::{Map, Value, json};

use super::world;

/// A pod's address that looks the same on every machine.
pub(super) fn address(index: u8) -> SocketAddr {
    SocketAddr::from(([127, 77, 0, index], 8000))
}

/// What the sidecar of the pod with this index is told.
pub(super) fn told(world: &PushContext, index: usize) -> Value {
    let proxy = world::proxy(
        &world.endpoints[index],
        Protocol::Http,
        SocketAddr::from(([127, 0, 0, 1], 18000)),
    );
    let resources = resources(world, &proxy);
    json!({
        "clusters": resources.clusters,
        "listeners": resources.listeners,
        "routes": resources.routes,
        "endpoints": endpoints(world),
    })
}

/// The pods whose sidecars the cases look at: a portal, and travels-v1 (which is a client of hotels
/// and a server itself).
pub(super) const PORTAL: usize = 7;
const TRAVELS_V1: usize = 0;

/// What `after` has and `before` has not. A new cluster is told by what it has beyond its service's
/// own one; virtual hosts are compared by name.
fn difference(before: &Value, after: &Value) -> Value {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let mut out = Map::new();
            for (key, value) in new {
                match old.get(key).or_else(|| old.get(&base(key))) {
                    Some(same) if same == value => {}
                    Some(other) => {
                        out.insert(key.clone(), difference(other, value));
                    }
                    None => {
                        out.insert(key.clone(), value.clone());
                    }
                }
            }
            for key in old.keys().filter(|key| !new.contains_key(*key)) {
                out.insert(format!("- {key}"), Value::Null);
            }
            Value::Object(out)
        }
        (Value::Array(old), Value::Array(new))
            if new.iter().all(|item| item["domains"].is_array()) =>
        {
            let changed = new.iter().filter(|item| !old.contains(item));
            let name = |host: &Value| host["name"].as_str().unwrap_or_default().to_owned();
            let routes: Map<_, _> =
                changed.map(|host| (name(host), host["routes"].clone())).collect();
            routes.into()
        }
        _ => after.clone(),
    }
}

/// The name of the whole service's cluster, from that of a subset.
fn base(cluster: &str) -> String {
    match cluster.split('|').collect::<Vec<_>>().as_slice() {
        [direction, port, _, host] => format!("{direction}|{port}||{host}"),
        _ => String::new(),
    }
}

/// Without what is the same in every cluster and route, and for which `a_plain_mesh` is the proof.
fn short(told: &mut Value, default_policy: &Value) {
    match told {
        Value::Object(map) => {
            if map.remove("alt_stat_name").is_some() {
                map.remove("name");
            }
            for key in ["eds_config", "services", "@type"] {
                map.remove(key);
            }
            for (key, value) in map.iter_mut() {
                if key == "retry_policy" && value == default_policy {
                    *value = json!("default");
                } else {
                    short(value, default_policy);
                }
            }
            map.retain(|key, value| key != "eds_cluster_config" || value != &json!({}));
        }
        Value::Array(list) => list.iter_mut().for_each(|item| short(item, default_policy)),
        _ => {}
    }
}

/// Each case's objects, and what they change in what two sidecars are told.
#[test]
fn cases_are_translated_as_pilot_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/translate");
    let mut cases: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    cases.sort();
    assert!(cases.len() >= 12, "the cases in {} are gone", folder.display());
    let plain = world::world(address);
    let default_policy = told(&plain, PORTAL)["routes"]["8000"]["virtual_hosts"][0]["routes"][0]
        ["route"]["retry_policy"]
        .clone();
    assert!(default_policy.is_object(), "there is no default retry policy");
    for path in cases {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let objects = world::objects(&std::fs::read_to_string(&path).unwrap());
        let changed = world::with(plain.clone(), objects);
        let seen = |index| {
            let mut seen = difference(&told(&plain, index), &told(&changed, index));
            short(&mut seen, &default_policy);
            seen
        };
        let portal = seen(PORTAL);
        let mut agency = seen(TRAVELS_V1);
        if agency == portal {
            agency = json!("the same");
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            insta::assert_json_snapshot!(name, json!({"voyages": portal, "travels-v1": agency}));
        });
    }
}

/// A mesh without any object, whole.
#[test]
fn a_plain_mesh() {
    let mut told = told(&world::world(address), PORTAL);
    // One of each suffices: the others differ in their names only.
    for (part, keep) in [
        ("clusters", &["outbound|8000||hotels", "outbound|3306", "inbound|"][..]),
        ("endpoints", &["outbound|8000||travels.travel-agency"][..]),
    ] {
        let part = told[part].as_object_mut().unwrap();
        part.retain(|name, _| keep.iter().any(|start| name.starts_with(start)));
    }
    insta::assert_json_snapshot!(told);
}
