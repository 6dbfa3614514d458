//! How much is sent, when, to which paths, and with which headers.

use std::str::FromStr;

use cucumber::Parameter;
use faultless::evidence::client_load as load;
use faultless::units;

use super::error::ParameterError;
use super::numbers::Count;
use super::traffic::Header;

/// `{load}`: how many requests, when, to which paths, for how long, and with which headers.
#[derive(Debug, Parameter)]
#[param(
    name = "load",
    regex = "(?:[-+]?[0-9A-Za-z.]{1,30} requests? (?:per second|at once)|requests)(?: at random \
         times)?(?: growing over [^ ]+)?(?: to \"[^\"]*\"(?: and \"[^\"]*\")*)?(?: for \
         [^ ]+)?(?: without its headers| with header [^ \"]+ \"[^\"]*\")?"
)]
pub(crate) struct Load(pub load::Load);

impl FromStr for Load {
    type Err = ParameterError;

    fn from_str(text: &str) -> Result<Self, ParameterError> {
        let span = |text: &str| text.parse::<units::Span>().map_err(ParameterError::because);
        let (text, headers) = match Self::header(text) {
            Some((text, header)) => (text, load::Headers::With(header.parse::<Header>()?.0)),
            None => match text.strip_suffix(" without its headers") {
                Some(text) => (text, load::Headers::None),
                None => (text, load::Headers::Own),
            },
        };
        // Every second piece between quotes is a path; what follows the last one is no path.
        let pieces: Vec<_> = text.split('"').collect();
        let paths: Vec<_> =
            pieces.iter().skip(1).step_by(2).map(|path| (*path).to_owned()).collect();
        let manner = pieces.first().copied().unwrap_or_default().trim_end_matches(" to ");
        let rest = if paths.is_empty() { manner } else { pieces[pieces.len() - 1] };
        let lasting = rest.split_once(" for ").map(|(_, lasting)| span(lasting)).transpose()?;
        let manner = manner.split_once(" for ").map_or(manner, |(manner, _)| manner);
        let pace = Self::pace(manner)?;
        Ok(Self(load::Load { pace, lasting, paths, headers }))
    }
}

impl Load {
    /// What is said before a header, and the header: what looks like one in a path is none.
    fn header(text: &str) -> Option<(&str, &str)> {
        let (before, _) = text.strip_suffix('"')?.rsplit_once('"')?;
        let (rest, name) = before.strip_suffix(' ')?.rsplit_once(" with header ")?;
        (!name.contains([' ', '"']))
            .then(|| (rest, text[rest.len()..].trim_start_matches(" with ")))
    }

    /// `80 requests per second at random times`, `requests growing over 5s`, `50 requests at once`.
    fn pace(manner: &str) -> Result<load::Pace, ParameterError> {
        let (many, rest) = match manner.split_once(" request") {
            Some((many, rest)) => (Some(many), rest.trim_start_matches('s')),
            None => (None, manner.trim_start_matches("requests")),
        };
        if let (Some(many), Some(rest)) = (many, rest.strip_prefix(" at once")) {
            return match rest {
                "" => Ok(load::Pace::AtOnce(many.parse::<Count>()?.0)),
                _ => Err(ParameterError::new(format!("requests at once cannot come{rest}"))),
            };
        }
        let ceiling = many.map(|many| {
            let number = many.parse::<f64>();
            let number = number
                .map_err(|_| ParameterError::new(format!("`{many}` is not a number such as 50")))?;
            units::Rate::per_second(number).map_err(ParameterError::because)
        });
        let random = rest.contains(" at random times");
        let growing = rest.split_once(" growing over ");
        let growing = growing.map(|(_, over)| over.parse().map_err(ParameterError::because));
        Ok(load::Pace::Rate {
            ceiling: ceiling.transpose()?,
            random,
            growing: growing.transpose()?,
        })
    }
}
