//! Requests that Envoy answers itself: redirects and direct responses.

use serde_json::{Map, Value, json};

use istio::{Body, DirectResponse, Redirect};

pub(super) fn redirect_action(redirect: &Redirect) -> Value {
    let mut out = Map::new();
    let texts = [
        ("path_redirect", &redirect.uri),
        ("prefix_rewrite", &redirect.prefix_rewrite),
        ("host_redirect", &redirect.authority),
        ("scheme_redirect", &redirect.scheme),
    ];
    for (field, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        out.insert(field.to_owned(), json!(text));
    }
    if let Some(port) = redirect.port {
        out.insert("port_redirect".to_owned(), json!(port));
    }
    let code = match redirect.redirect_code {
        Some(302) => "FOUND",
        Some(303) => "SEE_OTHER",
        Some(307) => "TEMPORARY_REDIRECT",
        Some(308) => "PERMANENT_REDIRECT",
        _ => "MOVED_PERMANENTLY",
    };
    out.insert("response_code".to_owned(), json!(code));
    Value::Object(out)
}

pub(super) fn direct_response(response: &DirectResponse) -> Value {
    let mut out = json!({"status": response.status});
    match &response.body {
        Some(Body { string: Some(text), .. }) => out["body"] = json!({"inline_string": text}),
        Some(Body { bytes: Some(base64), .. }) => out["body"] = json!({"inline_bytes": base64}),
        Some(Body { .. }) | None => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_may_keep_the_rest_of_a_path() {
        let redirect = Redirect { prefix_rewrite: "/new".into(), ..Redirect::default() };
        let expected = json!({"prefix_rewrite": "/new", "response_code": "MOVED_PERMANENTLY"});
        assert_eq!(redirect_action(&redirect), expected);
    }
}
