//! One line for each request, without what nobody should read there.

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    log_lines,
    support::{Gateway, send},
};

#[tokio::test]
async fn a_line_has_method_route_status_time_and_user_and_no_secret() {
    let gateway = Gateway::start().await;
    let user = Uuid::now_v7();
    let token = gateway.auth.user_token(user, &["customer"]);
    let request = gateway
        .request(Method::POST, "/api/v1/orders/77/cancel?card=4242")
        .bearer_auth(&token);
    assert_eq!(send(request.body("a secret wish")).await.status, 200);
    assert_eq!(send(gateway.get("/api/v1/orders")).await.status, 401);

    let text = log_lines::text();
    let requests: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["fields"]["message"] == "request")
        .collect();
    let [cancel, refused] = &requests[..] else {
        panic!("{text}");
    };
    assert_eq!(cancel["fields"]["http.request.method"], "POST");
    assert_eq!(cancel["fields"]["http.route"], "/api/v1/orders/{*rest}");
    assert_eq!(cancel["fields"]["http.response.status_code"], 200);
    assert_eq!(cancel["fields"]["user.id"], user.to_string());
    assert!(cancel["fields"]["duration_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(refused["fields"]["http.response.status_code"], 401);
    for secret in [token.as_str(), "4242", "secret wish"] {
        assert!(!text.contains(secret), "{secret}");
    }
}
