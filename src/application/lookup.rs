//! What a step names, found in the application's description; a name that is not there is the
//! feature's fault, and comes with the nearest that is. Pure.

use super::client::Client;
use super::description::{Application, Service};
use super::manifest::Manifest;
use crate::error::{Error, Result};
use crate::units::{ServiceName, nearest};

impl Application {
    /// The service that a step names.
    pub fn service(&self, name: &ServiceName) -> Result<&Service> {
        let found = match &name.namespace {
            None => self.services.get(&name.name),
            Some(namespace) => self
                .services
                .values()
                .find(|service| service.name == name.name && service.namespace == *namespace),
        };
        found.ok_or_else(|| {
            let known: Vec<_> = self
                .services
                .iter()
                .map(|(key, service)| match name.namespace {
                    None => key.clone(),
                    Some(_) => format!("{}.{}", service.name, service.namespace),
                })
                .collect();
            self.unknown("service", &name.to_string(), &known)
        })
    }

    /// The client that a step names.
    pub fn client(&self, name: &str) -> Result<&Client> {
        let known: Vec<_> = self.clients.keys().cloned().collect();
        self.clients.get(name).ok_or_else(|| self.unknown("client", name, &known))
    }

    /// The namespace of a workload that a step names, where it is known: one that scenarios deploy,
    /// a client's own, or one of a service's, which is called by its service and version.
    pub fn workload(&self, name: &str) -> Result<Option<String>> {
        if let Some(manifest) = self.workloads.get(name) {
            return Ok(manifest.namespace.clone());
        }
        if let Some(client) = self.clients.values().find(|client| client.workload == name) {
            return Ok(Some(client.namespace.clone()));
        }
        let of_service = |service: &&Service| {
            service.versions.iter().any(|version| format!("{}-{version}", service.name) == name)
        };
        if let Some(service) = self.services.values().find(of_service) {
            return Ok(Some(service.namespace.clone()));
        }
        let known: Vec<_> = (self.workloads.keys().cloned())
            .chain(self.clients.values().map(|client| client.workload.clone()))
            .collect();
        Err(self.unknown("workload", name, &known))
    }

    /// The manifest of a workload that scenarios may deploy.
    pub fn deployable(&self, name: &str) -> Result<&Manifest> {
        let known: Vec<_> = self.workloads.keys().cloned().collect();
        self.workloads
            .get(name)
            .ok_or_else(|| self.unknown("workload that can be deployed", name, &known))
    }

    /// The version of a service that a step names.
    pub fn version<'a>(&self, service: &'a Service, version: &str) -> Result<&'a str> {
        let found = service.versions.iter().find(|known| *known == version);
        found.map(String::as_str).ok_or_else(|| {
            let what = format!("subset of {}", service.name);
            self.unknown(&what, version, &service.versions)
        })
    }

    fn unknown(&self, what: &str, name: &str, known: &[String]) -> Error {
        let doing = format!("looking up {what} `{name}`");
        let cause = format!("application {} has none of that name", self.application);
        let hint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has: {}", known.join(", ")),
        };
        Error::feature(doing, cause).hint(hint)
    }
}
