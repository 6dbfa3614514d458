//! Whether whoever has the rights of the table, and no others, may make a request. Fakes of an API
//! server ask it, so that every test that runs against one shows that the table suffices. Pure.

use http::Method;

use super::rights::{Need, Place, covers};

/// Where the fakes have their control plane.
const CONTROL_PLANE: &str = "istio-system";

/// Groups whose objects are questions, which everybody may ask.
const REVIEWS: &[&str] = &["authentication.k8s.io", "authorization.k8s.io"];

/// Where a namespace is, to the table; the empty one is the whole cluster.
#[must_use]
pub fn place(namespace: &str) -> Place {
    match namespace {
        "" => Place::Cluster,
        CONTROL_PLANE => Place::ControlPlane,
        _ => Place::Application,
    }
}

/// Whether a request is within the table; why not.
pub fn granted(method: &Method, path: &str) -> Result<(), String> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts[..] {
        ["api", _version, ref rest @ ..] => ("", rest),
        ["apis", group, _version, ref rest @ ..] => (group, rest),
        // A document, e.g. discovery, which everybody may see.
        _ => return Ok(()),
    };
    if REVIEWS.contains(&group) {
        return Ok(());
    }
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        // A document again.
        [] => return Ok(()),
        rest => ("", rest),
    };
    let (resource, named) = match rest {
        [] => ("namespaces".to_owned(), true),
        // Of the whole cluster, and not only of one namespace.
        ["namespaces"] => ("namespaces".to_owned(), false),
        [plural] => ((*plural).to_owned(), false),
        [plural, _name] => ((*plural).to_owned(), true),
        [plural, _name, sub, ..] => (format!("{plural}/{sub}"), true),
    };
    let verb = match method.clone() {
        Method::GET if named => "get",
        Method::GET => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if named => "delete",
        _ => "deletecollection",
    };
    let held = |place| covers(place, Need::Sight, group, &resource, verb);
    // Beside the control plane is Prometheus, where there is one.
    match held(place(namespace)) || namespace == CONTROL_PLANE && held(Place::Prometheus) {
        true => Ok(()),
        false => Err(format!("{method} {path}: no right to {verb} {resource} in `{namespace}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_outside_of_the_table_is_refused() {
        let may = |method: Method, path: &str| granted(&method, path).is_ok();
        let services = "/apis/networking.istio.io/v1/namespaces/a/virtualservices";
        assert!(may(Method::GET, services) && may(Method::PATCH, &format!("{services}/x")));
        assert!(!may(Method::DELETE, services), "all at once");
        assert!(!may(Method::GET, "/apis/networking.istio.io/v1/virtualservices"), "everywhere");
        assert!(may(Method::POST, "/api/v1/namespaces/a/pods/p:80/proxy/x"));
        assert!(!may(Method::POST, "/api/v1/namespaces/istio-system/pods/p:80/proxy/x"));
        assert!(may(Method::GET, "/api/v1/namespaces/a") && may(Method::GET, "/version"));
        assert!(!may(Method::GET, "/api/v1/namespaces"));
        let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assert!(may(Method::POST, reviews) && may(Method::GET, "/apis/apps/v1"));
    }
}
