//! Who is let in, and what the others are told.

use super::{
    paypal::Paypal,
    support::{API_KEY, Psp, send},
};

#[tokio::test]
async fn the_stripe_face_takes_the_key_as_bearer_or_as_basic_user() {
    let psp = Psp::start().await;
    let url = psp.url("/v1/payment_intents");
    send(psp.http.get(&url).basic_auth(API_KEY, Some("")))
        .await
        .ok();
    for request in [
        psp.http.get(&url),
        psp.http.get(&url).bearer_auth("sk_test_wrong"),
    ] {
        let refused = send(request).await;
        assert_eq!(
            (refused.status, refused.text("/error/type")),
            (401, "invalid_request_error")
        );
    }
}

#[tokio::test]
async fn the_paypal_face_takes_access_tokens_alone() {
    let psp = Psp::start().await;
    let url = psp.url("/v2/checkout/orders/x");
    for request in [psp.http.get(&url), psp.http.get(&url).bearer_auth(API_KEY)] {
        let refused = send(request).await;
        assert_eq!(
            (refused.status, refused.text("/name")),
            (401, "AUTHENTICATION_FAILURE")
        );
    }
    assert_eq!(
        Paypal::of(&psp)
            .await
            .get("/v2/checkout/orders/x")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn access_tokens_are_given_for_the_secret_and_the_right_grant() {
    let psp = Psp::start().await;
    let url = psp.url("/v1/oauth2/token");
    let form = [("grant_type", "client_credentials")];
    let wrong = send(
        psp.http
            .post(&url)
            .basic_auth("shop", Some("no"))
            .form(&form),
    )
    .await;
    assert_eq!(
        (wrong.status, wrong.text("/error")),
        (401, "invalid_client")
    );
    let form = [("grant_type", "password")];
    let grant = send(
        psp.http
            .post(&url)
            .basic_auth("shop", Some(API_KEY))
            .form(&form),
    )
    .await;
    assert_eq!(
        (grant.status, grant.text("/error")),
        (400, "unsupported_grant_type")
    );
}

#[tokio::test]
async fn the_ledger_is_behind_the_key_as_well() {
    let psp = Psp::start().await;
    for path in ["/ledger", "/ledger/totals"] {
        let refused = send(psp.http.get(psp.url(path))).await;
        assert_eq!(
            (refused.status, refused.text("/code")),
            (401, "api_key_invalid")
        );
    }
}
