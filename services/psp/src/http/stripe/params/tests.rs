//! Forms as clients send them, and as they should not.

use proptest::prelude::*;

use super::*;

fn form(text: &str) -> Params {
    Params::from_form(text.as_bytes()).unwrap()
}

#[test]
fn a_form_and_its_json_are_the_same_request() {
    let form = form(
        "amount=1999&confirm=true&metadata[order_id]=o-1&payment_method_data[card][token]=tok_visa",
    );
    let json = Params::from_json(
        br#"{"amount":"1999","confirm":"true","metadata":{"order_id":"o-1"},
            "payment_method_data":{"card":{"token":"tok_visa"}}}"#,
    )
    .unwrap();
    assert_eq!(form.canonical(), json.canonical());
    assert_eq!(form.positive("amount", 9999).unwrap(), Some(1999));
    assert!(form.boolean("confirm").unwrap());
    let token = form.text("payment_method_data[card][token]", 100).unwrap();
    assert_eq!(token.as_deref(), Some("tok_visa"));
    assert_eq!(form.metadata().unwrap()["order_id"], "o-1");
}

#[test]
fn percent_and_plus_are_decoded() {
    let form = form("metadata%5Border_id%5D=a+b%26c&expand[]=x&expand[]=y");
    assert_eq!(form.metadata().unwrap()["order_id"], "a b&c");
    assert_eq!(form.text("expand[1]", 10).unwrap().as_deref(), Some("y"));
}

#[test]
fn a_number_that_is_none_is_refused() {
    for text in [
        "abc",
        "1.5",
        "1e3",
        "-1",
        "0",
        "",
        "1000000000000000000000000000000",
        "-99999999999999999999",
    ] {
        let read = form(&format!("amount={text}")).positive("amount", 99_999_999);
        assert!(read.is_err() || text.is_empty(), "{text}");
    }
    assert!(
        Params::from_json(br#"{"amount":19.99}"#)
            .unwrap()
            .positive("amount", 99)
            .is_err()
    );
    assert!(
        Params::from_json(br#"{"amount":1e30}"#)
            .unwrap()
            .positive("amount", 99)
            .is_err()
    );
}

#[test]
fn card_numbers_are_refused_wherever_they_stand() {
    for bad in [
        "payment_method_data[card][number]=4242424242424242",
        "card[number]=1234567890123",
        "payment_method=4242424242424242",
        "metadata[note]=4242+4242+4242+4242",
    ] {
        assert!(Params::from_form(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(Params::from_json(br#"{"card":{"number":4242424242424242}}"#).is_err());
}

#[test]
fn metadata_has_limits() {
    let long = "x".repeat(501);
    for bad in [
        "metadata=x".to_owned(),
        format!("metadata[a]={long}"),
        format!("metadata[{}]=1", &long[..41]),
        "metadata[a]=%00".to_owned(),
        "metadata[a][b]=1".to_owned(),
        (0..51).map(|i| format!("metadata[k{i}]=1&")).collect(),
    ] {
        assert!(form(&bad).metadata().is_err(), "{bad}");
    }
}

#[test]
fn a_name_cannot_be_a_value_and_an_object() {
    for bad in ["a=1&a[b]=2", "a[b]=2&a=1"] {
        assert!(Params::from_form(bad.as_bytes()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Params::from_form(&body);
        let _ = Params::from_json(&body);
    }

    #[test]
    fn no_bracketed_name_makes_the_parser_panic(body in "[a\\[\\]=&%1]{0,60}") {
        let _ = Params::from_form(body.as_bytes());
    }
}
