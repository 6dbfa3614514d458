//! What a credential plugin said on its standard error, as an error may show it: printable, short,
//! and without what may be a credential. Pure.

use std::sync::LazyLock;

use kube::config::ExecConfig;
use regex::Regex;

/// What is shown of it: its end, where programs say why they failed.
const SHOWN_MAX: usize = 1_200;
/// A shorter value is a word that may be anywhere.
const SECRET_MIN: usize = 4;

/// What is in the names of variables, arguments and fields whose values are nobody's business.
const SECRET: &str = "token|secret|passw|passphrase|credential|api[-_]?key|access[-_]?key|\
                      key[-_]?data|private[-_]?key";

static SECRET_NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("(?i){SECRET}")).expect("it is a constant"));

/// What credentials look like, whoever prints them. Looked for first: a name before one would take
/// its first word for all of it.
static CREDENTIAL: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = [
        // A private key, to its end or that of the text.
        r"(?s:-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\z))",
        // A JSON web token, whole or in parts.
        r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*",
        // A token of aws-iam-authenticator.
        r"k8s-aws-v1\.[A-Za-z0-9_-]+",
        r"(?i:\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{12,})",
        // What signs in in an address: up to the last `@`, as a password may have some.
        r#"://[^\s"'<>]*@"#,
    ];
    Regex::new(&kinds.join("|")).expect("it is a constant")
});

/// What stands behind a name that says what it is.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = [
        // A member of JSON, and of JSON within a text.
        r#"(?ix: \\?" [a-z_.-]* (?:SECRET) [a-z_.-]* \\?" \s* : \s* \\?"
                 (?: [^"\\] | \\[^"] | \\"[^,}\s] )* (?:\\?")? )"#,
        // A variable, a field of YAML, a part of a query or of a log's line.
        r#"(?ix: [a-z0-9_.-]* (?:SECRET) [a-z0-9_.-]* ["']? \s? [=:] \s*
                 (?: "[^"]*"? | '[^']*'? | [^\s"'&;,}]+ ) )"#,
    ];
    Regex::new(&kinds.join("|").replace("SECRET", SECRET)).expect("it is a constant")
});

/// Colours and movements of a terminal.
static ESCAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").expect("it is a constant"));

/// The text as it may be shown, on lines that are set in; none if there is none.
pub(super) fn shown(said: &[u8], config: &ExecConfig) -> Option<String> {
    let text = String::from_utf8_lossy(said);
    let mut text = ESCAPE.replace_all(&text, "").into_owned();
    // What is known is known whole; of it nothing may be left by what is only guessed.
    for secret in secrets(config) {
        text = text.replace(&secret, "***");
    }
    let text = CREDENTIAL.replace_all(&text, "***");
    let text = NAMED.replace_all(&text, "***");
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let lines = text.lines().map(|line| line.chars().map(printable).collect::<String>());
    let lines: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    let text = lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n    ");
    let surplus = text.chars().count().saturating_sub(SHOWN_MAX);
    let end: String = text.chars().skip(surplus).collect();
    match (end.trim().is_empty(), surplus) {
        (true, _) => None,
        (false, 0) => Some(end),
        (false, _) => Some(format!("… {end}")),
    }
}

/// The values of the entry that a plugin may repeat and nobody should.
fn secrets(config: &ExecConfig) -> Vec<String> {
    let mut found = Vec::new();
    for one in config.env.iter().flatten() {
        if let (Some(name), Some(value)) = (one.get("name"), one.get("value"))
            && SECRET_NAME.is_match(name)
        {
            found.push(value.clone());
        }
    }
    let mut before = "";
    for argument in config.args.iter().flatten() {
        match argument.split_once('=') {
            Some((name, value)) if SECRET_NAME.is_match(name) => found.push(value.to_owned()),
            _ if before.starts_with('-') && SECRET_NAME.is_match(before) => {
                found.push(argument.clone());
            }
            _ => {}
        }
        before = argument;
    }
    found.retain(|value| value.len() >= SECRET_MIN);
    // What one of them begins with must not leave the rest of it.
    found.sort_by_key(|value| std::cmp::Reverse(value.len()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(said: &str) -> Option<String> {
        shown(said.as_bytes(), &ExecConfig::default())
    }

    #[test]
    fn the_end_is_shown_on_printable_lines() {
        assert_eq!(of(" \r\n\n"), None);
        let text = of("\u{1b}[31merror\u{1b}[0m: Token expired\r\n\nrun `aws sso login`\u{7}\n");
        assert_eq!(text.as_deref(), Some("error: Token expired\n    run `aws sso login`"));
        let long = of(&format!("begin {} end", "x".repeat(5_000))).unwrap();
        assert!(long.starts_with("… x") && long.ends_with(" end"), "{long}");
        assert_eq!(long.chars().count(), SHOWN_MAX + 2);
        assert!(shown(b"\xff\xfe!", &ExecConfig::default()).unwrap().ends_with('!'));
    }

    #[test]
    fn what_looks_like_a_credential_is_not_shown() {
        for said in [
            r#"{"status": {"token": "hush"}}"#,
            r#""clientKeyData":"hush"#,
            "Authorization: Bearer hush-hush-hush-hush",
            "eyJhbGciOiJSUzI1NiJ9.hush.hush",
            "k8s-aws-v1.hush",
            "-----BEGIN EC PRIVATE KEY-----\nhush\n-----END EC PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nhush",
            "http://me:hush@proxy",
            "client_secret=hush&refresh_token=hush",
            "AWS_SECRET_ACCESS_KEY=hush",
            "+ TOKEN=hush",
            "token: hush",
            "client-key-data: hush",
            r#""client-key-data": "hush""#,
            "{'refresh_token': 'hush'}",
            r#"msg="{\"access_token\":\"hush\"}""#,
            r#"parse "http://me:hu/hush@proxy:3128": invalid port"#,
            "http://me:hush@hush@proxy",
            r#""password": "hu\"hush""#,
            "{'private_key': '-----BEGIN PRIVATE KEY-----\\nhush'}",
            "private_key: -----BEGIN PRIVATE KEY-----\nhush",
            "X-Auth-Token: Bearer hush-hush-hush-hush",
            r#"password: "two hush""#,
            "password='two hush'",
        ] {
            let text = of(&format!("debug {said} end")).unwrap();
            assert!(text.contains("***") && !text.contains("hush"), "{text}");
        }
    }

    #[test]
    fn secrets_of_the_entry_are_not_repeated() {
        let env = |name: &str, value: &str| {
            [("name".to_owned(), name.to_owned()), ("value".to_owned(), value.to_owned())].into()
        };
        let config = ExecConfig {
            args: Some(
                ["get", "--client-secret", "hush1", "--token=hush2", "--user", "me"]
                    .map(str::to_owned)
                    .into(),
            ),
            env: Some(vec![
                env("AWS_SECRET_ACCESS_KEY", "hush3"),
                env("CLIENT_SECRET", "p&ss;hush4"),
                env("AWS_PROFILE", "default"),
            ]),
            ..ExecConfig::default()
        };
        let said = b"profile default, me: hush1 hush2 hush3";
        assert_eq!(shown(said, &config).as_deref(), Some("profile default, me: *** *** ***"));
        assert_eq!(shown(b"+ CLIENT_SECRET=p&ss;hush4", &config).as_deref(), Some("+ ***"));
    }
}
