//! One key, one effect, one answer.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::support::{LIMIT, Psp, charge_form, send};

const PATH: &str = "/v1/payment_intents";

#[tokio::test]
async fn a_repeat_gets_the_same_answer_marked_as_replayed() {
    let psp = Psp::start().await;
    for (token, status) in [("tok_visa", 200), ("tok_insufficientFunds", 402)] {
        let form = charge_form(token, "1999", "o-1");
        let first = psp.post_keyed(PATH, token, &form).await;
        let second = psp.post_keyed(PATH, token, &form).await;
        assert_eq!((first.status, first.replayed), (status, false));
        assert_eq!((second.status, second.replayed), (status, true));
        assert_eq!(first.body, second.body);
    }
    assert_eq!(psp.totals().await, [1999, 0, 1999, 1, 0]);
}

#[tokio::test]
async fn the_order_of_parameters_does_not_make_another_request() {
    let psp = Psp::start().await;
    let mut form = charge_form("tok_visa", "1999", "o-1");
    let first = psp.post_keyed(PATH, "k", &form).await.ok();
    form.reverse();
    let second = psp.post_keyed(PATH, "k", &form).await.ok();
    assert_eq!(
        (second.replayed, second.text("/id")),
        (true, first.text("/id"))
    );
}

#[tokio::test]
async fn a_key_with_other_parameters_is_refused() {
    let psp = Psp::start().await;
    let paid = psp
        .post_keyed(PATH, "k", &charge_form("tok_visa", "1999", "o-1"))
        .await
        .ok();
    let other = psp
        .post_keyed(PATH, "k", &charge_form("tok_visa", "2000", "o-1"))
        .await;
    assert_eq!(
        (other.status, other.text("/error/type")),
        (400, "idempotency_error")
    );
    let refund = [("payment_intent", paid.text("/id"))];
    let elsewhere = psp.post_keyed("/v1/refunds", "k", &refund).await;
    assert_eq!(
        (elsewhere.status, elsewhere.text("/error/type")),
        (400, "idempotency_error")
    );
    assert_eq!(psp.totals().await[3], 1);
}

#[tokio::test]
async fn twenty_identical_requests_at_once_make_one_charge() {
    let psp = Psp::start().await;
    let form = charge_form("tok_visa", "1999", "o-1");
    let answers = join_all((0..20).map(|_| psp.post_keyed(PATH, "k", &form))).await;
    let fresh: Vec<_> = answers
        .iter()
        .filter(|a| a.status == 200 && !a.replayed)
        .collect();
    assert_eq!(fresh.len(), 1);
    for answer in &answers {
        match answer.status {
            200 => assert_eq!(answer.body, fresh[0].body),
            409 => assert_eq!(answer.text("/error/code"), "idempotency_key_in_use"),
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!(psp.totals().await, [1999, 0, 1999, 1, 0]);
}

#[tokio::test]
async fn a_key_is_in_use_while_the_bank_is_asked() {
    let psp = Psp::start_with(&[("PROCESSING_DELAY_MS", "1000")]).await;
    let form = charge_form("tok_visa", "1999", "o-1");
    let answers = join_all((0..5).map(|_| psp.post_keyed(PATH, "k", &form))).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 409)
        .collect();
    assert_eq!(refused.len(), 4);
    assert_eq!(refused[0].text("/error/type"), "idempotency_error");
    assert!(psp.post_keyed(PATH, "k", &form).await.ok().replayed);
    assert_eq!(psp.totals().await[3], 1);
}

#[tokio::test]
async fn two_instances_on_one_database_make_one_charge() {
    let psp = Psp::start().await;
    let url = psp.db.url.clone();
    let other = psp.second_instance(&url).await;
    let form = charge_form("tok_visa", "1999", "o-1");
    let mut answers = Vec::new();
    for round in 0..10 {
        let key = format!("k-{round}");
        let both = tokio::join!(
            psp.post_keyed(PATH, &key, &form),
            send(
                psp.http
                    .post(format!("{other}{PATH}"))
                    .bearer_auth(super::support::API_KEY)
                    .header("idempotency-key", &key)
                    .form(&form)
            ),
        );
        answers.extend([both.0, both.1]);
    }
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    assert_eq!(answers.iter().filter(|answer| answer.replayed).count(), 10);
    assert_eq!(psp.totals().await[3], 10);
}

#[tokio::test]
async fn refunds_captures_and_cancellations_are_keyed_too() {
    let psp = Psp::start().await;
    let paid = psp.charge("tok_visa", "1000", "o").await.ok();
    let form = [("payment_intent", paid.text("/id")), ("amount", "600")];
    let answers = join_all((0..10).map(|_| psp.post_keyed("/v1/refunds", "r", &form))).await;
    assert!(
        answers
            .iter()
            .all(|answer| [200, 409].contains(&answer.status)),
        "{answers:?}"
    );
    let again = psp.post_keyed("/v1/refunds", "r", &form).await.ok();
    assert!(again.replayed, "not refused for exceeding what is left");

    let form = [
        ("amount", "500"),
        ("currency", "eur"),
        ("payment_method", "tok_visa"),
    ];
    let open = psp.post(PATH, &form).await.ok();
    let cancel = format!("{PATH}/{}/cancel", open.text("/id"));
    assert!(!psp.post_keyed(&cancel, "c", &[]).await.ok().replayed);
    assert!(psp.post_keyed(&cancel, "c", &[]).await.ok().replayed);
    assert_eq!(psp.totals().await, [1000, 600, 400, 1, 1]);
}

#[tokio::test]
async fn what_was_refused_may_be_mended_under_the_same_key() {
    let psp = Psp::start().await;
    let bad = psp
        .post_keyed(PATH, "k", &charge_form("tok_nobody", "1999", "o"))
        .await;
    assert_eq!(
        (bad.status, bad.text("/error/code")),
        (400, "resource_missing")
    );
    psp.post_keyed(PATH, "k", &charge_form("tok_visa", "1999", "o"))
        .await
        .ok();
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_its_charge() {
    let psp = Psp::start_with(&[("PROCESSING_DELAY_MS", "1000")]).await;
    let form = charge_form("tok_visa", "1999", "o-1");
    let request = psp
        .stripe(Method::POST, PATH)
        .header("idempotency-key", "k")
        .form(&form);
    let timeout = std::time::Duration::from_millis(500);
    assert!(
        request
            .timeout(timeout)
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    chassis::testing::wait_for(LIMIT, async || psp.totals().await[3] == 1).await;
    let repeat = psp.post_keyed(PATH, "k", &form).await.ok();
    assert_eq!(
        (repeat.replayed, &repeat.body["status"]),
        (true, &json!("succeeded"))
    );
}
