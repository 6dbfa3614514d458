//! The fields of `DestinationRule` (istio/api `networking/v1/destination_rule.proto`).

use super::kinds::Type::{
    Any, AnyDuration, Bool, Duration, Enum, Int, List, Map, Number, Object, Selector, Short, Text,
};
use super::kinds::{INT32, Message, PERCENT, TEXT_MAP, TEXTS, UINT32, UINT64, message};
use super::virtual_service::PORT_SELECTOR;

/// The whole object.
pub(crate) static DESTINATION_RULE: Message = message(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", Any),
    ("spec", Object(&SPEC)),
    ("status", Any),
]);

static SPEC: Message = Message {
    fields: &[
        ("host", Text),
        ("trafficPolicy", Object(&TRAFFIC_POLICY)),
        ("subsets", List(&Object(&SUBSET))),
        ("exportTo", TEXTS),
        ("workloadSelector", Object(&SELECTOR)),
    ],
    required: &["host"],
    one_of: &[],
};

static SELECTOR: Message = message(&[("matchLabels", Selector)]);

static SUBSET: Message = Message {
    fields: &[("name", Text), ("labels", TEXT_MAP), ("trafficPolicy", Object(&TRAFFIC_POLICY))],
    required: &["name"],
    one_of: &[],
};

static TRAFFIC_POLICY: Message = message(&[
    ("loadBalancer", Object(&LOAD_BALANCER)),
    ("connectionPool", Object(&CONNECTION_POOL)),
    ("outlierDetection", Object(&OUTLIER_DETECTION)),
    ("tls", Object(&TLS)),
    ("portLevelSettings", Short(&Object(&PORT_POLICY), 4096)),
    ("tunnel", Object(&TUNNEL)),
    ("proxyProtocol", Object(&PROXY_PROTOCOL)),
    ("retryBudget", Object(&RETRY_BUDGET)),
]);

static PORT_POLICY: Message = message(&[
    ("port", Object(&PORT_SELECTOR)),
    ("loadBalancer", Object(&LOAD_BALANCER)),
    ("connectionPool", Object(&CONNECTION_POOL)),
    ("outlierDetection", Object(&OUTLIER_DETECTION)),
    ("tls", Object(&TLS)),
]);

static PROXY_PROTOCOL: Message = message(&[("version", Enum(&["V1", "V2"]))]);

static RETRY_BUDGET: Message = message(&[
    ("percent", PERCENT),
    ("minRetryConcurrency", UINT32),
    ("budgetInterval", AnyDuration),
]);

static TUNNEL: Message = Message {
    fields: &[("protocol", Text), ("targetHost", Text), ("targetPort", UINT32)],
    required: &["targetHost", "targetPort"],
    one_of: &[],
};

static LOAD_BALANCER: Message = Message {
    fields: &[
        ("simple", Enum(SIMPLE)),
        ("consistentHash", Object(&CONSISTENT_HASH)),
        ("localityLbSetting", Object(&LOCALITY)),
        ("zoneAwareLbSetting", Object(&ZONE_AWARE)),
        ("warmupDurationSecs", Duration),
        ("warmup", Object(&WARMUP)),
    ],
    required: &[],
    one_of: &[&["simple", "consistentHash"]],
};

const SIMPLE: &[&str] =
    &["UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST"];

static WARMUP: Message = Message {
    fields: &[
        ("duration", Duration),
        ("minimumPercent", PERCENT),
        ("aggression", Number(0.0, f64::INFINITY)),
    ],
    required: &["duration"],
    one_of: &[],
};

static CONSISTENT_HASH: Message = Message {
    fields: &[
        ("httpHeaderName", Text),
        ("httpCookie", Object(&COOKIE)),
        ("useSourceIp", Bool),
        ("httpQueryParameterName", Text),
        ("ringHash", Object(&RING_HASH)),
        ("maglev", Object(&MAGLEV)),
        ("minimumRingSize", UINT64),
    ],
    required: &[],
    one_of: &[
        &["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"],
        &["ringHash", "maglev"],
    ],
};

static RING_HASH: Message = message(&[("minimumRingSize", UINT64)]);

static MAGLEV: Message = message(&[("tableSize", UINT64)]);

static COOKIE: Message = Message {
    fields: &[
        ("name", Text),
        ("path", Text),
        ("ttl", AnyDuration),
        ("attributes", List(&Object(&COOKIE_ATTRIBUTE))),
    ],
    required: &["name"],
    one_of: &[],
};

static COOKIE_ATTRIBUTE: Message =
    Message { fields: &[("name", Text), ("value", Text)], required: &["name"], one_of: &[] };

static LOCALITY: Message = message(&[
    ("distribute", List(&Object(&DISTRIBUTE))),
    ("failover", List(&Object(&FAILOVER))),
    ("failoverPriority", TEXTS),
    ("enabled", Bool),
]);

static ZONE_AWARE: Message = message(&[
    ("failover", List(&Object(&FAILOVER))),
    ("failoverPriority", TEXTS),
    ("enabled", Bool),
    ("minClusterSize", Int(1, u32::MAX as i64)),
]);

static DISTRIBUTE: Message = message(&[("from", Text), ("to", Map(&UINT32))]);

static FAILOVER: Message = message(&[("from", Text), ("to", Text)]);

static CONNECTION_POOL: Message =
    message(&[("tcp", Object(&TCP_SETTINGS)), ("http", Object(&HTTP_SETTINGS))]);

static TCP_SETTINGS: Message = message(&[
    ("maxConnections", INT32),
    ("connectTimeout", Duration),
    ("tcpKeepalive", Object(&KEEPALIVE)),
    ("maxConnectionDuration", Duration),
    ("idleTimeout", AnyDuration),
]);

static KEEPALIVE: Message =
    message(&[("probes", UINT32), ("time", Duration), ("interval", Duration)]);

static HTTP_SETTINGS: Message = message(&[
    ("http1MaxPendingRequests", INT32),
    ("http2MaxRequests", INT32),
    ("maxRequestsPerConnection", INT32),
    ("maxRetries", INT32),
    ("idleTimeout", Duration),
    ("h2UpgradePolicy", Enum(&["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"])),
    ("useClientProtocol", Bool),
    ("maxConcurrentStreams", INT32),
    ("http2KeepAlive", Object(&HTTP2_KEEPALIVE)),
]);

static HTTP2_KEEPALIVE: Message = message(&[("interval", Duration), ("timeout", Duration)]);

static OUTLIER_DETECTION: Message = message(&[
    ("consecutiveErrors", INT32),
    ("splitExternalLocalOriginErrors", Bool),
    ("consecutiveLocalOriginFailures", UINT32),
    ("consecutiveGatewayErrors", UINT32),
    ("consecutive5xxErrors", UINT32),
    ("interval", Duration),
    ("baseEjectionTime", Duration),
    ("maxEjectionPercent", INT32),
    ("minHealthPercent", INT32),
    ("outlierDetectionHttpErrorCodes", List(&Int(100, 599))),
]);

static TLS: Message = message(&[
    ("mode", Enum(&["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"])),
    ("clientCertificate", Text),
    ("privateKey", Text),
    ("caCertificates", Text),
    ("credentialName", Text),
    ("subjectAltNames", TEXTS),
    ("sni", Text),
    ("insecureSkipVerify", Bool),
    ("caCrl", Text),
]);
