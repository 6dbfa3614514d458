//! Faultless's own image, as the pods that it starts name it: load agents and watchdogs. Both are
//! held to the same limits, which are those of Kubernetes' strictest Pod Security level. Pure.

use std::str::FromStr;

use serde_json::{Value, json};

use super::image_name::ImageName;
use crate::error::{Error, Result};

/// The image's name without its tag where nobody names another. No registry is behind it, and none
/// can be: `localhost` is the node itself. So nobody can put code there for our users' clusters.
pub const IMAGE: &str = "localhost/faultless";

/// The version of this program; the pods of a run must have the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whom the program runs as in its image: the number that images without a shell use for nobody in
/// particular, and no user of a node.
pub const USER: u32 = 65_532;

/// Faultless's image in a cluster: under which name, and how nodes come by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentImage {
    reference: String,
    pull_policy: Option<PullPolicy>,
    pull_secrets: Vec<String>,
}

/// When a node asks the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPolicy {
    /// Each time a container starts.
    Always,
    /// When it has no such image.
    IfNotPresent,
    /// Never: it was brought to the node before.
    Never,
}

// === impl AgentImage ===

impl AgentImage {
    /// The one that is brought to the nodes as a file, and pulled from nowhere.
    #[must_use]
    pub fn own() -> Self {
        let reference = format!("{IMAGE}:{VERSION}");
        Self { reference, pull_policy: Some(PullPolicy::Never), pull_secrets: Vec::new() }
    }

    /// The one that was named, or else our own.
    ///
    /// # Errors
    ///
    /// The feature's (whoever named it), if no registry could have it, or it is told how an image
    /// is pulled that cannot be.
    pub fn named(
        name: Option<&str>,
        pull_policy: Option<PullPolicy>,
        pull_secrets: Vec<String>,
    ) -> Result<Self> {
        let Some(name) = name else {
            let pulled = pull_policy.is_some_and(|policy| policy != PullPolicy::Never);
            if pulled || !pull_secrets.is_empty() {
                let own = Self::own().reference;
                let cause = format!("without a name of its own it is {own}, which no registry has");
                return Err(Error::feature("pulling Faultless's image", cause)
                    .hint("name where it was pushed to with --agent-image"));
            }
            return Ok(Self::own());
        };
        let name: ImageName = name.parse().map_err(|cause: String| {
            Error::feature("reading the name of Faultless's image", cause)
                .hint("as in registry.example.com/team/faultless:0.1.0")
        })?;
        Ok(Self { reference: name.to_string(), pull_policy, pull_secrets })
    }

    /// Its name.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What to do about an image that a node does not get.
    #[must_use]
    pub fn remedy(&self) -> String {
        if self.pull_policy == Some(PullPolicy::Never) {
            format!(
                "`faultless image --out faultless.tar --name {0}` makes {0}; bring it to every \
                 node (`kind load image-archive faultless.tar`, or `ctr -n k8s.io images import \
                 faultless.tar` there), or push it and name it with --agent-image",
                self.reference
            )
        } else {
            format!(
                "is {} what --agent-image should name? `faultless image` makes the image, \
                 --image-pull-secret names what a registry asks for",
                self.reference
            )
        }
    }

    /// The spec of a pod with one container of it.
    pub(crate) fn pod_spec(&self, container: &str, args: &[String]) -> Value {
        let mut spec = json!({
            "containers": [{
                "name": container,
                "image": self.reference,
                "args": args,
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": true,
                },
                // What an idle one uses, so that quotas admit it. No limit: a generator that is
                // held back would measure that.
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                // Why it ended is in what it said.
                "terminationMessagePolicy": "FallbackToLogsOnError",
            }],
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "terminationGracePeriodSeconds": 5,
        });
        if let Some(policy) = self.pull_policy {
            spec["containers"][0]["imagePullPolicy"] = policy.name().into();
        }
        if !self.pull_secrets.is_empty() {
            let secrets = self.pull_secrets.iter().map(|name| json!({"name": name}));
            spec["imagePullSecrets"] = secrets.collect();
        }
        spec
    }
}

// === impl PullPolicy ===

impl PullPolicy {
    const fn name(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

impl FromStr for PullPolicy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let all = [Self::Always, Self::IfNotPresent, Self::Never];
        let found = all.into_iter().find(|policy| policy.name() == text);
        found.ok_or_else(|| "it is Always, IfNotPresent or Never".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_named_is_never_pulled() {
        let own = AgentImage::named(None, None, Vec::new()).unwrap();
        assert_eq!(own, AgentImage::own());
        let container = &own.pod_spec("agent", &[])["containers"][0];
        assert_eq!(container["imagePullPolicy"], "Never");
        assert_eq!(container["image"], format!("localhost/faultless:{VERSION}"));
        assert!(own.remedy().contains("kind load image-archive"), "{}", own.remedy());

        let never = AgentImage::named(None, Some(PullPolicy::Never), Vec::new());
        assert_eq!(never.unwrap(), own);
        let secret = vec!["s".to_owned()];
        for refused in [
            AgentImage::named(None, Some(PullPolicy::Always), Vec::new()),
            AgentImage::named(None, None, secret),
        ] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("--agent-image"), "{refused}");
        }
    }

    #[test]
    fn a_named_image_is_pulled_as_kubernetes_does_unless_it_is_said() {
        let name = "registry.example.com/team/faultless:1";
        let named = AgentImage::named(Some(name), None, Vec::new()).unwrap();
        let spec = named.pod_spec("agent", &[]);
        assert_eq!(spec["containers"][0]["image"], name);
        assert!(spec["containers"][0].get("imagePullPolicy").is_none());
        assert!(spec.get("imagePullSecrets").is_none());

        let (policy, secrets) = ("Always".parse().ok(), vec!["a".to_owned(), "b".to_owned()]);
        let spec = AgentImage::named(Some(name), policy, secrets).unwrap().pod_spec("agent", &[]);
        assert_eq!(spec["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(spec["imagePullSecrets"], json!([{"name": "a"}, {"name": "b"}]));
        assert!(AgentImage::named(Some("No Name"), None, Vec::new()).is_err());
        assert!("always".parse::<PullPolicy>().is_err());
    }

    /// The level `restricted`, from Kubernetes' own table.
    #[test]
    fn its_pods_satisfy_the_strictest_pod_security_level() {
        let spec = AgentImage::own().pod_spec("agent", &["agent".to_owned()]);
        let pod = &spec["securityContext"];
        assert_eq!(pod["runAsNonRoot"], true);
        assert_ne!(pod["runAsUser"], 0);
        assert_eq!(pod["seccompProfile"]["type"], "RuntimeDefault");
        let container = &spec["containers"][0]["securityContext"];
        assert_eq!(container["allowPrivilegeEscalation"], false);
        assert_eq!(container["capabilities"], json!({"drop": ["ALL"]}));
        assert_eq!(container["readOnlyRootFilesystem"], true);
    }
}
