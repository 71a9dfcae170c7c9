//! Sessions through the gateway: refresh, reuse, logout, tokens that must not pass.

use serde_json::json;

use crate::{client::Person, lab::shared};

#[tokio::test]
async fn refresh_tokens_rotate_and_a_reused_one_ends_the_session() {
    let lab = shared().await;
    let customer = Person::customer(lab).await;
    let refresh = |token: &str| {
        let (customer, body) = (Person::stranger(lab), json!({ "refresh_token": token }));
        async move { customer.post("/api/v1/auth/refresh", &body).await }
    };
    let session = refresh(&customer.refresh_token).await.expect(200);
    let newer = session["refresh_token"].as_str().unwrap();
    assert_ne!(newer, customer.refresh_token);
    let reused = refresh(&customer.refresh_token).await.expect(401);
    assert_eq!(reused["code"], "refresh_token_reused");
    refresh(newer).await.expect(401);
}

#[tokio::test]
async fn logging_out_revokes_the_access_token_at_the_gateway() {
    let lab = shared().await;
    let customer = Person::customer(lab).await;
    customer.get("/api/v1/orders").await.expect(200);
    let logout = customer.post("/api/v1/auth/logout", &json!({})).await;
    assert_eq!(logout.status, 204, "{}", logout.body);
    assert_eq!(
        customer.get("/api/v1/orders").await.expect(401)["code"],
        "token_revoked"
    );
}

#[tokio::test]
async fn tokens_that_were_tampered_with_are_refused() {
    let lab = shared().await;
    let customer = Person::customer(lab).await;
    let parts: Vec<&str> = customer.token.split('.').collect();
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", parts[1]);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    let foreign = format!(
        "{}.{}.{}",
        parts[0],
        parts[1],
        parts[2].chars().rev().collect::<String>()
    );
    for token in [none, unsigned, foreign, "rubbish".to_owned()] {
        let thief = Person {
            token: token.clone(),
            ..customer.clone()
        };
        let answer = thief.get("/api/v1/orders").await;
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert_eq!(answer.expect(401)["code"], "token_invalid", "{token}");
    }
    let nobody = Person::stranger(lab);
    assert_eq!(
        nobody.get("/api/v1/orders").await.expect(401)["code"],
        "token_missing"
    );
}
