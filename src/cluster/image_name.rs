//! An image's name as registries, kubelets and containerd understand it. Pure.

use std::fmt;
use std::str::FromStr;

/// What registries allow for a name without its tag.
const NAME_MAX: usize = 255;

/// What registries allow for a tag.
const TAG_MAX: usize = 128;

/// `[REGISTRY/]PATH[:TAG][@DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    registry: Option<String>,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

// === impl ImageName ===

impl ImageName {
    /// With this tag, if it has neither a tag nor a digest.
    #[must_use]
    pub fn or_tag(mut self, tag: &str) -> Self {
        if self.digest.is_none() {
            self.tag.get_or_insert_with(|| tag.to_owned());
        }
        self
    }

    /// Its tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Its last part alone, without registry, tag and digest.
    #[must_use]
    pub fn last(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// As a kubelet asks containerd for it: a name without a registry is Docker Hub's.
    #[must_use]
    pub fn full(&self) -> Self {
        let mut full = self.clone();
        if full.registry.is_none() {
            full.registry = Some("docker.io".to_owned());
            if !full.path.contains('/') {
                full.path = format!("library/{}", full.path);
            }
        }
        full
    }
}

impl FromStr for ImageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon before a slash belongs to the registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => {
                (Some(first.to_owned()), path.to_owned())
            }
            _ => (None, name.to_owned()),
        };
        let wrong = |what: &str| Err(format!("`{text}` is no image's name: {what}"));
        if name.len() > NAME_MAX {
            return wrong("it is too long");
        }
        if !registry.as_deref().is_none_or(is_registry) {
            return wrong("its registry is no host");
        }
        if !path.split('/').all(is_component) {
            return wrong(
                "between its slashes stand lower-case letters and digits, with `.`, `_` and `-` \
                 between them",
            );
        }
        if !tag.as_deref().is_none_or(is_tag) {
            return wrong("its tag has letters, digits, `.`, `_` and `-`, at most 128");
        }
        if !digest.as_deref().is_none_or(is_digest) {
            return wrong("its digest is not `sha256:` with 64 hexadecimal digits");
        }
        Ok(Self { registry, path, tag, digest })
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        let ends = [label.chars().next(), label.chars().last()];
        ends.iter().all(|end| end.is_some_and(|c| c.is_ascii_alphanumeric()))
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_component(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(inner)
        && text.ends_with(inner)
        && text.chars().all(|c| inner(c) || matches!(c, '.' | '_' | '-'))
}

fn is_tag(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= TAG_MAX
        && text.starts_with(inner)
        && text.chars().all(|c| inner(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.strip_prefix("sha256:").is_some_and(|rest| rest.len() == 64 && rest.chars().all(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ImageName {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_name_is_shown_as_it_was_written_and_in_full_as_containerd_has_it() {
        for (written, full) in [
            ("faultless:1", "docker.io/library/faultless:1"),
            ("team/faultless", "docker.io/team/faultless"),
            ("localhost/faultless:0.1.0", "localhost/faultless:0.1.0"),
            ("localhost:5001/faultless", "localhost:5001/faultless"),
            ("registry.example.com/a/b-c:v1.2_x", "registry.example.com/a/b-c:v1.2_x"),
        ] {
            assert_eq!(name(written).to_string(), written);
            assert_eq!(name(written).full().to_string(), full);
        }
        let pinned = format!("host:5000/a/b:v2@sha256:{}", "0".repeat(64));
        assert_eq!(name(&pinned).to_string(), pinned);
        assert_eq!(name(&pinned).tag(), Some("v2"));
        assert!(name(&pinned).digest().is_some());
        assert_eq!(name(&pinned).last(), "b");
    }

    #[test]
    fn a_tag_is_added_where_there_is_none() {
        assert_eq!(name("host:5000/a").or_tag("7").to_string(), "host:5000/a:7");
        assert_eq!(name("a:1").or_tag("7").to_string(), "a:1");
        let pinned = format!("a@sha256:{}", "0".repeat(64));
        assert_eq!(name(&pinned).or_tag("7").to_string(), pinned);
    }

    #[test]
    fn what_no_registry_would_take_is_refused() {
        let long = "a".repeat(NAME_MAX + 1);
        for bad in [
            "",
            " ",
            "a b",
            "A",
            "a/B:1",
            "a:",
            "a:b c",
            "a//b",
            "/a",
            "a/",
            "a@sha256:12",
            "a@md5:00",
            "-a",
            "a\n",
            "https://a.b/c",
            "a.b:port/c",
            "a:-x",
            &long,
        ] {
            let refused = bad.parse::<ImageName>();
            assert!(refused.is_err(), "{bad:?} became {refused:?}");
        }
    }
}
