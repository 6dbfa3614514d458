//! An application as Faultless must know it: its namespaces, its services, and the portals where
//! its own load enters the mesh. Described once, in a YAML file next to the features.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::journal::Endpoint;
use crate::error::{Error, Result};
use crate::target::manifests::{self, Manifest};
use crate::units::{ServiceName, nearest};

/// An application file is a page of text.
const FILE_MAX: u64 = 1024 * 1024;

/// The application under test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its name, as features say it.
    pub application: String,
    /// Its namespaces.
    pub namespaces: Vec<String>,
    /// Its services, by the name that steps use.
    pub services: BTreeMap<String, Service>,
    /// Where its load enters, by the name that steps use.
    #[serde(default)]
    pub portals: BTreeMap<String, Portal>,
    /// What a local mesh is made of; a cluster has it already.
    #[serde(default)]
    pub manifests: Vec<Manifest>,
    /// Workloads that a scenario may deploy for its own time, by the name that steps use.
    #[serde(default)]
    pub workloads: BTreeMap<String, Manifest>,
    /// The folder of the file; manifests are relative to it.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A service of the application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name in Kubernetes, where it differs from the name in the steps.
    #[serde(default)]
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Port.
    pub port: u16,
    /// What it speaks.
    #[serde(default)]
    pub protocol: Protocol,
    /// Values of the `version` label of its workloads.
    pub versions: Vec<String>,
}

/// What a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP.
    #[default]
    Http,
    /// Opaque TCP.
    Tcp,
}

/// A place where the application's own load enters the mesh.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// Namespace in which the agent runs, beside the portal's own workload.
    pub namespace: String,
    /// The portal's own workload.
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

/// Where the settings of a portal's own pods are read and told. They are JSON.
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
    /// The label selector of the pods [default: `app=` and the portal's workload].
    #[serde(default)]
    pub selector: Option<String>,
}

// === impl Application ===

impl Application {
    /// Reads and checks an application file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = manifests::read(path, FILE_MAX)?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Self::parse(&text, folder)
            .map_err(|cause| Error::feature(format!("reading {}", path.display()), cause))
    }

    pub(super) fn parse(text: &str, folder: PathBuf) -> std::result::Result<Self, String> {
        let mut yaml: serde_yaml::Value =
            serde_yaml::from_str(text).map_err(|cause| cause.to_string())?;
        yaml.apply_merge().map_err(|cause| cause.to_string())?;
        let mut this: Self = serde_yaml::from_value(yaml).map_err(|cause| cause.to_string())?;
        this.folder = folder;
        for (name, service) in &mut this.services {
            if service.name.is_empty() {
                service.name.clone_from(name);
            }
            if service.versions.is_empty() {
                return Err(format!("service `{name}` has no versions"));
            }
        }
        for (name, portal) in &this.portals {
            if !this.services.contains_key(&portal.calls) {
                return Err(format!("portal `{name}` calls unknown service `{}`", portal.calls));
            }
            if portal.paths.is_empty() || portal.headers.values().any(Vec::is_empty) {
                return Err(format!("portal `{name}` has an empty list of paths or header values"));
            }
        }
        Ok(this)
    }

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

    /// The portal that a step names.
    pub fn portal(&self, name: &str) -> Result<&Portal> {
        let known: Vec<_> = self.portals.keys().cloned().collect();
        self.portals.get(name).ok_or_else(|| self.unknown("portal", name, &known))
    }

    /// The namespace of a workload that a step names, where it is known: one that scenarios deploy,
    /// a portal's own, or one of a service's, which is called by its service and version.
    pub fn workload(&self, name: &str) -> Result<Option<String>> {
        if let Some(manifest) = self.workloads.get(name) {
            return Ok(manifest.namespace.clone());
        }
        if let Some(portal) = self.portals.values().find(|portal| portal.workload == name) {
            return Ok(Some(portal.namespace.clone()));
        }
        let of_service = |service: &&Service| {
            service.versions.iter().any(|version| format!("{}-{version}", service.name) == name)
        };
        if let Some(service) = self.services.values().find(of_service) {
            return Ok(Some(service.namespace.clone()));
        }
        let known: Vec<_> = (self.workloads.keys().cloned())
            .chain(self.portals.values().map(|portal| portal.workload.clone()))
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

// === impl Portal ===

impl Portal {
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

// === impl Service ===

impl Service {
    /// `hotels.travel-agency.svc.cluster.local`
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.{}.svc.cluster.local", self.name, self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "
application: shop
namespaces: [shop]
services:
  cart: {namespace: shop, port: 80, versions: [v1, v2]}
  db: {namespace: shop, port: 3306, protocol: tcp, versions: [v1]}
portals:
  web: {namespace: shop, workload: web, calls: cart, paths: [/], headers: {device: [web, mobile]}}
";

    fn shop() -> Application {
        Application::parse(SHOP, PathBuf::new()).unwrap()
    }

    #[test]
    fn a_mistyped_name_is_answered_with_the_nearest() {
        let error = shop().service(&"crat".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("did you mean `cart`?"), "{error}");
        let error = shop().portal("wbe").unwrap_err().to_string();
        assert!(error.contains("did you mean `web`?"), "{error}");
        let shop = shop();
        let cart = shop.service(&"cart.shop".parse().unwrap()).unwrap();
        let error = shop.version(cart, "v3").unwrap_err().to_string();
        assert!(error.contains("v1") || error.contains("v2"), "{error}");
    }

    #[test]
    fn a_file_that_contradicts_itself_is_refused() {
        let unknown_field = SHOP.replace("calls: cart", "calls: cart, color: red");
        let unknown_service = SHOP.replace("calls: cart", "calls: card");
        let no_paths = SHOP.replace("paths: [/]", "paths: []");
        for bad in [unknown_field, unknown_service, no_paths, "application: [".to_owned()] {
            assert!(Application::parse(&bad, PathBuf::new()).is_err(), "{bad}");
        }
    }
}
