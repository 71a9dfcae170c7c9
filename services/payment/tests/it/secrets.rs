//! What must never be read in a log line or a span, whatever the level and however odd the request.

use chassis::testing::telemetry::Traced;
use serde_json::json;
use uuid::Uuid;

use crate::support::{API_KEY, KEY_1, Shop, WEBHOOK_SECRET};

#[tokio::test]
async fn cards_tokens_and_keys_are_in_no_log_line_and_no_span() {
    let traced = Traced::install("payment", &[("LOG_LEVEL", "trace")]).await;
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let card = "4242424242424242";
    assert_eq!(shop.pay(Uuid::now_v7(), card).await.status.as_u16(), 422);
    assert_eq!(shop.pay(order, "tok_visa").await.state().1, "captured");
    let method = json!({ "token": "tok_insufficientFunds", "provider": "paypal" });
    assert_eq!(
        shop.pay_by(Uuid::now_v7(), method).await.state().1,
        "declined"
    );
    let token = shop.auth.service_token("order");
    let paid = shop.of_order(order).await.id();
    shop.refund(paid, None, "once").await;
    shop.close().await;
    let key = KEY_1.split_once(':').unwrap().1;
    let secrets = [
        card,
        "tok_visa",
        "tok_insufficientFunds",
        API_KEY,
        WEBHOOK_SECRET,
        key,
        &token,
    ];
    traced
        .end()
        .await
        .assert_silent_about(&secrets, "/api/v1/payments");
}
