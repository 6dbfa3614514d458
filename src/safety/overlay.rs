//! What a scenario wants, laid over what is there: an object that exists for a host is changed, and
//! everything in it that the scenario says nothing about stays. Pure.

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// What a disturbance sets on a route; everything else of a route is its owner's.
const SET_ON_ROUTES: &[&str] = &["fault", "timeout", "retries", "mirror", "mirrorPercentage"];

/// Tools that put their own version back as soon as they see ours, by the domain of their labels,
/// annotations and kinds.
const MANAGERS: &[(&str, &str)] = &[
    ("argoproj.io", "Argo CD or Argo Rollouts"),
    ("fluxcd.io", "Flux"),
    ("flagger.app", "Flagger"),
];

/// The `spec` of an existing object with the scenario's laid over it.
pub(crate) fn overlay(kind: &str, there: &Value, ours: &Value) -> Result<Value> {
    match kind {
        "VirtualService" => virtual_service(there, ours),
        _ => Ok(destination_rule(there, ours)),
    }
}

fn virtual_service(there: &Value, ours: &Value) -> Result<Value> {
    let refuse = |cause: &str| {
        Err(Error::runner("changing the VirtualService that the host has", cause.to_owned())
            .hint("use a host with a VirtualService of its own, or remove this one for the test"))
    };
    let several = there["hosts"].as_array().is_some_and(|hosts| hosts.len() > 1);
    if several {
        return refuse("it serves other hosts too, and would disturb them");
    }
    let gateways = there["gateways"].as_array();
    if gateways.is_some_and(|all| !all.iter().any(|gateway| gateway == "mesh")) {
        return refuse("it serves gateways only, not the mesh");
    }
    let mut spec = there.clone();
    for list in ["http", "tcp"] {
        let Some(rules) = ours[list].as_array() else { continue };
        let existing = there[list].as_array().cloned().unwrap_or_default();
        spec[list] = rules.iter().flat_map(|rule| laid_over(rule, &existing)).collect();
    }
    Ok(spec)
}

/// Our rule as it stands where it says where requests go; otherwise the routes that are there,
/// each with what our rule sets.
fn laid_over(rule: &Value, existing: &[Value]) -> Vec<Value> {
    let destinations = rule["route"].as_array().map_or(&[][..], Vec::as_slice);
    let plain = destinations.len() == 1 && destinations[0]["destination"]["subset"].is_null();
    if !plain || existing.is_empty() {
        return vec![rule.clone()];
    }
    let matches = rule["match"].as_array();
    let mut all = Vec::new();
    for there in existing {
        let mut merged = there.clone();
        for key in SET_ON_ROUTES {
            if !rule[*key].is_null() {
                merged[*key] = rule[*key].clone();
            }
        }
        if let Some(matches) = matches {
            merged["match"] = both(matches, there["match"].as_array());
        }
        all.push(merged);
    }
    all
}

/// Requests that fit one of ours and one of theirs.
fn both(ours: &[Value], theirs: Option<&Vec<Value>>) -> Value {
    let Some(theirs) = theirs.filter(|theirs| !theirs.is_empty()) else { return json!(ours) };
    let mut all = Vec::new();
    for (mine, other) in ours.iter().flat_map(|mine| theirs.iter().map(move |o| (mine, o))) {
        let mut merged = other.clone();
        if let Some(headers) = mine["headers"].as_object() {
            for (name, wanted) in headers {
                merged["headers"][name] = wanted.clone();
            }
        }
        all.push(merged);
    }
    json!(all)
}

fn destination_rule(there: &Value, ours: &Value) -> Value {
    let mut spec = there.clone();
    for subset in ours["subsets"].as_array().into_iter().flatten() {
        let subsets = &mut spec["subsets"];
        if !subsets.is_array() {
            *subsets = json!([]);
        }
        if let Some(subsets) = subsets.as_array_mut()
            && !subsets.iter().any(|known| known["name"] == subset["name"])
        {
            subsets.push(subset.clone());
        }
    }
    if let Some(policy) = ours["trafficPolicy"].as_object() {
        for (key, value) in policy {
            spec["trafficPolicy"][key] = value.clone();
        }
    }
    spec
}

/// Who keeps this object as it is, by its labels, annotations and owners.
pub(crate) fn manager(object: &Value) -> Option<String> {
    let of_domain = |domain: &str| {
        let found = MANAGERS.iter().find(|(managed, _)| {
            domain.strip_suffix(managed).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        found.map(|(_, name)| *name)
    };
    for map in ["/metadata/labels", "/metadata/annotations"] {
        for (key, value) in object.pointer(map).and_then(Value::as_object).into_iter().flatten() {
            let domain = key.split_once('/').map_or("", |(domain, _)| domain);
            if let Some(name) = of_domain(domain) {
                return Some(format!("{name} ({key})"));
            }
            if key == "app.kubernetes.io/managed-by" && value == "flagger" {
                return Some("Flagger".to_owned());
            }
        }
    }
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().find_map(|owner| {
        let group = owner["apiVersion"].as_str()?.split('/').next()?;
        let (kind, name) = (owner["kind"].as_str()?, owner["name"].as_str()?);
        let known = of_domain(group).map(str::to_owned);
        let controller = owner["controller"] == true;
        known.or_else(|| controller.then(|| format!("{kind} {name}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "hotels.a.svc.cluster.local";

    #[test]
    fn a_delay_is_laid_over_every_route_and_changes_no_destination() {
        let there = json!({"hosts": [HOST], "http": [
            {"match": [{"uri": {"prefix": "/a"}}], "route": [{"destination": {"host": "x"}}]},
            {"route": [{"destination": {"host": HOST, "subset": "v1"}, "weight": 100}]},
        ]});
        let fault = json!({"delay": {"fixedDelay": "5s"}});
        let rule = json!({"route": [{"destination": {"host": HOST}}], "fault": fault});
        let laid = overlay("VirtualService", &there, &json!({"hosts": [HOST], "http": [rule]}));
        let laid = laid.unwrap();
        for at in 0..2 {
            assert_eq!(laid["http"][at]["fault"], fault);
            assert_eq!(laid["http"][at]["route"], there["http"][at]["route"]);
            assert_eq!(laid["http"][at]["match"], there["http"][at]["match"]);
        }
    }

    #[test]
    fn weights_replace_the_routes() {
        let there = json!({"hosts": [HOST], "exportTo": ["."], "http": [{"route": []}]});
        let split = json!({"route": [
            {"destination": {"host": HOST, "subset": "v1"}, "weight": 80},
            {"destination": {"host": HOST, "subset": "v2"}, "weight": 20},
        ]});
        let ours = json!({"hosts": [HOST], "http": [split]});
        let laid = overlay("VirtualService", &there, &ours).unwrap();
        assert_eq!(laid["http"], json!([split]));
        assert_eq!(laid["exportTo"], json!(["."]));
    }

    #[test]
    fn what_serves_others_too_is_not_touched() {
        let ours = json!({"hosts": [HOST], "http": []});
        for there in [
            json!({"hosts": [HOST, "b"], "http": []}),
            json!({"hosts": [HOST], "gateways": ["ingress"], "http": []}),
        ] {
            assert!(overlay("VirtualService", &there, &ours).is_err());
        }
    }

    #[test]
    fn subsets_and_policies_are_added_to_a_destination_rule() {
        let there = json!({
            "host": HOST,
            "subsets": [{"name": "v1", "labels": {"version": "one"}}],
            "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}},
        });
        let ours = json!({
            "host": HOST,
            "subsets": [{"name": "v1"}, {"name": "v2"}],
            "trafficPolicy": {"connectionPool": {}},
        });
        let laid = overlay("DestinationRule", &there, &ours).unwrap();
        assert_eq!(laid["subsets"][0], there["subsets"][0]);
        assert_eq!(laid["subsets"][1]["name"], "v2");
        assert_eq!(laid["trafficPolicy"]["loadBalancer"]["simple"], "RANDOM");
        assert!(laid["trafficPolicy"]["connectionPool"].is_object());
    }

    #[test]
    fn managers_are_known_by_their_marks() {
        let with = |metadata: Value| json!({"metadata": metadata});
        for (metadata, who) in [
            (json!({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}), "Argo CD"),
            (json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}), "Flux"),
            (json!({"labels": {"helm.toolkit.fluxcd.io/name": "x"}}), "Flux"),
            (json!({"annotations": {"argo-rollouts.argoproj.io/managed": "x"}}), "Argo Rollouts"),
            (
                json!({"ownerReferences": [
                    {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "name": "x"}
                ]}),
                "Flagger",
            ),
            (
                json!({"ownerReferences": [{
                    "apiVersion": "example.org/v1", "kind": "Route", "name": "x", "controller": true
                }]}),
                "Route x",
            ),
        ] {
            let found = manager(&with(metadata)).unwrap();
            assert!(found.contains(who), "{found}");
        }
        let kiali = json!({"labels": {"kiali_wizard": "x", "notargoproj.io/y": "z"}});
        assert_eq!(manager(&with(kiali)), None);
    }
}
