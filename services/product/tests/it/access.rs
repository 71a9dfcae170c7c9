//! Paths, methods, versions and tokens that lead nowhere.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{Catalogue, is_empty, lamp, lamp_with, problem};

/// An id that nothing has.
const ID: &str = "01920000-0000-7000-8000-000000000001";

#[tokio::test]
async fn paths_methods_ids_and_versions_that_do_not_exist_are_told_apart() {
    let catalogue = Catalogue::start().await;
    for (method, path, status, code) in [
        (Method::GET, "/not-a-uuid", 404, "resource_not_found"),
        (Method::GET, "/%00", 404, "resource_not_found"),
        (Method::DELETE, "/42", 404, "resource_not_found"),
        (Method::GET, "/a/b", 404, "route_not_found"),
        (Method::DELETE, "", 405, "method_not_allowed"),
        (Method::GET, "/batch", 405, "method_not_allowed"),
        (Method::PUT, "/import", 405, "method_not_allowed"),
    ] {
        let answer = problem(catalogue.as_admin(method.clone(), path)).await;
        assert_eq!(answer, (status, code.to_owned()), "{method} {path}");
    }
    let path = catalogue.product(lamp("LAMP-1")).await;
    for tag in ["1", "W/\"1\"", "\"one\"", ""] {
        let request = catalogue
            .as_admin(Method::DELETE, &path)
            .header("if-match", tag);
        assert_eq!(
            problem(request).await,
            (400, "if_match_invalid".to_owned()),
            "{tag}"
        );
    }
    assert_eq!(catalogue.get(&path).await.status, 200);
}

#[tokio::test]
async fn writing_needs_a_token_and_the_role() {
    let catalogue = Catalogue::start().await;
    let foreign = chassis::testing::auth::TestAuth::start().await;
    let customer = Uuid::now_v7();
    let item = json!({ "items": [lamp_with("id", json!(ID))] });
    let path = format!("/{ID}");
    for (method, path, body) in [
        (Method::POST, "", lamp("A")),
        (Method::POST, "/import", item),
        (Method::PUT, path.as_str(), lamp("A")),
        (Method::PATCH, path.as_str(), json!({})),
        (Method::DELETE, path.as_str(), json!({})),
    ] {
        for (token, status, code) in [
            (None, 401, "token_missing"),
            (Some("nonsense".to_owned()), 401, "token_invalid"),
            (
                Some(catalogue.auth.expired_token(customer)),
                401,
                "token_expired",
            ),
            (
                Some(foreign.user_token(customer, &["admin"])),
                401,
                "token_invalid",
            ),
            (
                Some(catalogue.auth.user_token(customer, &["customer"])),
                403,
                "role_missing",
            ),
            (
                Some(catalogue.auth.user_token(customer, &[])),
                403,
                "role_missing",
            ),
        ] {
            let mut request = catalogue.request(method.clone(), path).json(&body);
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            let answer = problem(request).await;
            assert_eq!(answer, (status, code.to_owned()), "{method} {path}");
        }
    }
    assert!(is_empty(&catalogue).await);
}
