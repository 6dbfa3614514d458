//! Settings that an application's pods can be told while they run, and where. Pure.

use serde::{Deserialize, Serialize};

/// Where the settings of a client's own pods are read and told. They are JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Port of the pods.
    pub port: u16,
    /// The path that takes them by `PUT`, e.g. `/settings`.
    pub write: String,
    /// The path that answers `GET` with them, or with a page that has them in it.
    pub read: String,
    /// Where in that page, e.g. `/settings` (RFC 6901) [default: the page is they].
    #[serde(default)]
    pub pointer: String,
    /// The label selector of the pods [default: `app=` and the client's workload].
    #[serde(default)]
    pub selector: Option<String>,
}

/// Where pods are asked for their settings, and told them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Namespace of the pods.
    pub namespace: String,
    /// Label selector of the pods.
    pub selector: String,
    /// Port.
    pub port: u16,
    /// The path that takes settings by `PUT`, e.g. `/settings`.
    pub write: String,
    /// The path that answers `GET` with a page that has the settings in it, e.g. `/status`.
    pub read: String,
    /// Where in that page they are (RFC 6901), e.g. `/settings`; empty: it is they.
    pub pointer: String,
}
