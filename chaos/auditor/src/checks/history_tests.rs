//! Each check of a client's history holds for a history that fits the books, and fails for one that does not.

use uuid::Uuid;

use super::{all, tests::balanced};
use crate::{
    books::Books,
    history::{History, Operation, Outcome},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn ordered(outcome: Outcome, key: &str, order: Option<(u128, &str)>, trace: &str) -> Operation {
    Operation {
        endpoint: "POST /orders".to_owned(),
        outcome,
        idempotency_key: Some(key.to_owned()),
        order_id: order.map(|(id, _)| Uuid::from_u128(id)),
        order_status: order.map(|(_, status)| status.to_owned()),
        trace_id: trace.to_owned(),
    }
}

/// The balanced books, in which order 1 is paid and order 2 was given up by its customer.
fn fitting() -> Books {
    let mut books = balanced();
    books.keys = [("key-1", 1), ("key-2", 2)]
        .map(|(key, id)| (key.to_owned(), Uuid::from_u128(id)))
        .into();
    for (number, order) in books.orders.iter_mut().enumerate() {
        order.traceparent = Some(format!("00-trace{number}-span-01"));
    }
    let cancellation = Operation {
        endpoint: "POST /orders/{id}/cancel".to_owned(),
        ..ordered(Outcome::Ok, "", Some((2, "cancelled")), "c")
    };
    books.history = Some(History {
        orders: vec![
            ordered(Outcome::Ok, "key-1", Some((1, "paid")), "trace0"),
            ordered(Outcome::Ok, "key-2", Some((2, "paid")), "trace1"),
            ordered(Outcome::Unknown, "key-3", None, "trace2"),
            ordered(Outcome::Unknown, "key-4", None, "never-arrived"),
            ordered(Outcome::Failed, "key-5", None, "refused"),
        ],
        cancellations: vec![cancellation],
    });
    books
}

fn noticed(spoil: impl Fn(&mut Books)) -> Vec<&'static str> {
    let mut books = fitting();
    spoil(&mut books);
    let checks = all(&books).into_iter();
    checks
        .filter(|check| !check.ok)
        .map(|check| check.name)
        .collect()
}

fn orders(books: &mut Books) -> &mut Vec<Operation> {
    &mut books.history.as_mut().unwrap().orders
}

#[test]
fn a_history_that_fits_is_accepted_and_says_how_the_unknown_ones_ended() {
    assert_eq!(noticed(|_| {}), Vec::<&str>::new());
    let checks = all(&fitting());
    let unknown = checks
        .iter()
        .find(|check| check.name == "unknown_orders_resolved")
        .unwrap();
    assert!(
        unknown
            .detail
            .contains("1 were made and have ended, 1 were not made"),
        "{}",
        unknown.detail
    );
}

#[test]
fn an_acknowledged_order_that_is_gone_is_noticed() {
    let lost = |books: &mut Books| {
        orders(books).push(ordered(Outcome::Ok, "key-9", Some((9, "paid")), TRACE));
    };
    assert_eq!(noticed(lost), ["acknowledged_orders_kept"]);
}

#[test]
fn a_paid_order_that_became_cancelled_without_its_customer_is_noticed() {
    let unasked = |books: &mut Books| {
        books.history.as_mut().unwrap().cancellations.clear();
    };
    assert_eq!(noticed(unasked), ["acknowledged_orders_kept"]);
    let cancelled = |books: &mut Books| {
        let mut told = ordered(Outcome::Ok, "key-1", Some((1, "cancelled")), "trace0");
        std::mem::swap(&mut orders(books)[0], &mut told);
    };
    assert_eq!(noticed(cancelled), ["acknowledged_orders_kept"]);
}

#[test]
fn an_order_without_an_answer_that_never_ends_is_noticed() {
    let open = |books: &mut Books| books.orders[2].saga = Some("stuck".to_owned());
    assert_eq!(noticed(open), ["sagas_terminal", "unknown_orders_resolved"]);
}

#[test]
fn a_refused_order_that_was_made_all_the_same_is_noticed() {
    let made = |books: &mut Books| {
        let id = Uuid::from_u128(3);
        books.keys.insert("key-5".to_owned(), id);
    };
    assert_eq!(noticed(made), ["refused_orders_not_made"]);
}

#[test]
fn a_key_that_made_two_orders_is_noticed() {
    let twice = |books: &mut Books| {
        orders(books).push(ordered(Outcome::Unknown, "key-1", None, "trace2"));
    };
    assert_eq!(noticed(twice), ["one_order_a_key"]);
}
