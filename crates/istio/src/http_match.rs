//! Which requests a rule for HTTP is for.

use std::collections::BTreeMap;

use crate::field::{Field, parts};

parts! {
    /// Conditions that must all hold.
    pub struct HttpMatch {
        /// For debugging.
        pub name: Field<String>,
        /// Path.
        pub uri: Option<StringMatch>,
        /// Scheme.
        pub scheme: Option<StringMatch>,
        /// Method.
        pub method: Option<StringMatch>,
        /// Host header.
        pub authority: Option<StringMatch>,
        /// Headers by lower-case name.
        pub headers: Field<BTreeMap<String, StringMatch>>,
        /// Headers that must not match.
        pub without_headers: Field<BTreeMap<String, StringMatch>>,
        /// Query parameters.
        pub query_params: Field<BTreeMap<String, StringMatch>>,
        /// Whether the path is compared without regard to case.
        pub ignore_uri_case: Field<bool>,
        /// Port of the service that is called.
        pub port: Option<u32>,
        /// Labels of the calling pod.
        pub source_labels: Field<BTreeMap<String, String>>,
        /// Namespace of the calling pod.
        pub source_namespace: Field<String>,
        /// Gateways (or `mesh`), overriding the object's own.
        pub gateways: Field<Vec<String>>,
    }

    /// A condition on a text; with none of the fields, that it is there at all.
    pub struct StringMatch {
        /// The whole text.
        pub exact: Option<String>,
        /// Its beginning.
        pub prefix: Option<String>,
        /// An RE2 expression for the whole text.
        pub regex: Option<String>,
    }
}

// === impl StringMatch ===

impl StringMatch {
    /// Whether any text will do, as long as there is one (pilot reads `*` as that too).
    #[must_use]
    pub fn is_presence(&self) -> bool {
        let star = self.regex.as_deref() == Some("*");
        star || (self.exact.is_none() && self.prefix.is_none() && self.regex.is_none())
    }
}
