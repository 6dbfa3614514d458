//! Which streams belong together: each forwarded connection has one for data and one for errors.
//! Pure.

use std::collections::BTreeMap;

use super::headers::Headers;

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Data,
    Error,
}

/// What a new stream asks for, as the kubelet reads it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) port: u16,
    pub(super) purpose: Purpose,
    /// The same for both streams of a connection.
    pub(super) id: String,
}

/// Both streams of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) data: u32,
    pub(super) error: u32,
}

/// The streams whose other one has not come yet.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    waiting: BTreeMap<String, (Purpose, u32)>,
}

// === impl Request ===

impl Request {
    /// What a stream with these headers asks for.
    pub(super) fn parse(stream: u32, headers: &Headers) -> Option<Self> {
        let port = headers.get("port")?.parse().ok().filter(|port| *port > 0)?;
        let purpose = match headers.get("streamtype")?.as_str() {
            "data" => Purpose::Data,
            "error" => Purpose::Error,
            _ => return None,
        };
        // Old clients name none, and open the one for data right after the one for errors.
        let id = headers.get("requestid").filter(|id| !id.is_empty()).cloned();
        let guessed = match purpose {
            Purpose::Error => stream,
            Purpose::Data => stream.wrapping_sub(2),
        };
        Some(Self { port, purpose, id: id.unwrap_or_else(|| guessed.to_string()) })
    }
}

// === impl Pairs ===

impl Pairs {
    /// How many streams wait for their other one.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes down a new stream: its pair when that is whole, nothing when its other one has not
    /// come, an error when there is one for this purpose already.
    pub(super) fn add(&mut self, stream: u32, request: &Request) -> Result<Option<Pair>, ()> {
        match self.waiting.get(&request.id) {
            None => {
                self.waiting.insert(request.id.clone(), (request.purpose, stream));
                Ok(None)
            }
            Some((purpose, _)) if *purpose == request.purpose => Err(()),
            Some((_, other)) => {
                let pair = match request.purpose {
                    Purpose::Data => Pair { data: stream, error: *other },
                    Purpose::Error => Pair { data: *other, error: stream },
                };
                self.waiting.remove(&request.id);
                Ok(Some(pair))
            }
        }
    }

    /// Forgets a stream that ended before its other one came.
    pub(super) fn forget(&mut self, stream: u32) {
        self.waiting.retain(|_, (_, waiting)| *waiting != stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(stream: u32, pairs: &[(&str, &str)]) -> Option<Request> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Request::parse(stream, &pairs.iter().map(owned).collect())
    }

    #[test]
    fn a_stream_says_what_it_is_for() {
        let asked = request(3, &[("streamtype", "data"), ("port", "80"), ("requestid", "7")]);
        let id = "7".to_owned();
        assert_eq!(asked, Some(Request { port: 80, purpose: Purpose::Data, id }));
        for nonsense in [
            &[("streamtype", "data")][..],
            &[("port", "80")],
            &[("streamtype", "stdin"), ("port", "80")],
            &[("streamtype", "data"), ("port", "0")],
            &[("streamtype", "data"), ("port", "65536")],
        ] {
            assert_eq!(request(3, nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn two_streams_make_a_pair() {
        let of = |stream, kind, id| {
            request(stream, &[("streamtype", kind), ("port", "80"), ("requestid", id)]).unwrap()
        };
        let mut pairs = Pairs::default();
        assert_eq!(pairs.add(1, &of(1, "error", "a")), Ok(None));
        assert_eq!(pairs.add(3, &of(3, "data", "b")), Ok(None));
        assert_eq!(pairs.add(5, &of(5, "error", "a")), Err(()));
        assert_eq!(pairs.add(7, &of(7, "data", "a")), Ok(Some(Pair { data: 7, error: 1 })));
        assert_eq!(pairs.add(9, &of(9, "error", "b")), Ok(Some(Pair { data: 3, error: 9 })));
        assert_eq!(pairs.len(), 0);
        // Without a name.
        assert_eq!(pairs.add(11, &of(11, "error", "")), Ok(None));
        assert_eq!(pairs.add(13, &of(13, "data", "")), Ok(Some(Pair { data: 13, error: 11 })));
        pairs.add(15, &of(15, "error", "c")).unwrap();
        pairs.forget(15);
        assert_eq!(pairs.len(), 0);
    }
}
