//! The audit log: complete, append-only, and tampering shows.

use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Shop, send};

async fn entries(shop: &Shop, payment: Uuid) -> Vec<(String, String)> {
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT content FROM audit_log WHERE subject = $1 ORDER BY seq")
            .bind(payment)
            .fetch_all(shop.pool())
            .await
            .unwrap();
    let field = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| serde_json::from_str::<Value>(row).unwrap())
        .map(|row| (field(&row, "action"), field(&row, "actor")))
        .collect()
}

#[tokio::test]
async fn everything_done_to_a_payment_is_noted_with_who_did_it() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let payment = shop.pay(order, "tok_visa").await.id();
    shop.refund(payment, Some(5), "r").await;
    shop.void(order).await;
    let actions: Vec<_> = entries(&shop, payment).await;
    let names: Vec<_> = actions.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        names,
        [
            "payment.created",
            "payment.captured",
            "refund.decided",
            "refund.succeeded",
            "payment.void_requested",
            "refund.decided",
            "refund.succeeded",
        ]
    );
    assert!(
        actions.iter().all(|(_, actor)| actor == "service:order"),
        "{actions:?}"
    );
    shop.close().await;
}

#[tokio::test]
async fn the_log_can_be_verified_and_not_be_changed() {
    let shop = Shop::open().await;
    for _ in 0..5 {
        shop.pay(Uuid::now_v7(), "tok_visa").await;
    }
    let report = send(shop.as_admin(Method::GET, "/audit/verify")).await;
    assert_eq!(
        (report.status.as_u16(), &report.body["intact"]),
        (200, &Value::Bool(true))
    );
    assert_eq!(report.body["entries"], 10);
    for statement in [
        "UPDATE audit_log SET content = '{}'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DELETE FROM audit_heads",
    ] {
        let error = sqlx::query(statement)
            .execute(shop.pool())
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("append-only"),
            "{statement}: {error}"
        );
    }
    shop.close().await;
}

#[tokio::test]
async fn whoever_gets_around_the_triggers_is_found_out() {
    let tampering = [
        (
            "UPDATE audit_log SET content = replace(content, '1999', '1')",
            "was altered",
        ),
        ("DELETE FROM audit_log WHERE seq = 1", "is missing"),
        (
            "DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)",
            "is missing",
        ),
        (
            "UPDATE audit_heads SET hash = sha256('x')",
            "head was altered",
        ),
    ];
    for (statement, found) in tampering {
        let shop = Shop::open().await;
        shop.pay(Uuid::now_v7(), "tok_visa").await;
        let mut conn = shop.pool().acquire().await.unwrap();
        sqlx::query("SET session_replication_role = replica")
            .execute(&mut *conn)
            .await
            .unwrap();
        sqlx::query(statement).execute(&mut *conn).await.unwrap();
        let report = send(shop.as_admin(Method::GET, "/audit/verify")).await;
        assert_eq!(report.body["intact"], false, "{statement}");
        let broken: Vec<_> = report.body["chains"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|chain| chain["broken"].as_str())
            .collect();
        assert!(
            broken.iter().any(|text| text.contains(found)),
            "{statement}: {broken:?}"
        );
        assert!(shop.running.stop().await);
    }
}
