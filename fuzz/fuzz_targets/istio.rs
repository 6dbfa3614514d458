//! Any YAML as Istio objects: a text is read in bounded time or refused, an object is admitted or
//! refused, and what is admitted is admitted again as it is, and survives being read and written.

#![no_main]

use istio::{Object, Surroundings, admit, analyze};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(read) = manifests::read(text) else { return };
    let (objects, _) = manifests::objects(read.documents);
    for value in objects {
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
    }
});
