//! Which requests, and where they go.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::faults::HeaderMatch;
use faultless::units::request::is_header_name;

use super::error::ParameterError;
use super::names::unquoted;

/// `{header}`: `header portal "voyages.fr"`.
#[derive(Debug, Parameter)]
#[param(name = "header", regex = r#"header [^ "]+ "[^"]*""#)]
pub(crate) struct Header(pub HeaderMatch);

impl FromStr for Header {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let rest = text.strip_prefix("header ").unwrap_or(text);
        let (name, value) = rest.split_once(' ').ok_or_else(|| {
            ParameterError::new(format!("`{text}` is not like: header user \"new\""))
        })?;
        if !is_header_name(name) {
            return Err(ParameterError::new(format!("`{name}` is not the name of an HTTP header")));
        }
        let name = name.to_ascii_lowercase();
        Ok(Self(HeaderMatch { name, value: unquoted(value).to_owned() }))
    }
}

/// `{split}`: `80% to "v1", 10% to "v2" and 10% to "v3"`.
#[derive(Debug, Parameter)]
#[param(
    name = "split",
    regex = r#"[-+]?[0-9A-Za-z.]+% to "[^"]*"(?:(?:, | and )[-+]?[0-9A-Za-z.]+% to "[^"]*")*"#
)]
pub(crate) struct Split(pub Vec<(String, u32)>);

impl FromStr for Split {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let one = |part: &str| {
            let (share, version) = part.split_once("% to ").ok_or_else(|| {
                ParameterError::new(format!("`{part}` is not like: 80% to \"v1\""))
            })?;
            let whole = |_| {
                ParameterError::new(format!("`{share}%` is not a whole percentage of 0% to 100%"))
            };
            let share: u32 = share.parse().map_err(whole)?;
            Ok((unquoted(version).to_owned(), share))
        };
        text.split(", ")
            .flat_map(|part| part.split(" and "))
            .map(one)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Split {
    /// From a table with a row for each version: its name and its percentage.
    pub(crate) fn of_rows(rows: &[Vec<String>]) -> Result<Self, ParameterError> {
        let one = |row: &Vec<String>| match row.as_slice() {
            [version, share] => {
                let whole = || {
                    ParameterError::new(format!(
                        "`{share}` is not a whole percentage of 0% to 100%"
                    ))
                };
                let number = share.trim_end_matches('%').parse().map_err(|_| whole())?;
                Ok((version.clone(), number))
            }
            _ => {
                Err(ParameterError::new("each row needs a version and a percentage: | v1 | 80% |"))
            }
        };
        rows.iter().map(one).collect::<Result<_, _>>().map(Self)
    }
}
