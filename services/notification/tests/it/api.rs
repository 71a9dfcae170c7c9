//! What a customer sees of it, and what bad requests get.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Notification, send};

#[tokio::test]
async fn customers_list_their_own_mails_newest_first_by_page() {
    let notification = Notification::start().await;
    let (ada, eve) = (
        notification.customer("Ada").await,
        notification.customer("Eve").await,
    );
    for count in 2..=4 {
        notification.tell(&ada.paid()).await;
        notification.mails(&ada, count).await;
    }
    let mine = async |query: &str| {
        let (status, list) = send(notification.as_user(ada.id, Method::GET, query)).await;
        assert_eq!(status, 200, "{list}");
        list
    };
    notification.outcomes("done", 5).await;
    let first = mine("?page=1&limit=3").await;
    assert_eq!(
        (&first["total"], &first["page"], &first["limit"]),
        (&4.into(), &1.into(), &3.into())
    );
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    assert_eq!(first["items"][0]["kind"], "order_paid");
    assert!(first["items"][0]["sent_at"].is_string() && first["items"][0]["id"].is_string());
    let second = mine("?page=2&limit=3").await;
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["items"][0]["kind"], "welcome");
    let (_, hers) = send(notification.as_user(eve.id, Method::GET, "")).await;
    assert_eq!(hers["total"], 1);
    notification.stop().await;
}

#[tokio::test]
async fn preferences_are_all_on_until_changed_and_stay_changed() {
    let notification = Notification::start().await;
    let user = Uuid::now_v7();
    let all = json!({ "order_updates": true, "payment_updates": true });
    let read = || notification.as_user(user, Method::GET, "/preferences");
    assert_eq!(send(read()).await, (reqwest::StatusCode::OK, all));
    let put = notification.as_user(user, Method::PUT, "/preferences");
    let wanted = json!({ "payment_updates": false, "something_new": 7 });
    assert_eq!(send(put.json(&wanted)).await.0, 200);
    assert_eq!(
        send(read()).await.1,
        json!({ "order_updates": true, "payment_updates": false })
    );
    notification.stop().await;
}

#[tokio::test]
async fn bad_requests_are_problems_and_change_nothing() {
    let notification = Notification::start().await;
    let user = Uuid::now_v7();
    let as_user = |method, path| notification.as_user(user, method, path);
    let put = || as_user(Method::PUT, "/preferences").header("content-type", "application/json");
    for (request, status, code) in [
        (notification.request(Method::GET, ""), 401, "token_missing"),
        (
            notification
                .request(Method::GET, "")
                .bearer_auth("nonsense"),
            401,
            "token_invalid",
        ),
        (
            notification
                .request(Method::GET, "/preferences")
                .bearer_auth(notification.auth.service_token("order")),
            403,
            "role_missing",
        ),
        (as_user(Method::GET, "?limit=0"), 422, "validation_failed"),
        (as_user(Method::GET, "?page=-1"), 422, "validation_failed"),
        (as_user(Method::GET, "?page=x"), 422, "validation_failed"),
        (as_user(Method::POST, ""), 405, "method_not_allowed"),
        (as_user(Method::GET, "/nothing"), 404, "route_not_found"),
        (put().body("{"), 400, "malformed_json"),
        (
            put().body(r#"{"order_updates":"no"}"#),
            422,
            "validation_failed",
        ),
        (put().body("[]x"), 400, "malformed_json"),
        (
            as_user(Method::PUT, "/preferences").body("{}"),
            415,
            "content_type_not_json",
        ),
        (
            put().body(" ".repeat(2 * 1024 * 1024)),
            413,
            "body_too_large",
        ),
    ] {
        let (answered, body) = send(request).await;
        assert_eq!(
            (answered.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        assert!(body["request_id"].is_string());
    }
    let (_, unchanged) = send(as_user(Method::GET, "/preferences")).await;
    assert_eq!(
        unchanged,
        json!({ "order_updates": true, "payment_updates": true })
    );
    notification.stop().await;
}
