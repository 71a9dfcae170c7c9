//! Orders, captures and refunds in PayPal's shape.

use futures_util::future::join_all;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::support::{API_KEY, Answer, Psp, send};

/// A client with an access token.
pub(crate) struct Paypal {
    http: Client,
    base: String,
    token: String,
}

impl Paypal {
    pub(crate) async fn of(psp: &Psp) -> Self {
        let request = psp
            .http
            .post(psp.url("/v1/oauth2/token"))
            .basic_auth("shop", Some(API_KEY));
        let answer = send(request.form(&[("grant_type", "client_credentials")]))
            .await
            .ok();
        let token = answer.text("/access_token").to_owned();
        Self {
            http: psp.http.clone(),
            base: psp.url(""),
            token,
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("paypal-request-id", key);
        }
        send(request).await
    }

    pub(crate) async fn order(&self, value: &str, custom_id: &str) -> Answer {
        self.post(
            "/v2/checkout/orders",
            None,
            &order_body(value, custom_id, None),
        )
        .await
    }

    /// An order that was captured.
    pub(crate) async fn paid_order(&self, value: &str, custom_id: &str) -> Answer {
        let body = order_body(value, custom_id, Some("tok_visa"));
        let order = self.post("/v2/checkout/orders", None, &body).await.ok();
        let path = format!("/v2/checkout/orders/{}/capture", order.text("/id"));
        self.post(&path, None, &json!({})).await.ok()
    }
}

pub(crate) fn order_body(value: &str, custom_id: &str, token: Option<&str>) -> Value {
    let mut body = json!({
        "intent": "CAPTURE",
        "purchase_units": [{
            "reference_id": "ref-1",
            "custom_id": custom_id,
            "amount": {"currency_code": "EUR", "value": value},
        }],
    });
    if let Some(token) = token {
        body["payment_source"] = json!({"token": {"id": token, "type": "BILLING_AGREEMENT"}});
    }
    body
}

const CAPTURE: &str = "/purchase_units/0/payments/captures/0";

#[tokio::test]
async fn an_order_is_made_captured_and_refunded() {
    let psp = Psp::start().await;
    let paypal = Paypal::of(&psp).await;
    let body = order_body("19.99", "o-1", Some("tok_visa"));
    let order = paypal
        .post("/v2/checkout/orders", Some("create"), &body)
        .await;
    assert_eq!((order.status, order.text("/status")), (201, "APPROVED"));
    assert_eq!(order.text("/purchase_units/0/amount/value"), "19.99");

    let path = format!("/v2/checkout/orders/{}", order.text("/id"));
    let paid = paypal
        .post(&format!("{path}/capture"), Some("capture"), &json!({}))
        .await;
    assert_eq!((paid.status, paid.text("/status")), (201, "COMPLETED"));
    assert_eq!(paid.text(&format!("{CAPTURE}/amount/value")), "19.99");
    assert_eq!(paid.text(&format!("{CAPTURE}/custom_id")), "o-1");
    assert_eq!(paypal.get(&path).await.ok().body, paid.body);

    let capture = format!(
        "/v2/payments/captures/{}",
        paid.text(&format!("{CAPTURE}/id"))
    );
    let five = json!({"amount": {"currency_code": "EUR", "value": "5"}, "note_to_payer": "sorry"});
    let refund = paypal
        .post(&format!("{capture}/refund"), Some("refund"), &five)
        .await;
    assert_eq!((refund.status, refund.text("/status")), (201, "COMPLETED"));
    assert_eq!(refund.text("/amount/value"), "5.00");
    let read = paypal
        .get(&format!("/v2/payments/refunds/{}", refund.text("/id")))
        .await
        .ok();
    assert_eq!(read.body, refund.body);
    assert_eq!(
        paypal.get(&capture).await.ok().text("/status"),
        "PARTIALLY_REFUNDED"
    );

    let rest = send(paypal.request(Method::POST, &format!("{capture}/refund")))
        .await
        .ok();
    assert_eq!(rest.text("/amount/value"), "14.99");
    assert_eq!(paypal.get(&capture).await.ok().text("/status"), "REFUNDED");
    let more = paypal
        .post(&format!("{capture}/refund"), None, &json!({}))
        .await;
    assert_eq!(
        (more.status, more.text("/details/0/issue")),
        (422, "CAPTURE_FULLY_REFUNDED")
    );
    assert_eq!(psp.totals().await, [1999, 1999, 0, 1, 2]);
}

#[tokio::test]
async fn a_declined_capture_names_the_issue_and_takes_nothing() {
    let psp = Psp::start().await;
    let paypal = Paypal::of(&psp).await;
    for (token, code) in [
        ("tok_chargeDeclined", "0500"),
        ("tok_insufficientFunds", "5120"),
        ("tok_chargeDeclinedExpiredCard", "5400"),
    ] {
        let order = paypal.order("1.00", "o-1").await.ok();
        assert_eq!(order.text("/status"), "CREATED");
        let path = format!("/v2/checkout/orders/{}/capture", order.text("/id"));
        let source = json!({"payment_source": {"token": {"id": token}}});
        let declined = paypal.post(&path, Some(token), &source).await;
        assert_eq!(
            (declined.status, declined.text("/name")),
            (422, "UNPROCESSABLE_ENTITY")
        );
        assert_eq!(declined.text("/details/0/issue"), "INSTRUMENT_DECLINED");
        assert_eq!(
            declined.text("/details/0/processor_response/response_code"),
            code
        );
        assert!(!declined.text("/debug_id").is_empty());
        assert_eq!(
            paypal.post(&path, Some(token), &source).await.body,
            declined.body
        );
    }
    assert_eq!(psp.totals().await[3], 0);
}

#[tokio::test]
async fn a_request_id_makes_one_capture_and_one_answer() {
    let psp = Psp::start().await;
    let paypal = Paypal::of(&psp).await;
    let body = order_body("19.99", "o-1", Some("tok_visa"));
    let order = paypal
        .post("/v2/checkout/orders", Some("k"), &body)
        .await
        .ok();
    let again = paypal
        .post("/v2/checkout/orders", Some("k"), &body)
        .await
        .ok();
    assert_eq!(order.body, again.body);
    let other = order_body("20.00", "o-1", Some("tok_visa"));
    let reused = paypal.post("/v2/checkout/orders", Some("k"), &other).await;
    assert_eq!(
        (reused.status, reused.text("/details/0/issue")),
        (422, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED")
    );

    let path = format!("/v2/checkout/orders/{}/capture", order.text("/id"));
    let empty = json!({});
    let answers = join_all((0..20).map(|_| paypal.post(&path, Some("c"), &empty))).await;
    assert!(answers.iter().any(|answer| answer.status == 201));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.status, answer.text("/details/0/issue")),
            (409, "PREVIOUS_REQUEST_IN_PROGRESS")
        );
    }
    let unkeyed = paypal.post(&path, None, &empty).await;
    assert_eq!(
        (unkeyed.status, unkeyed.text("/details/0/issue")),
        (422, "ORDER_ALREADY_CAPTURED")
    );
    assert_eq!(psp.totals().await, [1999, 0, 1999, 1, 0]);
}

#[tokio::test]
async fn refunds_keep_to_the_capture_and_its_currency() {
    let psp = Psp::start().await;
    let paypal = Paypal::of(&psp).await;
    let paid = paypal.paid_order("10.00", "o-1").await;
    let path = format!(
        "/v2/payments/captures/{}/refund",
        paid.text(&format!("{CAPTURE}/id"))
    );
    for (currency, value, issue) in [
        ("EUR", "10.01", "REFUND_AMOUNT_EXCEEDED"),
        ("USD", "1.00", "REFUND_CAPTURE_CURRENCY_MISMATCH"),
        ("EUR", "-1.00", "CANNOT_BE_ZERO_OR_NEGATIVE"),
    ] {
        let body = json!({"amount": {"currency_code": currency, "value": value}});
        let refused = paypal.post(&path, None, &body).await;
        assert_eq!(
            (refused.status, refused.text("/details/0/issue")),
            (422, issue)
        );
    }
    let body = json!({"amount": {"currency_code": "EUR", "value": "3.00"}});
    let answers = join_all((0..10).map(|_| paypal.post(&path, None, &body))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        3
    );
    assert_eq!(psp.totals().await, [1000, 900, 100, 1, 3]);
}
