//! Where the application's own load enters the mesh, and Faultless's with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::settings::{Endpoint, Settings};
use crate::units::{UnitError, request};

/// A place where the application's own load enters the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Namespace in which the agent runs, beside the client's own workload.
    pub namespace: String,
    /// The client's own workload.
    pub workload: String,
    /// The service it calls, as steps name it.
    pub calls: String,
    /// The paths it asks for, in turn.
    pub paths: Vec<String>,
    /// Whether a good answer is JSON that holds something: an application may answer an empty list
    /// when a service behind it failed.
    #[serde(default)]
    pub expect_json_nonempty: bool,
    /// The headers it sends; each takes its values in turn.
    #[serde(default)]
    pub headers: BTreeMap<String, Vec<String>>,
    /// Where its settings are, if it can be told some while it runs.
    #[serde(default)]
    pub settings: Option<Settings>,
}

// === impl Client ===

impl Client {
    /// Refuses paths and headers that HTTP forbids.
    pub(super) fn check_requests(&self) -> Result<(), UnitError> {
        for path in &self.paths {
            request::path(path)?;
        }
        let mut names = BTreeSet::new();
        for (name, values) in &self.headers {
            let header = request::header_name(name)?;
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(UnitError::new(format!("the header `{name}` is said twice")));
            }
            for value in values {
                request::header_value(&header, value)?;
            }
        }
        Ok(())
    }

    /// Where its settings are, if it has any.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        let Settings { port, write, read, pointer, selector } = self.settings.as_ref()?;
        let selector = selector.clone().unwrap_or_else(|| format!("app={}", self.workload));
        Some(Endpoint {
            namespace: self.namespace.clone(),
            selector,
            port: *port,
            write: write.clone(),
            read: read.clone(),
            pointer: pointer.clone(),
        })
    }
}
