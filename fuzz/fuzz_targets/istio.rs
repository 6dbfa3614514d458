//! Any YAML as an Istio object: it is admitted or refused, and what is admitted is admitted again
//! as it is, and survives being read and written.

#![no_main]

use istio::{Object, Surroundings, admit, analyze};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let Ok(value) = serde_yaml::from_str::<Value>(text) else { return };
    for kind in ["VirtualService", "DestinationRule"] {
        for strict in [true, false] {
            let Ok((admitted, _)) = admit(kind, &value, strict) else { continue };
            let again = admit(kind, &admitted, true).map(|(again, _)| again);
            assert_eq!(again.as_ref(), Ok(&admitted), "{kind}");
            let Ok(object) = Object::parse(&admitted) else { continue };
            let written = object.to_value();
            assert_eq!(Object::parse(&written).map(|it| it.to_value()), Ok(written));
            let _ = analyze(&[object], &Surroundings::default());
        }
    }
});
