//! The words in braces, with their patterns and with examples for people.

use cucumber::Parameter as _;

use crate::parameters::{
    Amount, Clients, Count, Header, Load, Observer, Percent, Property, Service, Span, Split,
    Status, Version, Workloads,
};

/// The words in braces: name, pattern, and an example.
pub(crate) const WORDS: &[(&str, &str, &str)] = &[
    (Service::NAME, Service::REGEX, "`\"hotels\"` or `\"travels.travel-agency\"`"),
    (Span::NAME, Span::REGEX, "`250ms`, `5s`, `1.5s`, `2m` (1 ms to 1 h)"),
    (Percent::NAME, Percent::REGEX, "`50%`, `99.9%`"),
    (Header::NAME, Header::REGEX, "`header portal \"voyages.fr\"`"),
    (Split::NAME, Split::REGEX, "`80% to \"v1\", 10% to \"v2\" and 10% to \"v3\"` (100% in all)"),
    (
        Clients::NAME,
        Clients::REGEX,
        "`every client`, `client \"voyages.fr\"` (portal is read as client)",
    ),
    (
        Load::NAME,
        Load::REGEX,
        "`requests` (evenly, as many as the claims need and the mesh carries without strain), \
             `requests to \"/travels\"`, `80 requests per second` (at most so many), `80 requests \
             per second to \"/travels\" and \"/travels/Rome\"`, `80 requests per second at random \
             times`, `80 requests per second growing over 5s`, `80 requests per second for 10s`, \
             `80 requests per second at random times growing over 2s for 10s without its headers`, \
             `requests with header user \"new\"`, `requests with header Host \"shop.example.com\"` \
             (to the same service's address, for this host: the only one that is sent; the local \
             mesh answers 502 for hosts that no service has, as outboundTrafficPolicy \
             REGISTRY_ONLY does), `50 requests at once` (each when one before it is answered; no \
             claims about a client's latency)",
    ),
    (
        Observer::NAME,
        Observer::REGEX,
        "`every client`, `the clients together`, `client \"voyages.fr\"` (portal is read as \
         client), `the source of \"hotels\"`, `the destination of \"travels\" at version \
         \"v3\"`, `the source of \"travels\" from workload \"loadtester\"`, `the destination of \
         \"travels\" from client \"viaggi.it\"`",
    ),
    (
        Amount::NAME,
        Amount::REGEX,
        "`every request`, `no request`, `some request`, `at least 99% of requests`, `at most 1% of \
             requests`, `between 75% and 85% of requests`; of a TCP service `every connection`, \
             `between 75% and 85% of connections`, `at most 15% of bytes`",
    ),
    (
        Property::NAME,
        Property::REGEX,
        "`take at least 5s`, `take less than 1s`, `take between 2s and 2.5s`, `fail`, `get no \
             answer`, `be answered 504`, `carry flag DI`, `reach \"v1\"`; of the source of a \
             service also `arrive`, `be tried once`, `be tried 3 times`, `be copied to \"v3\"`",
    ),
    (
        Workloads::NAME,
        Workloads::REGEX,
        "`workload \"loadtester\"`, `workloads \"travels-v2\" and \"travels-v3\"`",
    ),
    (Version::NAME, Version::REGEX, "`\"v1\"`"),
    (Count::NAME, Count::REGEX, "a whole number"),
    (Status::NAME, Status::REGEX, "`503`"),
];
