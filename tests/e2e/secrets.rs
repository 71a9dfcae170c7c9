//! What must not be said, is said nowhere: not in any log file of the lab, not in any span or log record that was sent.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::{
    client::{PASSWORD, Person, order_body, product_with_stock},
    lab::{Lab, SERVICES, eventually, observed, shared},
    observatory::Observatory,
    signals::log_level,
};

const WRONG_PASSWORD: &str = "not-the-right-password-0815";
const CARD_NUMBER: &str = "4000056655665556";
const IN_A_QUERY: &str = "secret-in-a-query-2342";
const IN_A_HEADER: &str = "secret-in-a-header-9001";
/// Of the mail about a paid order; its subject may be known.
const MAIL_BODY: &str = "have received your payment";
/// Any JSON Web Token begins with these: access tokens, service tokens.
const JWT: &str = "eyJ";

/// The whole answer, more than any store of this size holds.
const EVERYTHING: &str = "10000";

#[tokio::test]
async fn whatever_is_secret_is_in_no_log_and_in_no_trace() {
    let lab = observed().await;
    log_level(&lab, "debug").await;
    let secrets = story(&lab).await;
    log_level(&lab, "info").await;
    assert_silent(&lab, &secrets).await;
}

#[tokio::test]
async fn whatever_is_secret_is_in_no_log_of_a_busy_lab() {
    let lab = shared().await;
    let secrets = story(lab).await;
    assert_silent(lab, &secrets).await;
}

/// Somebody does everything that involves a secret, right and wrong. Returns the secrets that are this lab's own.
async fn story(lab: &Lab) -> Vec<String> {
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    let wrong = json!({ "email": customer.email, "password": WRONG_PASSWORD });
    customer
        .post("/api/v1/auth/login", &wrong)
        .await
        .expect(401);
    let again = customer.log_in(&customer.email, PASSWORD).await;
    let refresh = json!({ "refresh_token": again.refresh_token });
    let fresh = again
        .post("/api/v1/auth/refresh", &refresh)
        .await
        .expect(200);
    let paid = customer.order(&product, 1, "tok_visa").await.expect(201);
    for token in ["tok_chargeDeclined", CARD_NUMBER] {
        customer.order(&product, 1, token).await;
    }
    let body = || Some(order_body(&product, 1, "tok_visa").to_string());
    let key = [
        ("idempotency-key", IN_A_HEADER),
        ("authorization", IN_A_HEADER),
    ];
    customer
        .send(Method::POST, "/api/v1/orders", body(), &key)
        .await;
    let query = format!("/api/v1/orders?page=0&token={IN_A_QUERY}");
    customer.get(&query).await.expect(422);
    Person::administrator(lab)
        .await
        .refund(paid["payment_id"].as_str().unwrap(), 100)
        .await;
    everybody_has_spoken(lab, paid["id"].as_str().unwrap()).await;
    let mut secrets = vec![
        again.token,
        again.refresh_token,
        customer.token,
        customer.refresh_token,
    ];
    secrets.extend(
        [&fresh["access_token"], &fresh["refresh_token"]].map(|it| it.as_str().unwrap().to_owned()),
    );
    secrets.extend(["ADMIN_PASSWORD", "PARTNER_API_KEY"].map(|name| lab.env(name).to_owned()));
    secrets
}

/// The mail is out, and the consumer that sent it has told of it.
async fn everybody_has_spoken(lab: &Lab, order: &str) {
    let observatory = Observatory::of(lab);
    eventually(
        "the mail's trace is there",
        Duration::from_secs(30),
        async || {
            let processed =
                observatory.traces_of_order("notification", "process order.events", order);
            !processed.await.is_empty() && lab.faultline(&["mails", "--json"]).stdout.len() > 2
        },
    )
    .await;
}

async fn assert_silent(lab: &Lab, secrets: &[String]) {
    let common = [
        PASSWORD,
        WRONG_PASSWORD,
        CARD_NUMBER,
        IN_A_QUERY,
        IN_A_HEADER,
        MAIL_BODY,
        JWT,
        "tok_visa",
        "tok_chargeDeclined",
        "Bearer ",
    ];
    let files = lab.logs();
    let sent = everything_sent(lab).await;
    for (what, text) in [("log files", &files), ("what was sent over OTLP", &sent)] {
        assert!(
            text.contains("crash points are enabled"),
            "{what}: silence would prove nothing"
        );
        for secret in secrets.iter().map(String::as_str).chain(common) {
            let found = text.find(secret).map(|at| around(text, at));
            assert!(found.is_none(), "{secret:.12}… is in the {what}: {found:?}");
        }
    }
}

/// All traces and all log records that the observatory holds.
async fn everything_sent(lab: &Lab) -> String {
    let observatory = Observatory::of(lab);
    let logs = observatory
        .get("/api/logs", &[("limit", EVERYTHING)])
        .await
        .unwrap();
    let window = [
        ("query.startTimeMin", "1970-01-01T00:00:00Z"),
        ("query.startTimeMax", "2200-01-01T00:00:00Z"),
        ("query.searchDepth", EVERYTHING),
    ];
    let traces = observatory.get("/api/v3/traces", &window).await.unwrap();
    for service in SERVICES {
        let named = format!("{{\"stringValue\":\"{service}\"}}");
        assert!(
            traces.to_string().contains(&named),
            "no span of {service} is there"
        );
    }
    format!("{logs}\n{traces}")
}

/// What a secret was found in.
fn around(text: &str, at: usize) -> String {
    let (from, to) = (at.saturating_sub(300), (at + 40).min(text.len()));
    String::from_utf8_lossy(&text.as_bytes()[from..to]).into_owned()
}
