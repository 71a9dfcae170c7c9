//! The books hold whatever is tried, by the database's own word.

use futures_util::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use super::support::Psp;

async fn constraint(psp: &Psp, statement: &'static str) -> String {
    let error = sqlx::query(statement)
        .execute(&psp.db.pool)
        .await
        .expect_err("the database refuses");
    chassis::db::constraint(&error)
        .unwrap_or_else(|| panic!("{error}"))
        .to_owned()
}

#[tokio::test]
async fn every_movement_has_two_entries_that_cancel_out() {
    let psp = Psp::start().await;
    let charges = (100..120).map(|amount| {
        let psp = &psp;
        async move {
            let order = format!("o-{}", amount % 7);
            let paid = psp
                .charge("tok_visa", &amount.to_string(), &order)
                .await
                .ok();
            if amount % 2 == 0 {
                let form = [("payment_intent", paid.text("/id")), ("amount", "50")];
                psp.post("/v1/refunds", &form).await.ok();
            }
        }
    });
    join_all(charges).await;
    let unbalanced: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT movement_id FROM ledger_entries GROUP BY movement_id
         HAVING sum(CASE direction WHEN 'debit' THEN amount ELSE -amount END) <> 0 OR count(*) <> 2) AS bad",
    )
    .fetch_one(&psp.db.pool)
    .await
    .unwrap();
    assert_eq!(unbalanced, 0);
    assert_eq!(psp.totals().await, [2190, 500, 1690, 20, 10]);
}

#[tokio::test]
async fn the_entries_of_an_order_are_read_page_by_page() {
    let psp = Psp::start().await;
    let paid = psp.charge("tok_visa", "1000", "o-1").await.ok();
    psp.charge("tok_visa", "77", "o-2").await.ok();
    psp.post("/v1/refunds", &[("payment_intent", paid.text("/id"))])
        .await
        .ok();
    let all = psp.get("/ledger?order_id=o-1").await.ok();
    let kinds: Vec<_> = all.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["kind"])
        .collect();
    assert_eq!(kinds, ["capture", "capture", "refund", "refund"]);

    let mut seen = 0;
    let mut cursor = 0;
    loop {
        let page = psp
            .get(&format!("/ledger?limit=4&cursor={cursor}"))
            .await
            .ok();
        seen += page.body["items"].as_array().unwrap().len();
        match page.body.get("next_cursor").and_then(Value::as_i64) {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(seen, 6);
}

#[tokio::test]
async fn the_ledger_cannot_be_changed_or_unbalanced() {
    let psp = Psp::start().await;
    psp.charge("tok_visa", "1000", "o-1").await.ok();
    for statement in [
        "UPDATE ledger_entries SET amount = 1",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
    ] {
        assert_eq!(
            constraint(&psp, statement).await,
            "ledger_append_only",
            "{statement}"
        );
    }
    let one_sided = "INSERT INTO ledger_entries
            (movement_id, kind, account, direction, amount, currency, payment_id, created_at)
        SELECT gen_random_uuid(), 'refund', 'merchant', 'debit', 5, 'EUR', id, now() FROM payments";
    assert_eq!(constraint(&psp, one_sided).await, "ledger_balanced");
    let second_capture = "WITH charge AS (SELECT gen_random_uuid() AS movement, id FROM payments)
        INSERT INTO ledger_entries
            (movement_id, kind, account, direction, amount, currency, payment_id, created_at)
        SELECT movement, 'capture', 'customer', 'debit', 5, 'EUR', id, now() FROM charge
        UNION ALL
        SELECT movement, 'capture', 'merchant', 'credit', 5, 'EUR', id, now() FROM charge";
    assert_eq!(
        constraint(&psp, second_capture).await,
        "ledger_capture_once"
    );
    let over_refund = "UPDATE payments SET refunded = captured + 1";
    assert_eq!(
        constraint(&psp, over_refund).await,
        "payments_refunds_within_captured"
    );
    assert_eq!(psp.totals().await, [1000, 0, 1000, 1, 0]);
}

#[tokio::test]
async fn both_providers_stand_in_one_ledger_but_do_not_see_each_other() {
    let psp = Psp::start().await;
    let paypal = super::paypal::Paypal::of(&psp).await;
    let intent = psp.charge("tok_visa", "1000", "o-1").await.ok();
    let order = paypal.paid_order("10.00", "o-1").await;
    assert_eq!(
        psp.totals().await,
        [2000, 0, 2000, 2, 0],
        "a double charge shows"
    );

    let id = intent
        .text("/id")
        .trim_start_matches("pi_")
        .to_ascii_uppercase();
    assert_eq!(
        paypal
            .get(&format!("/v2/checkout/orders/{id}"))
            .await
            .status,
        404
    );
    let id: Uuid = order.text("/id").parse().unwrap();
    assert_eq!(
        psp.get(&format!("/v1/payment_intents/pi_{}", id.simple()))
            .await
            .status,
        404
    );
}
