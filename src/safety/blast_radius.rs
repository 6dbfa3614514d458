//! Where a run may touch something: read off the application's description. Pure.

use crate::application::Application;
use crate::application::settings::Endpoint;
use crate::error::{Error, Result};

/// The namespaces that a run may write to, and the settings that it may change.
#[derive(Debug, Clone)]
pub(crate) struct BlastRadius {
    /// The application's namespaces; the Lease is in the first.
    pub(crate) namespaces: Vec<String>,
    /// Where its clients' settings are, by client.
    pub(crate) settings: Vec<(String, Endpoint)>,
}

// === impl BlastRadius ===

impl BlastRadius {
    pub(crate) fn of(application: &Application) -> Result<Self> {
        let clients = application.clients.iter();
        let settings =
            clients.filter_map(|(name, client)| Some((name.clone(), client.endpoint()?)));
        Ok(Self { namespaces: namespaces(application)?, settings: settings.collect() })
    }
}

/// All namespaces of an application, its first first.
pub(crate) fn namespaces(application: &Application) -> Result<Vec<String>> {
    let services = application.services.values().map(|service| &service.namespace);
    let clients = application.clients.values().map(|client| &client.namespace);
    let mut all = Vec::<String>::new();
    for namespace in application.namespaces.iter().chain(services).chain(clients) {
        if !all.contains(namespace) {
            all.push(namespace.clone());
        }
    }
    if all.is_empty() {
        let doing = format!("looking at application {}", application.application);
        return Err(Error::feature(doing, "it has no namespaces"));
    }
    Ok(all)
}
