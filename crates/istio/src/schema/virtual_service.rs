//! The fields of `VirtualService` (istio/api `networking/v1/virtual_service.proto`).

use super::kinds::Type::{Any, Bool, Bytes, Duration, Enum, List, Map, Object, Text};
use super::kinds::{INT32, Message, NUMBER, TEXT_MAP, TEXTS, UINT32, message};

/// The whole object.
pub(crate) static VIRTUAL_SERVICE: Message = message(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", Any),
    ("spec", Object(&SPEC)),
    ("status", Any),
]);

static SPEC: Message = message(&[
    ("hosts", TEXTS),
    ("gateways", TEXTS),
    ("http", List(&Object(&HTTP_ROUTE))),
    ("tls", List(&Object(&TLS_ROUTE))),
    ("tcp", List(&Object(&TCP_ROUTE))),
    ("exportTo", TEXTS),
]);

static HTTP_ROUTE: Message = message(&[
    ("name", Text),
    ("match", List(&Object(&HTTP_MATCH))),
    ("route", List(&Object(&HTTP_ROUTE_DESTINATION))),
    ("redirect", Object(&REDIRECT)),
    ("directResponse", Object(&DIRECT_RESPONSE)),
    ("delegate", Object(&DELEGATE)),
    ("rewrite", Object(&REWRITE)),
    ("timeout", Duration),
    ("retries", Object(&RETRY)),
    ("fault", Object(&FAULT)),
    ("mirror", Object(&DESTINATION)),
    ("mirrors", List(&Object(&MIRROR))),
    ("mirrorPercent", UINT32),
    ("mirror_percent", UINT32),
    ("mirrorPercentage", Object(&PERCENT)),
    ("corsPolicy", Object(&CORS)),
    ("headers", Object(&HEADERS)),
]);

static HTTP_MATCH: Message = message(&[
    ("name", Text),
    ("uri", Object(&STRING_MATCH)),
    ("scheme", Object(&STRING_MATCH)),
    ("method", Object(&STRING_MATCH)),
    ("authority", Object(&STRING_MATCH)),
    ("headers", Map(&Object(&STRING_MATCH))),
    ("port", UINT32),
    ("sourceLabels", TEXT_MAP),
    ("gateways", TEXTS),
    ("queryParams", Map(&Object(&STRING_MATCH))),
    ("ignoreUriCase", Bool),
    ("withoutHeaders", Map(&Object(&STRING_MATCH))),
    ("sourceNamespace", Text),
    ("statPrefix", Text),
]);

static STRING_MATCH: Message = Message {
    fields: &[("exact", Text), ("prefix", Text), ("regex", Text)],
    required: &[],
    one_of: &[&["exact", "prefix", "regex"]],
};

static HTTP_ROUTE_DESTINATION: Message = Message {
    fields: &[
        ("destination", Object(&DESTINATION)),
        ("weight", INT32),
        ("headers", Object(&HEADERS)),
    ],
    required: &["destination"],
    one_of: &[],
};

static ROUTE_DESTINATION: Message = Message {
    fields: &[("destination", Object(&DESTINATION)), ("weight", INT32)],
    required: &["destination"],
    one_of: &[],
};

static DESTINATION: Message = Message {
    fields: &[("host", Text), ("subset", Text), ("port", Object(&PORT_SELECTOR))],
    required: &["host"],
    one_of: &[],
};

pub(super) static PORT_SELECTOR: Message = message(&[("number", UINT32)]);

static PERCENT: Message = message(&[("value", NUMBER)]);

static REDIRECT: Message = Message {
    fields: &[
        ("uri", Text),
        ("prefixRewrite", Text),
        ("authority", Text),
        ("port", UINT32),
        ("derivePort", Enum(&["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"])),
        ("scheme", Text),
        ("redirectCode", UINT32),
    ],
    required: &[],
    one_of: &[&["port", "derivePort"]],
};

static DIRECT_RESPONSE: Message = Message {
    fields: &[("status", UINT32), ("body", Object(&BODY))],
    required: &["status"],
    one_of: &[],
};

static BODY: Message = Message {
    fields: &[("string", Text), ("bytes", Bytes)],
    required: &[],
    one_of: &[&["string", "bytes"]],
};

static DELEGATE: Message = message(&[("name", Text), ("namespace", Text)]);

static REWRITE: Message =
    message(&[("uri", Text), ("authority", Text), ("uriRegexRewrite", Object(&REGEX_REWRITE))]);

static REGEX_REWRITE: Message = message(&[("match", Text), ("rewrite", Text)]);

static RETRY: Message = message(&[
    ("attempts", INT32),
    ("perTryTimeout", Duration),
    ("retryOn", Text),
    ("retryRemoteLocalities", Bool),
    ("retryIgnorePreviousHosts", Bool),
    ("backoff", Duration),
]);

static FAULT: Message = message(&[("delay", Object(&DELAY)), ("abort", Object(&ABORT))]);

static DELAY: Message = Message {
    fields: &[
        ("percent", INT32),
        ("fixedDelay", Duration),
        ("exponentialDelay", Duration),
        ("percentage", Object(&PERCENT)),
    ],
    required: &[],
    one_of: &[&["fixedDelay", "exponentialDelay"]],
};

static ABORT: Message = Message {
    fields: &[
        ("httpStatus", INT32),
        ("grpcStatus", Text),
        ("http2Error", Text),
        ("percentage", Object(&PERCENT)),
    ],
    required: &[],
    one_of: &[&["httpStatus", "grpcStatus", "http2Error"]],
};

static MIRROR: Message = Message {
    fields: &[("destination", Object(&DESTINATION)), ("percentage", Object(&PERCENT))],
    required: &["destination"],
    one_of: &[],
};

static CORS: Message = message(&[
    ("allowOrigin", TEXTS),
    ("allowOrigins", List(&Object(&STRING_MATCH))),
    ("allowMethods", TEXTS),
    ("allowHeaders", TEXTS),
    ("exposeHeaders", TEXTS),
    ("maxAge", Duration),
    ("allowCredentials", Bool),
    ("unmatchedPreflights", Enum(&["UNSPECIFIED", "FORWARD", "IGNORE"])),
]);

static HEADERS: Message =
    message(&[("request", Object(&HEADER_OPERATIONS)), ("response", Object(&HEADER_OPERATIONS))]);

static HEADER_OPERATIONS: Message =
    message(&[("set", TEXT_MAP), ("add", TEXT_MAP), ("remove", TEXTS)]);

static TLS_ROUTE: Message = Message {
    fields: &[("match", List(&Object(&TLS_MATCH))), ("route", List(&Object(&ROUTE_DESTINATION)))],
    required: &["match"],
    one_of: &[],
};

static TLS_MATCH: Message = Message {
    fields: &[
        ("sniHosts", TEXTS),
        ("destinationSubnets", TEXTS),
        ("port", UINT32),
        ("sourceLabels", TEXT_MAP),
        ("gateways", TEXTS),
        ("sourceNamespace", Text),
    ],
    required: &["sniHosts"],
    one_of: &[],
};

static TCP_ROUTE: Message =
    message(&[("match", List(&Object(&L4_MATCH))), ("route", List(&Object(&ROUTE_DESTINATION)))]);

static L4_MATCH: Message = message(&[
    ("destinationSubnets", TEXTS),
    ("port", UINT32),
    ("sourceSubnet", Text),
    ("sourceLabels", TEXT_MAP),
    ("gateways", TEXTS),
    ("sourceNamespace", Text),
]);
