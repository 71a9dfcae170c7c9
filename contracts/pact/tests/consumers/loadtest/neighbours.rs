//! What the door says of a service behind it whose answer is lost, or late.

use loadtest::door::Ask;

use super::{send, status};
use crate::{
    recording::{Recording, asked},
    words::{PRODUCT, at, called_by, cannot_now},
};

pub(super) async fn fail(pact: &mut Recording) {
    for (description, state, code, text) in [
        (
            "a product about which the answer was lost",
            "a product about which the answer is lost",
            (502, "upstream_lost"),
            "502 upstream_lost",
        ),
        (
            "a product about which the answer did not come in time",
            "a product about which the answer comes too late",
            (504, "upstream_timeout"),
            "504 upstream_timeout",
        ),
    ] {
        let mock = pact.expect([asked(description, |i| {
            i.given(state);
            called_by(i, "a customer");
            at(i, "/api/v1/products/", "product_id", PRODUCT, "");
            cannot_now(i, code.0, code.1);
        })]);
        let product = Ask::get("GET /products/{id}", format!("/api/v1/products/{PRODUCT}"));
        let fault = send(&mock, product, status).await.unwrap_err();
        assert_eq!(fault.text, text);
        drop(mock);
    }
}
