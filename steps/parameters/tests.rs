//! Words as people write them, right and wrong.

use faultless::evidence::claim;
use faultless::evidence::claim::{Caller, Unit};
use faultless::evidence::client_load as load;
use faultless::faults::HeaderMatch;
use faultless::telemetry::Reporter;
use faultless::{units, verdict};

use crate::parameters::error::ParameterError;
use crate::parameters::{
    Amount, Clients, Header, Load, Observer, Percent, Property, Span, Split, Status, Workloads,
};

#[test]
fn sentences_are_read_as_they_are_meant() {
    let split: Split = r#"80% to "v1", 10% to "v2" and 10% to "v3""#.parse().unwrap();
    assert_eq!(split.0, [("v1".into(), 80), ("v2".into(), 10), ("v3".into(), 10)]);
    let looks: Observer = r#"the source of "hotels""#.parse().unwrap();
    let service: units::ServiceName = "hotels".parse().unwrap();
    let (reporter, version, caller) = (Reporter::Source, None, None);
    assert_eq!(looks.0, claim::Observer::Proxies { reporter, service, version, caller });
    let looks: Observer =
        r#"the destination of "travels.travel-agency" at version "v3" from client "voyages.fr""#
            .parse()
            .unwrap();
    let service = "travels.travel-agency".parse().unwrap();
    let caller = Some(Caller::Client("voyages.fr".into()));
    let (reporter, version) = (Reporter::Destination, Some("v3".into()));
    assert_eq!(looks.0, claim::Observer::Proxies { reporter, service, version, caller });
    let workloads: Workloads = r#"workloads "a", "b" and "c""#.parse().unwrap();
    assert_eq!(workloads.0, ["a", "b", "c"]);
    let amount: Amount = "between 75% and 85% of bytes".parse().unwrap();
    assert_eq!(amount.1, Unit::Bytes);
    let amount: Amount = "no connection".parse().unwrap();
    assert_eq!((amount.0, amount.1), (verdict::Bound::No, Unit::Connections));
    assert_eq!("be tried 3 times".parse::<Property>().unwrap().0, claim::Property::Tried(3));
    assert_eq!(
        r#"be copied to "v3""#.parse::<Property>().unwrap().0,
        claim::Property::Copied("v3".into())
    );
    let is: Property = "take between 2s and 2.5s".parse().unwrap();
    let (low, high) = ("2s".parse().ok(), "2500ms".parse().ok());
    assert_eq!(is.0, claim::Property::Takes { low, high });
}

#[test]
fn a_load_is_read_with_all_that_may_be_said_of_it() {
    let read = |text: &str| text.parse::<Load>().unwrap().0;
    let rate = |number| units::Rate::per_second(number).unwrap();
    let plain = load::Load {
        pace: load::Pace::Rate { ceiling: Some(rate(80.0)), random: false, growing: None },
        lasting: None,
        paths: Vec::new(),
        headers: load::Headers::Own,
    };
    assert_eq!(read("80 requests per second"), plain);
    assert_eq!(read("1 request at once").pace, load::Pace::AtOnce(1));
    let full = "0.5 requests per second at random times growing over 2s to \"/a for b\" and \
                \"/c\" for 10s without its headers";
    let growing = Some("2s".parse().unwrap());
    let expected = load::Load {
        pace: load::Pace::Rate { ceiling: Some(rate(0.5)), random: true, growing },
        lasting: Some("10s".parse().unwrap()),
        paths: vec!["/a for b".into(), "/c".into()],
        headers: load::Headers::None,
    };
    assert_eq!(read(full), expected);
    let burst = read("50 requests at once for 250ms with header User \"for the others\"");
    let header = HeaderMatch { name: "user".into(), value: "for the others".into() };
    assert_eq!(burst.headers, load::Headers::With(header));
    assert_eq!((burst.pace, burst.lasting), (load::Pace::AtOnce(50), "250ms".parse().ok()));
    let odd =
        read("requests to \"/a with header b\" and \"/c\" with header Host \" with header \"");
    assert_eq!(odd.paths, ["/a with header b", "/c"]);
    let header = HeaderMatch { name: "host".into(), value: " with header ".into() };
    assert_eq!(odd.headers, load::Headers::With(header));
    assert_eq!(read("requests to \"/x with header y\"").paths, ["/x with header y"]);
    let fitted = read("requests to \"/travels\"");
    let pace = load::Pace::Rate { ceiling: None, random: false, growing: None };
    assert_eq!((fitted.pace, fitted.paths), (pace, vec!["/travels".to_owned()]));
    assert_eq!(read("requests for 9s").lasting, "9s".parse().ok());
    // What the version before called a portal is a client.
    assert_eq!("every portal".parse::<Clients>().unwrap().0, None);
    assert_eq!("every client".parse::<Clients>().unwrap().0, None);
    assert_eq!(r#"client "a.b""#.parse::<Clients>().unwrap().0.as_deref(), Some("a.b"));
    assert_eq!(r#"portal "a.b""#.parse::<Clients>().unwrap().0.as_deref(), Some("a.b"));
}

#[test]
fn absurd_words_are_explained() {
    let says = |error: ParameterError| format!("{error:?}");
    assert!(says("-5s".parse::<Span>().unwrap_err()).contains("duration"));
    assert!(says("0 requests per second".parse::<Load>().unwrap_err()).contains("rate"));
    assert!(says("-1 requests at once".parse::<Load>().unwrap_err()).contains("whole number"));
    assert!("5 requests per second for 9".parse::<Load>().is_err());
    assert!("5 requests at once at random times".parse::<Load>().is_err());
    assert!("5 requests per second growing over -1s".parse::<Load>().is_err());
    assert!(says("140%".parse::<Percent>().unwrap_err()).contains("between 0% and 100%"));
    assert!(says("9999".parse::<Status>().unwrap_err()).contains("100 to 599"));
    assert!("between 85% and 75% of requests".parse::<Amount>().is_err());
    assert!("be tried 0 times".parse::<Property>().is_err());
    assert!("take between 5s and 2s".parse::<Property>().is_err());
    assert!("header a:b \"x\"".parse::<Header>().is_err());
    assert!(r#"-80% to "v1""#.parse::<Split>().is_err());
}
