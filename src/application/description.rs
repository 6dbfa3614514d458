//! An application's description, as its file has it: read, and held against itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use manifests::Problem;
use serde::Deserialize;

use super::client::Client;
use super::manifest;
use super::manifest::Manifest;
use crate::error::{Error, Result};

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
    #[serde(default, alias = "portals")]
    pub clients: BTreeMap<String, Client>,
    /// What a local mesh is made of; a cluster has it already.
    #[serde(default)]
    pub manifests: Vec<Manifest>,
    /// Workloads that a scenario may deploy for its own time, by the name that steps use.
    #[serde(default)]
    pub workloads: BTreeMap<String, Manifest>,
    /// Faultless's own image on a cluster, where the command line and the environment name none.
    #[serde(default)]
    pub agent_image: Option<String>,
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

// === impl Application ===

impl Application {
    /// Reads and checks an application file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = manifest::read(path, FILE_MAX)?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Self::parse(&text, folder)
            .map_err(|cause| Error::feature(format!("reading {}", path.display()), cause))
    }

    pub(crate) fn parse(text: &str, folder: PathBuf) -> std::result::Result<Self, String> {
        // Bounds what anchors repeat. `kubectl` never reads this file, so `y` is no boolean in it.
        manifests::read(text).map_err(|Problem { at, what }| match at {
            Some(at) => format!("line {}, column {}: {what}", at.line, at.column),
            None => what,
        })?;
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
        for (name, client) in &this.clients {
            if !this.services.contains_key(&client.calls) {
                return Err(format!("client `{name}` calls unknown service `{}`", client.calls));
            }
            if client.paths.is_empty() || client.headers.values().any(Vec::is_empty) {
                return Err(format!("client `{name}` has an empty list of paths or header values"));
            }
            client.check_requests().map_err(|cause| format!("client `{name}`: {cause}"))?;
        }
        Ok(this)
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
clients:
  web: {namespace: shop, workload: web, calls: cart, paths: [/], headers: {device: [web, mobile]}}
";

    fn shop() -> Application {
        Application::parse(SHOP, PathBuf::new()).unwrap()
    }

    #[test]
    fn what_the_version_before_called_portals_are_clients() {
        let before = Application::parse(&SHOP.replace("clients:", "portals:"), PathBuf::new());
        assert_eq!(before.unwrap().clients, shop().clients);
    }

    #[test]
    fn a_mistyped_name_is_answered_with_the_nearest() {
        let error = shop().service(&"crat".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("did you mean `cart`?"), "{error}");
        let error = shop().client("wbe").unwrap_err().to_string();
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
        let twice = SHOP.replace("namespaces: [shop]", "namespaces: [shop]\nservices: {}");
        let open = "application: [".to_owned();
        for bad in [unknown_field, unknown_service, no_paths, twice, open, String::new()] {
            assert!(Application::parse(&bad, PathBuf::new()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_http_forbids_is_told_of_the_client_that_says_it() {
        for (good, bad, word) in [
            ("paths: [/]", "paths: [/, '/a b']", "`/a%20b`"),
            ("device: [web, mobile]", "Keep-Alive: [web]", "`Keep-Alive` belongs"),
            ("device: [web, mobile]", "device: [web, \"a\\nb\"]", "a line break"),
            ("device: [web, mobile]", "Device: [a], device: [b]", "`device` is said twice"),
        ] {
            let error = Application::parse(&SHOP.replace(good, bad), PathBuf::new()).unwrap_err();
            assert!(error.starts_with("client `web`: ") && error.contains(word), "{error}");
        }
        let host = SHOP.replace("device: [web, mobile]", "Host: [shop.example.com]");
        assert!(Application::parse(&host, PathBuf::new()).is_ok());
    }
}
