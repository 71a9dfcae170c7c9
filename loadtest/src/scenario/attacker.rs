//! Somebody who tries doors. To be refused, in the form in which the shop refuses everybody, is the right answer; to be
//! let in, or to learn something from the refusal, is the error.

use rand::Rng as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Visit;
use crate::{
    door::{Answer, Ask},
    fault::Ended,
};

/// Too many of them are refused for being too many.
const LIMITED: u16 = 429;

/// A wrong password, a false token, an order that is not theirs, and junk.
pub(super) async fn attack(visit: &mut Visit) -> Result<(), Ended> {
    guess_a_password(visit).await?;
    visit.think().await?;
    forge_a_token(visit).await?;
    visit.think().await?;
    look_at_a_foreign_order(visit).await?;
    visit.think().await?;
    send_junk(visit).await
}

async fn guess_a_password(visit: &mut Visit) -> Result<(), Ended> {
    let guess = format!("guess-{}", visit.rng.random::<u64>());
    let body = json!({ "email": visit.who.email, "password": guess });
    let ask = Ask::post(
        "POST /auth/login (wrong password)",
        "/api/v1/auth/login",
        body,
    );
    let refused =
        |answer: &Answer| refused_with(answer, &["credentials_invalid", "too_many_attempts"]);
    visit
        .ask_as_nobody(ask.expecting(&[401, LIMITED]), refused)
        .await
}

async fn forge_a_token(visit: &mut Visit) -> Result<(), Ended> {
    let ask = Ask::get("GET /orders (forged token)", "/api/v1/orders")
        .with_token("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.".into())
        .expecting(&[401, LIMITED]);
    visit
        .ask_as_nobody(ask, |answer| refused_with(answer, &["token_invalid"]))
        .await
}

/// An order that exists and is somebody else's is answered like one that does not exist.
async fn look_at_a_foreign_order(visit: &mut Visit) -> Result<(), Ended> {
    let foreign = visit.ground.foreign_order(&visit.who.email, &mut visit.rng);
    let order = foreign.unwrap_or_else(Uuid::now_v7);
    let ask = Ask::get(
        "GET /orders/{id} (foreign)",
        format!("/api/v1/orders/{order}"),
    );
    let refused = |answer: &Answer| refused_with(answer, &["order_not_found"]);
    visit.ask(ask.expecting(&[404, LIMITED]), refused).await
}

async fn send_junk(visit: &mut Visit) -> Result<(), Ended> {
    let junk = Ask::raw("POST /orders (junk)", "/api/v1/orders", "{\"items\": [{]}");
    let refused = |answer: &Answer| refused_with(answer, &["malformed_json"]);
    visit.ask(junk.expecting(&[400, LIMITED]), refused).await?;
    let body = json!({
        "items": [{ "product_id": Uuid::now_v7(), "quantity": -1 }],
        "payment": { "token": "tok_visa" },
    });
    let negative = Ask::post("POST /orders (junk)", "/api/v1/orders", body);
    let refused = |answer: &Answer| refused_with(answer, &["validation_failed"]);
    visit
        .ask(negative.expecting(&[422, LIMITED]), refused)
        .await
}

/// A refusal says why, by a code, and nothing else.
fn refused_with(answer: &Answer, codes: &[&str]) -> Result<(), String> {
    let code = answer.body["code"].as_str().unwrap_or_default();
    if !(codes.contains(&code) || (answer.status == LIMITED && code == "too_many_requests")) {
        return Err(format!("{} with the code {code:?}", answer.status));
    }
    let tells = ["total", "items", "user_id", "email"];
    if tells.iter().any(|field| answer.body[field] != Value::Null) {
        return Err("a refusal that tells what it refuses".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: Value) -> Answer {
        Answer {
            status,
            body,
            trace_id: String::new(),
        }
    }

    #[test]
    fn to_be_refused_is_right_and_to_learn_from_it_is_not() {
        let refused = json!({ "code": "order_not_found", "status": 404 });
        assert_eq!(
            refused_with(&answer(404, refused), &["order_not_found"]),
            Ok(())
        );
        let other = json!({ "code": "role_missing" });
        assert!(refused_with(&answer(404, other), &["order_not_found"]).is_err());
        let telling = json!({ "code": "order_not_found", "user_id": "u" });
        assert!(refused_with(&answer(404, telling), &["order_not_found"]).is_err());
        let limited = json!({ "code": "too_many_requests" });
        assert_eq!(
            refused_with(&answer(429, limited.clone()), &["order_not_found"]),
            Ok(())
        );
        assert!(refused_with(&answer(404, limited), &["order_not_found"]).is_err());
    }
}
