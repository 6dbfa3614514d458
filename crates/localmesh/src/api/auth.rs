//! The bearer token that guards the local API server: on loopback every other user of the machine
//! could connect as well.

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// A random token; it is never printed or logged, only written into a kubeconfig.
pub(super) struct Token {
    text: String,
    digest: [u8; 32],
}

// === impl Token ===

impl Token {
    /// A new token of 32 random bytes, in hex.
    pub(super) fn random() -> Self {
        let bytes: [u8; 32] = rand::random();
        let text = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let digest = Sha256::digest(text.as_bytes()).into();
        Self { text, digest }
    }

    /// The token itself, for the kubeconfig only.
    pub(super) fn reveal(&self) -> &str {
        &self.text
    }

    /// Whether the request carries this token. Digests are compared, so the time taken says
    /// nothing about how much of a guess was right.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        given.is_some_and(|token| {
            let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
            digest == self.digest
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn only_the_token_is_admitted() {
        let token = Token::random();
        assert_eq!(token.reveal().len(), 64);
        assert!(token.admits(&headers(&format!("Bearer {}", token.reveal()))));
        assert!(!token.admits(&headers(&format!("Basic {}", token.reveal()))));
        assert!(!token.admits(&headers(&format!("Bearer {}", &token.reveal()[1..]))));
        assert!(!token.admits(&headers("Bearer")));
        assert!(!token.admits(&HeaderMap::new()));
        assert!(!token.admits(&headers(&format!("Bearer {}", Token::random().reveal()))));
    }
}
