//! The control API, answer by answer, as Toxiproxy 2.12 gives them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Echo, Proxy};

#[tokio::test]
async fn a_proxy_is_made_shown_changed_and_removed() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let wish = json!({"Name": "e", "listen": "localhost:0", "upstream": echo.addr.to_string(), "unknown": 1});
    let (status, made) = proxy
        .ask(Method::POST, "/proxies", Some(wish.clone()))
        .await;
    assert_eq!(
        (status.as_u16(), &made["enabled"], &made["toxics"]),
        (201, &json!(true), &json!([]))
    );
    assert!(!made["listen"].as_str().unwrap().ends_with(":0"), "{made}");
    assert_eq!(proxy.get("/proxies").await["e"]["listen"], made["listen"]);
    let (status, again) = proxy.ask(Method::POST, "/proxies", Some(wish)).await;
    assert_eq!(
        (status.as_u16(), again),
        (409, json!({"error": "proxy already exists", "status": 409}))
    );
    let (status, off) = proxy
        .ask(Method::PATCH, "/proxies/e", Some(json!({"enabled": false})))
        .await;
    assert_eq!(
        (status.as_u16(), &off["enabled"], &off["listen"]),
        (200, &json!(false), &made["listen"])
    );
    proxy.delete("/proxies/e").await;
    let (status, gone) = proxy.ask(Method::GET, "/proxies/e", None).await;
    assert_eq!(
        (status.as_u16(), gone),
        (404, json!({"error": "proxy not found", "status": 404}))
    );
}

#[tokio::test]
async fn a_name_with_an_arrow_is_a_name() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let wish = json!({"name": "order->payment", "upstream": echo.addr.to_string()});
    proxy.post("/proxies", wish).await;
    proxy
        .post("/proxies/order->payment/toxics", json!({"type": "latency"}))
        .await;
    let toxics = proxy.get("/proxies/order-%3Epayment/toxics").await;
    assert_eq!(toxics[0]["name"], "latency_downstream");
}

#[tokio::test]
async fn a_toxic_is_made_shown_changed_and_removed() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    proxy.edge(echo.addr).await;
    let wish = json!({"type": "latency", "stream": "UPSTREAM", "attributes": {"latency": 5}});
    let (status, made) = proxy
        .ask(Method::POST, "/proxies/e/toxics", Some(wish.clone()))
        .await;
    assert_eq!(status, 200, "not 201");
    let told = json!([
        made["name"],
        made["type"],
        made["stream"],
        made["toxicity"],
        made["attributes"]
    ]);
    assert_eq!(
        told,
        json!(["latency_upstream", "latency", "upstream", 1.0, {"latency": 5, "jitter": 0}])
    );
    let (status, again) = proxy
        .ask(Method::POST, "/proxies/e/toxics", Some(wish))
        .await;
    assert_eq!(
        (status.as_u16(), &again["error"]),
        (409, &json!("toxic already exists"))
    );
    let change = json!({"type": "slicer", "toxicity": 0.5, "attributes": {"jitter": 2}});
    let changed = proxy
        .post("/proxies/e/toxics/latency_upstream", change)
        .await;
    assert_eq!(
        json!([changed["type"], changed["toxicity"], changed["attributes"]]),
        json!(["latency", 0.5, {"latency": 5, "jitter": 2}])
    );
    assert_eq!(
        proxy.get("/proxies/e/toxics/latency_upstream").await["toxicity"],
        0.5
    );
    proxy.delete("/proxies/e/toxics/latency_upstream").await;
    let (status, gone) = proxy
        .ask(Method::DELETE, "/proxies/e/toxics/latency_upstream", None)
        .await;
    assert_eq!(
        (status.as_u16(), &gone["error"]),
        (404, &json!("toxic not found"))
    );
}

#[tokio::test]
async fn wrong_wishes_are_refused_in_toxiproxys_words() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    proxy.edge(echo.addr).await;
    let (toxics, proxies) = ("/proxies/e/toxics", "/proxies");
    for (path, body, says) in [
        (
            proxies,
            json!({"upstream": "x:1"}),
            "missing required field: name",
        ),
        (
            proxies,
            json!({"name": "x"}),
            "missing required field: upstream",
        ),
        (proxies, json!([]), "bad request body: "),
        (
            "/populate",
            json!([{"name": "x"}]),
            "missing required field: upstream at proxy 1",
        ),
        (toxics, json!({"type": "lag"}), "invalid toxic type"),
        (
            toxics,
            json!({"type": "latency", "stream": "up"}),
            "stream was invalid, can be either upstream or downstream",
        ),
        (
            toxics,
            json!({"type": "latency", "attributes": {"latency": "5"}}),
            "bad request body: ",
        ),
        (
            toxics,
            json!({"type": "latency", "toxicity": 1.5}),
            "toxicity must be from 0 to 1",
        ),
    ] {
        let (status, answer) = proxy.ask(Method::POST, path, Some(body)).await;
        let error = answer["error"].as_str().unwrap();
        assert!(status == 400 && error.starts_with(says), "{status} {error}");
    }
    assert_eq!(proxy.get("/proxies/e/toxics").await, json!([]));
}

#[tokio::test]
async fn populate_leaves_alone_what_is_as_it_should_be() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let listen = proxy.edge(echo.addr).await.to_string();
    proxy.toxic("latency", "downstream", json!({})).await;
    let same = json!([{"name": "e", "listen": listen, "upstream": echo.addr.to_string(), "enabled": false}]);
    let (status, answer) = proxy.ask(Method::POST, "/populate", Some(same)).await;
    assert_eq!(
        (status.as_u16(), &answer["proxies"][0]["enabled"]),
        (201, &json!(true))
    );
    assert_eq!(
        proxy
            .get("/proxies/e/toxics")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let other = json!([{"name": "e", "listen": listen, "upstream": "127.0.0.1:1"}]);
    proxy.post("/populate", other).await;
    let edge = proxy.get("/proxies/e").await;
    assert_eq!(
        json!([edge["upstream"], edge["toxics"], edge["listen"]]),
        json!(["127.0.0.1:1", [], listen])
    );
}

#[tokio::test]
async fn reset_lifts_toxics_and_enables_proxies() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    proxy.edge(echo.addr).await;
    proxy.toxic("latency", "downstream", json!({})).await;
    proxy.post("/proxies/e", json!({"enabled": false})).await;
    let (status, _) = proxy.ask(Method::POST, "/reset", None).await;
    assert_eq!(status, 204);
    let edge = proxy.get("/proxies/e").await;
    assert_eq!(
        (&edge["enabled"], &edge["toxics"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(proxy.get("/faults").await["active"], json!([]));
}

#[tokio::test]
async fn versions_wrong_paths_and_browsers_are_answered_like_toxiproxy_does() {
    let proxy = Proxy::start().await;
    assert_eq!(proxy.text("/version").await, "{\"version\": \"2.12.0\"}\n");
    assert_eq!(proxy.text("/nowhere").await, "404 page not found\n");
    assert_eq!(proxy.ask(Method::PUT, "/proxies", None).await.0, 405);
    #[expect(clippy::disallowed_methods, reason = "a test has no edge policy")]
    let browser = reqwest::Client::builder()
        .user_agent("Mozilla/5.0")
        .build()
        .unwrap();
    let sent = browser
        .get(format!("http://{}/version", proxy.control))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 403);
    assert!(sent.headers().contains_key("x-toxiproxy-request-id"));
}

#[tokio::test]
async fn a_body_that_is_too_large_and_one_proxy_too_many_are_refused() {
    let proxy = Proxy::start().await;
    let large = json!({"name": "x".repeat(2_000_000)});
    assert_eq!(
        proxy.ask(Method::POST, "/proxies", Some(large)).await.0,
        413
    );
    let wish = |number: u32| json!({"name": format!("p{number}"), "upstream": "127.0.0.1:1", "enabled": false});
    let many: Vec<Value> = (0..257).map(wish).collect();
    let (status, answer) = proxy
        .ask(Method::POST, "/populate", Some(many.into()))
        .await;
    assert_eq!(status, 507, "{}", answer["error"]);
    assert_eq!(proxy.get("/proxies").await.as_object().unwrap().len(), 256);
}
