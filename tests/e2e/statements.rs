//! How much is asked for does not change how often a database is: an order of ten lines costs as many statements as an
//! order of one, and a page of a hundred products as many as a page of ten. Whoever asks once for each line, product or
//! order (the N+1 of textbooks) fails here, in whichever service.
//!
//! Counted are the spans of statements, so that what workers do beside the request does not count.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{Answer, Person},
    lab::{Lab, observed},
    observatory::{Observatory, Span},
    stories::PAID,
    traces::{TOLD_WITHIN, trace_id, until_told},
};

const LINES: usize = 10;
const PRODUCTS: usize = 100;

/// Statements of one kind by their service and what they were part of: the most that one such part made, because a call
/// may be repeated and a message may come twice.
type Counts = BTreeMap<(String, String, String), usize>;

#[tokio::test]
async fn an_order_of_ten_lines_costs_as_many_statements_as_an_order_of_one() {
    let lab = observed().await;
    let customer = Person::customer(&lab).await;
    let products = products(&customer, LINES).await;
    // A service that has just started fetches keys, and looks types up, with its first requests.
    order(&customer, &products).await.expect(201);
    order(&customer, &products[..1]).await.expect(201);

    let (few, many) = (
        order(&customer, &products[..1]).await,
        order(&customer, &products).await,
    );
    let (few_trace, many_trace) = (trace_id(&few), trace_id(&many));
    let (few, many) = (few.expect(201), many.expect(201));
    let one = counts(&until_told(&lab, &few_trace, PAID, |spans| spans).await);
    let ten = counts(&until_told(&lab, &many_trace, PAID, |spans| spans).await);
    assert_eq!(one, ten, "with the events that everybody hears of");
    assert!(one.values().sum::<usize>() > 20, "{one:?}");

    let path = |order: &Value, more: &str| {
        format!("/api/v1/orders/{}{more}", order["id"].as_str().unwrap())
    };
    for (method, more, body) in [
        (Method::GET, "", None),
        (Method::GET, "/history", None),
        (
            Method::POST,
            "/cancel",
            Some(json!({ "reason": "a mistake" })),
        ),
    ] {
        let ask = |order: &Value| (method.clone(), path(order, more), body.clone());
        assert_same(&lab, &customer, ask(&few), ask(&many)).await;
    }
}

#[tokio::test]
async fn a_page_of_a_hundred_costs_as_many_statements_as_a_page_of_ten() {
    let lab = observed().await;
    let customer = Person::customer(&lab).await;
    let ids = products(&customer, PRODUCTS).await;
    let page = |limit: usize| (Method::GET, format!("/api/v1/products?limit={limit}"), None);
    assert_same(&lab, &customer, page(10), page(PRODUCTS)).await;
    for path in ["/api/v1/products/batch", "/api/v1/inventory/batch"] {
        let batch = |count: usize| {
            let body = json!({ "ids": ids[..count] });
            (Method::POST, path.to_owned(), Some(body))
        };
        assert_same(&lab, &customer, batch(1), batch(50)).await;
    }
}

#[tokio::test]
async fn five_orders_in_a_list_cost_as_many_statements_as_one() {
    let lab = observed().await;
    let customer = Person::customer(&lab).await;
    let products = products(&customer, 1).await;
    for _ in 0..5 {
        order(&customer, &products).await.expect(201);
    }
    let list = |limit: usize| (Method::GET, format!("/api/v1/orders?limit={limit}"), None);
    assert_same(&lab, &customer, list(1), list(5)).await;
}

type Ask = (Method, String, Option<Value>);

/// Asks for little and for much, each once before it counts.
async fn assert_same(lab: &Lab, who: &Person, little: Ask, much: Ask) {
    // What can be done only once, such as cancelling, cannot be tried before.
    if little.0 == Method::GET || little.1.ends_with("/batch") {
        ask(who, &little).await;
        ask(who, &much).await;
    }
    let little_of = statements(lab, &trace_id(&ask(who, &little).await)).await;
    let much_of = statements(lab, &trace_id(&ask(who, &much).await)).await;
    assert!(!little_of.is_empty(), "{little:?} asks no database");
    assert_eq!(little_of, much_of, "{little:?} and {much:?}");
}

async fn ask(who: &Person, (method, path, body): &Ask) -> Answer {
    let body = body.as_ref().map(Value::to_string);
    let answer = who.send(method.clone(), path, body, &[]).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer
}

/// What the lab sells.
async fn products(who: &Person, count: usize) -> Vec<String> {
    let page = who.get(&format!("/api/v1/products?limit={count}")).await;
    let page = page.expect(200);
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), count);
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn order(who: &Person, products: &[String]) -> Answer {
    let line = |product: &String| json!({ "product_id": product, "quantity": 1 });
    let items: Vec<Value> = products.iter().map(line).collect();
    let body = json!({ "items": items, "payment": { "token": "tok_visa" } });
    who.post("/api/v1/orders", &body).await
}

/// The statements of a request, once all of it has arrived. What events set off afterwards is left out.
async fn statements(lab: &Lab, trace: &str) -> Counts {
    let observatory = Observatory::of(lab);
    let give_up = Instant::now() + TOLD_WITHIN;
    loop {
        let spans = without_events(observatory.trace(trace).await);
        if is_whole(&spans) {
            return counts(&spans);
        }
        assert!(Instant::now() < give_up, "{spans:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A service sends its spans in the order in which they ended, so whoever has its answer to a call has all that was done
/// for it; and the gateway answers last.
fn is_whole(spans: &[Span]) -> bool {
    let answered = |call: &Span| {
        spans
            .iter()
            .any(|span| span.kind == "SERVER" && span.parent == call.id)
    };
    let mut calls = spans
        .iter()
        .filter(|span| span.kind == "CLIENT" && !span.is_statement());
    let root = |span: &Span| span.service == "gateway" && span.kind == "SERVER";
    spans.iter().any(root) && calls.all(answered)
}

fn without_events(spans: Vec<Span>) -> Vec<Span> {
    let parents: HashMap<String, (String, &str)> = spans
        .iter()
        .map(|span| (span.id.clone(), (span.parent.clone(), span.kind)))
        .collect();
    let is_set_off = |span: &Span| {
        let mut id = &span.id;
        while let Some((parent, kind)) = parents.get(id) {
            if *kind == "CONSUMER" {
                return true;
            }
            id = parent;
        }
        false
    };
    let direct = spans.iter().filter(|span| !is_set_off(span));
    direct.cloned().collect()
}

fn counts(spans: &[Span]) -> Counts {
    let parts: HashMap<&str, &Span> = spans.iter().map(|span| (&*span.id, span)).collect();
    let mut by_part: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // The name `SELECT` alone is sqlx asking about a type that a connection meets for the first time.
    for span in spans
        .iter()
        .filter(|span| span.is_statement() && span.name != "SELECT")
    {
        *by_part.entry((&*span.parent, &*span.name)).or_default() += 1;
    }
    let mut most = Counts::new();
    for ((part, statement), count) in by_part {
        let Some(part) = parts.get(part) else {
            continue;
        };
        // Events that have gathered share a commit, which is shown with one of them.
        if part.kind == "CONSUMER" && statement == "COMMIT" {
            continue;
        }
        let key = (
            part.service.clone(),
            part.name.clone(),
            statement.to_owned(),
        );
        let so_far = most.entry(key).or_default();
        *so_far = count.max(*so_far);
    }
    most
}

#[test]
fn one_statement_more_for_each_line_shows_and_a_repeated_call_does_not() {
    let span = |id: &str, parent: &str, kind, name: &str| Span {
        id: id.to_owned(),
        parent: parent.to_owned(),
        service: "product".to_owned(),
        kind,
        name: name.to_owned(),
        start: 0,
        failed: false,
        attributes: match kind {
            "CLIENT" => BTreeMap::from([("db.system.name".to_owned(), json!({}))]),
            _ => BTreeMap::new(),
        },
        resource: BTreeMap::new(),
        links: Vec::new(),
    };
    let request = |id: &str| span(id, "", "SERVER", "POST /batch");
    let select = |id: &str, of: &str| span(id, of, "CLIENT", "SELECT products");
    let once = [request("a"), select("1", "a")];
    let repeated = [
        request("a"),
        select("1", "a"),
        request("b"),
        select("2", "b"),
    ];
    let each = [request("a"), select("1", "a"), select("2", "a")];
    assert_eq!(counts(&once), counts(&repeated));
    assert_ne!(counts(&once), counts(&each));
}
