//! What a rule does with requests besides forwarding them as they are.

use crate::field::{Field, parts};

parts! {
    /// A redirect.
    pub struct Redirect {
        /// New path.
        pub uri: Field<String>,
        /// What replaces the matched beginning of the path.
        pub prefix_rewrite: Field<String>,
        /// New host.
        pub authority: Field<String>,
        /// New scheme.
        pub scheme: Field<String>,
        /// New port.
        pub port: Option<u32>,
        /// Status; none means 301.
        pub redirect_code: Option<u32>,
    }

    /// An answer without a destination.
    pub struct DirectResponse {
        /// Status.
        pub status: Field<u32>,
        /// Body.
        pub body: Option<Body>,
    }

    /// A body: text, or bytes in base64.
    pub struct Body {
        /// Text.
        pub string: Option<String>,
        /// Base64.
        pub bytes: Option<String>,
    }

    /// A rewrite.
    pub struct Rewrite {
        /// What replaces the matched part of the path.
        pub uri: Field<String>,
        /// New host.
        pub authority: Field<String>,
        /// A substitution in the path.
        pub uri_regex_rewrite: Option<RegexRewrite>,
    }

    /// A substitution.
    pub struct RegexRewrite {
        /// RE2 expression.
        #[serde(rename = "match")]
        pub pattern: Field<String>,
        /// Replacement.
        pub rewrite: Field<String>,
    }
}
