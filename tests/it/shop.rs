//! A shop without pods, as what is in a mesh before a run: `cart` has an Istio configuration of its
//! own, in odd shape, and everything else has none.

/// The namespace, and what is configured for `cart` in it.
pub(crate) fn objects(namespace: &str) -> String {
    OBJECTS.replace("NAMESPACE", namespace)
}

/// How runs know it.
pub(crate) fn application(namespace: &str) -> String {
    APPLICATION.replace("NAMESPACE", namespace)
}

const APPLICATION: &str = "
application: shop
namespaces: [NAMESPACE]
services:
  cart: {namespace: NAMESPACE, port: 80, versions: [v1, v2]}
  stock: {namespace: NAMESPACE, port: 80, versions: [v1]}
  till: {namespace: NAMESPACE, port: 80, versions: [v1]}
";

const OBJECTS: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: NAMESPACE}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: NAMESPACE}
spec: {selector: {app: cart}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: stock, namespace: NAMESPACE}
spec: {selector: {app: stock}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: till, namespace: NAMESPACE}
spec: {selector: {app: till}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart-routes, namespace: NAMESPACE, labels: {team: cart}}
spec:
  hosts: [cart]
  http:
    - match: [{uri: {prefix: /v2}}]
      route: [{destination: {host: cart, subset: v2}}]
    - route: [{destination: {host: cart, subset: v1}, weight: 100}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: NAMESPACE, annotations: {note: "as it was"}}
spec:
  host: cart.NAMESPACE.svc.cluster.local
  subsets:
    - {name: v1, labels: {version: v1}}
    - {name: v2, labels: {version: v2}}
---
"#;
