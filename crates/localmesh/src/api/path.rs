//! What a URL of the API means: a kind, perhaps a namespace, a name and a sub-resource. One parser
//! for all kinds, driven by the table in `kinds`. Pure.

use super::sub_resource::Part;
use crate::kinds::{self, Kind};

/// One object, one collection or one part of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// What kind it is.
    pub(super) kind: &'static Kind,
    /// The version the caller speaks.
    pub(super) version: &'static str,
    /// The namespace; `None` for all of them and for kinds without.
    pub(super) namespace: Option<String>,
    /// The object; `None` for the collection.
    pub(super) name: Option<String>,
    /// The part of the object.
    pub(super) part: Part,
}

// === impl Target ===

impl Target {
    /// The namespace as the store knows it: empty for kinds without.
    pub(super) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// The `apiVersion` the caller speaks.
    pub(super) fn api_version(&self) -> String {
        api_version(self.kind.group, self.version)
    }

    /// The parts of `/api/v1/…` or `/apis/{group}/{version}/…` as a target, or `None` when the
    /// table has no such kind, version or sub-resource.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (group, rest) = match path.strip_prefix("/api/") {
            Some(rest) => ("", rest),
            None => path.strip_prefix("/apis/")?.split_once('/')?,
        };
        let (version, rest) = rest.split_once('/')?;
        let (first, more) = split(rest);
        if first != "namespaces" {
            return Self::at(group, version, None, rest);
        }
        // `namespaces/{name}` and its own sub-resources are Namespace objects; everything deeper
        // lies in that namespace.
        let Some((namespace, inside)) = more.map(split) else {
            return Self::at(group, version, None, rest);
        };
        match inside {
            None | Some("" | "status") => Self::at(group, version, None, rest),
            Some(inside) => Self::at(group, version, Some(decode(namespace)?), inside),
        }
    }

    fn at(group: &str, version: &str, namespace: Option<String>, rest: &str) -> Option<Self> {
        let (plural, rest) = split(rest);
        let kind = kinds::ALL.iter().copied().find(|k| k.group == group && k.plural == plural)?;
        let version = kind.versions.iter().copied().find(|v| *v == version)?;
        if !kind.namespaced && namespace.is_some() {
            return None;
        }
        let (name, rest) = match rest.map(split) {
            None | Some(("", None)) => (None, None),
            Some((name, rest)) => (Some(decode(name)?), rest),
        };
        // An object of a namespaced kind has no address outside its namespace.
        if kind.namespaced && namespace.is_none() && name.is_some() {
            return None;
        }
        let part = match rest.map(split) {
            None | Some(("", None)) => Part::Whole,
            Some((sub, rest)) => Part::parse(kind, sub, rest)?,
        };
        Some(Self { kind, version, namespace, name, part })
    }
}

/// `v1` or `apps/v1`.
pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

/// Percent-decodes one path segment; `None` when it is no text or hides a slash.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|name| !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::type_complexity, reason = "the parts of a path, in their order")]
    fn check(path: &str, expect: Option<(&Kind, &str, Option<&str>, Option<&str>, Part)>) {
        let target = Target::parse(path);
        let seen = target.as_ref().map(|t| {
            (t.kind, t.version, t.namespace.as_deref(), t.name.as_deref(), t.part.clone())
        });
        assert_eq!(seen, expect, "{path}");
    }

    #[test]
    fn urls_are_understood() {
        let pod = &kinds::POD;
        check("/api/v1/pods", Some((pod, "v1", None, None, Part::Whole)));
        check("/api/v1/namespaces/a/pods", Some((pod, "v1", Some("a"), None, Part::Whole)));
        check("/api/v1/namespaces/a/pods/", Some((pod, "v1", Some("a"), None, Part::Whole)));
        check("/api/v1/namespaces/a/pods/p", Some((pod, "v1", Some("a"), Some("p"), Part::Whole)));
        check(
            "/api/v1/namespaces/a/pods/p%3A80/proxy/x/y",
            Some((pod, "v1", Some("a"), Some("p:80"), Part::Proxy("/x/y".into()))),
        );
        check(
            "/api/v1/namespaces/a/pods/p/portforward",
            Some((pod, "v1", Some("a"), Some("p"), Part::PortForward)),
        );
        let namespace = &kinds::NAMESPACE;
        check("/api/v1/namespaces", Some((namespace, "v1", None, None, Part::Whole)));
        check("/api/v1/namespaces/a", Some((namespace, "v1", None, Some("a"), Part::Whole)));
        check(
            "/api/v1/namespaces/a/status",
            Some((namespace, "v1", None, Some("a"), Part::Status)),
        );
        check(
            "/apis/networking.istio.io/v1beta1/namespaces/a/virtualservices/v",
            Some((&kinds::VIRTUAL_SERVICE, "v1beta1", Some("a"), Some("v"), Part::Whole)),
        );
        check(
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            Some((&kinds::DEPLOYMENT, "v1", Some("a"), Some("d"), Part::Scale)),
        );
    }

    #[test]
    fn what_the_table_does_not_have_is_nothing() {
        for path in [
            "/",
            "/api/v1",
            "/api/v1/nodes",
            "/api/v2/pods",
            "/apis/apps/v1",
            "/apis/apps/v1beta1/deployments",
            "/api/v1/pods/p",
            "/api/v1/namespaces/a/pods/p/exec",
            "/api/v1/namespaces/a/pods/p/portforward/80",
            "/api/v1/namespaces/a/services/s/portforward",
            "/api/v1/namespaces/a/pods/p/status/x",
            "/api/v1/namespaces/a/pods/p%2F..",
            "/api/v1/namespaces/a/pods/p%",
            "/api/v1/namespaces/a/namespaces/b",
        ] {
            check(path, None);
        }
    }
}
