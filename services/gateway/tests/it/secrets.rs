//! What must never be read in a log line or a span, whatever the level.

use chassis::testing::telemetry::Traced;
use reqwest::Method;
use uuid::Uuid;

use crate::support::{Gateway, send};

#[tokio::test]
async fn what_a_client_sends_along_is_in_no_log_line_and_no_span() {
    let traced = Traced::install("gateway", &[("LOG_LEVEL", "trace")]).await;
    let gateway = Gateway::start().await;
    let user = Uuid::now_v7();
    let token = gateway.auth.user_token(user, &["customer"]);
    let request = gateway
        .request(Method::POST, "/api/v1/orders?card=4242424242424242")
        .bearer_auth(&token)
        .header("baggage", "user.id=forged,order.id=forged")
        .header("cookie", "session=c00kie");
    assert_eq!(send(request.body("a secret wish")).await.status, 200);
    let keyed = gateway
        .get("/api/v1/products")
        .header("x-api-key", "k3y-nobody-has");
    assert_eq!(send(keyed).await.status, 401);
    let forged = gateway.get("/api/v1/orders").bearer_auth("f0rged.t0ken.x");
    assert_eq!(send(forged).await.status, 401);
    let said = traced.end().await;
    let secrets = [
        token.as_str(),
        "4242424242424242",
        "c00kie",
        "a secret wish",
        "k3y-nobody-has",
        "f0rged.t0ken.x",
        "forged",
    ];
    said.assert_silent_about(&secrets, "/api/v1/orders");
    let span = said
        .otlp
        .spans
        .iter()
        .find(|span| span.name.starts_with("POST /api/v1/orders"));
    let span = span.expect("the request has a span");
    assert_eq!(
        span.attributes["user.id"],
        user.to_string(),
        "the door says who came in"
    );
}
