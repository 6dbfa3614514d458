//! In which form the caller wants objects, told by the `Accept` header. Pure.

use super::form::Form;
use super::options::Options;
use super::table::Include;

/// The first form of the `Accept` header that can be served; objects where none can.
pub(super) fn form(accept: &str, options: &Options) -> Form {
    for range in accept.split(',') {
        let mut parameters = range.split(';').map(str::trim);
        if parameters.next() != Some("application/json") {
            continue;
        }
        let mut wanted = None;
        let mut v1 = false;
        for parameter in parameters {
            match parameter.split_once('=') {
                Some(("as", form)) => wanted = Some(form),
                Some(("v", version)) => v1 = version == "v1",
                _ => {}
            }
        }
        match (wanted, v1) {
            (None, _) => return Form::Whole,
            (Some("Table"), true) => return Form::Table(include(options)),
            (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), true) => {
                return Form::Metadata;
            }
            _ => {}
        }
    }
    Form::Whole
}

fn include(options: &Options) -> Include {
    match options.text("includeObject") {
        "None" => Include::None,
        "Object" => Include::Object,
        _ => Include::Metadata,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_can_be_served_is_taken() {
        let form = |accept: &str| super::form(accept, &Options::default());
        let kubectl = "application/json;as=Table;v=v1;g=meta.k8s.io,\
                       application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(form(kubectl), Form::Table(Include::Metadata));
        assert_eq!(form("application/json"), Form::Whole);
        assert_eq!(form(""), Form::Whole);
        assert_eq!(form("application/vnd.kubernetes.protobuf, application/json"), Form::Whole);
        let kube = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        assert_eq!(form(kube), Form::Metadata);
    }
}
