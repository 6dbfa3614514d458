//! `$(NAME)` in a container's values and arguments. Pure.

use std::collections::BTreeMap;

/// Replaces `$(NAME)` by what is known so far; unknown names stay as they are, `$$` is one `$`.
pub(super) fn expand(template: &str, env: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push_str(before);
        let name = dollar.strip_prefix("$(").and_then(|inner| inner.split_once(')'));
        if let Some(escaped) = dollar.strip_prefix("$$") {
            out.push('$');
            rest = escaped;
        } else if let Some((value, after)) = name.and_then(|(n, after)| Some((env.get(n)?, after)))
        {
            out.push_str(value);
            rest = after;
        } else {
            out.push('$');
            rest = &dollar[1..];
        }
    }
    out.push_str(rest);
    out
}
