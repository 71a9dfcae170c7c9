//! Each check is shown to hold for balanced books and to fail for books with one thing wrong.

use super::*;
use crate::{
    Report,
    books::{Stock, Unapplied, Unpublished},
};

/// One paid order of two units at 500, one cancelled and refunded order, and one that was declined.
pub(super) fn balanced() -> Books {
    let ids: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
    let order = |id: Uuid, status: &str, saga: &str| Order {
        id,
        status: status.to_owned(),
        total: 1000,
        refunded: 0,
        version: 2,
        stream_version: Some(2),
        stream_status: Some(status.to_owned()),
        saga: Some(saga.to_owned()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    };
    let payment = |order_id, captured, refunded| Payment {
        order_id,
        captured,
        refunded,
        ..Payment::default()
    };
    let ledger = |id: Uuid, refunded| LedgerSum {
        order_id: id.to_string(),
        captures: 1,
        captured: 1000,
        refunded,
    };
    let reservation = |order_id, status: &str| Reservation {
        order_id,
        status: status.to_owned(),
        units: 2,
    };
    Books {
        orders: vec![
            order(ids[0], "paid", "completed"),
            order(ids[1], "cancelled", "compensated"),
            order(ids[2], "cancelled", "compensated"),
        ],
        ordered_units: ids.iter().map(|id| (*id, 2)).collect(),
        payments: vec![payment(ids[0], 1000, 0), payment(ids[1], 1000, 1000)],
        ledger: vec![ledger(ids[0], 0), ledger(ids[1], 1000)],
        stock: vec![Stock {
            product_id: Uuid::from_u128(9),
            received: 10,
            available: 8,
            sold: 2,
            committed_items: 2,
            ..Stock::default()
        }],
        reservations: vec![
            reservation(ids[0], "committed"),
            reservation(ids[1], "released"),
        ],
        unpublished: vec![Unpublished {
            service: "order",
            events: Vec::new(),
        }],
        unapplied: vec![Unapplied {
            consumer: "order.payments",
            events: Vec::new(),
        }],
        ..Books::default()
    }
}

#[test]
fn balanced_books_are_balanced() {
    let books = balanced();
    let report = Report::new(&books, all(&books));
    assert!(report.balanced, "{report:#?}");
}

#[test]
fn what_is_forgiven_is_not_told_again_and_what_is_new_is() {
    let mut books = balanced();
    for number in 100..120_u128 {
        let (order_id, captures) = (Uuid::from_u128(number).to_string(), 2);
        books.ledger.push(LedgerSum {
            order_id,
            captures,
            ..LedgerSum::default()
        });
    }
    let before = Report::new(&books, all(&books));
    assert!(!before.balanced);
    assert_eq!(
        before.disagreeing.len(),
        20,
        "also those that are not shown"
    );

    books.forgiven = before.disagreeing;
    assert!(Report::new(&books, all(&books)).balanced);
    let new = Uuid::from_u128(200).to_string();
    books.ledger.push(LedgerSum {
        order_id: new.clone(),
        captures: 2,
        ..LedgerSum::default()
    });
    let after = Report::new(&books, all(&books));
    let twice = after
        .checks
        .iter()
        .find(|check| check.name == "one_capture_an_order");
    let told: Vec<&str> = twice
        .unwrap()
        .counterexamples
        .iter()
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(told, [new]);
}

/// Spoils the books in one way and returns the names of the checks that notice.
fn noticed(spoil: impl Fn(&mut Books)) -> Vec<&'static str> {
    let mut books = balanced();
    spoil(&mut books);
    all(&books)
        .into_iter()
        .filter(|check| !check.ok)
        .map(|check| check.name)
        .collect()
}

#[test]
fn money_that_is_wrong_is_noticed() {
    assert_eq!(
        noticed(|b| b.payments[0].captured = 999),
        ["payments_match_orders", "ledger_matches_payments"]
    );
    assert_eq!(
        noticed(|b| b.ledger[0].captured = 2000),
        ["ledger_matches_payments"]
    );
    assert_eq!(
        noticed(|b| b.ledger[0].captures = 2),
        ["one_capture_an_order"]
    );
    assert_eq!(noticed(|b| b.ledger_imbalance = 1), ["ledger_sums_to_zero"]);
    assert_eq!(
        noticed(|b| b.ledger[1].order_id = "unknown".to_owned()),
        ["ledger_matches_payments"]
    );
    assert_eq!(
        noticed(|b| b.orders[0].refunded = 100),
        ["payments_match_orders"]
    );
}

#[test]
fn charging_without_an_order_is_noticed() {
    let lost = |books: &mut Books| {
        books.orders.remove(0);
    };
    assert_eq!(
        noticed(lost),
        ["payments_match_orders", "sold_matches_orders"]
    );
}

#[test]
fn keeping_the_money_of_a_cancelled_order_is_noticed() {
    let kept = |books: &mut Books| {
        books.payments[1].refunded = 0;
        books.ledger[1].refunded = 0;
    };
    assert_eq!(noticed(kept), ["payments_match_orders"]);
}

#[test]
fn stock_that_is_wrong_is_noticed() {
    assert_eq!(noticed(|b| b.stock[0].available = 9), ["stock_adds_up"]);
    assert_eq!(
        noticed(|b| b.stock[0].committed_items = 3),
        ["stock_matches_reservations"]
    );
    assert_eq!(
        noticed(|b| b.reservations[0].units = 1),
        ["sold_matches_orders"]
    );
    let oversold = |books: &mut Books| {
        books.stock[0].available = -1;
        books.stock[0].sold = 11;
        books.stock[0].committed_items = 11;
    };
    assert_eq!(noticed(oversold), ["stock_adds_up"]);
    let held = |books: &mut Books| books.reservations[1].status = "held".to_owned();
    assert_eq!(noticed(held), ["no_orphaned_reservation"]);
}

#[test]
fn work_left_undone_is_noticed() {
    assert_eq!(
        noticed(|b| b.orders[0].saga = Some("stuck".to_owned())),
        ["sagas_terminal"]
    );
    assert_eq!(noticed(|b| b.orders[0].saga = None), ["sagas_terminal"]);
    assert_eq!(
        noticed(|b| b.unpublished[0].events.push(Uuid::nil())),
        ["outbox_published"]
    );
    let unapplied = |books: &mut Books| {
        books.unapplied[0]
            .events
            .push((Uuid::nil(), Uuid::from_u128(1)));
    };
    assert_eq!(noticed(unapplied), ["events_applied"]);
}

#[test]
fn a_read_model_that_strayed_from_its_events_is_noticed() {
    assert_eq!(
        noticed(|b| b.orders[0].stream_version = Some(3)),
        ["read_model_matches_events"]
    );
    let status = |books: &mut Books| books.orders[0].stream_status = Some("shipped".to_owned());
    assert_eq!(noticed(status), ["read_model_matches_events"]);
}

#[test]
fn a_counter_example_names_the_trace_of_its_order() {
    let mut books = balanced();
    books.payments[0].captured = 1;
    let report = Report::new(&books, all(&books));
    let check = report
        .checks
        .iter()
        .find(|check| check.name == "payments_match_orders")
        .unwrap();
    let trace = check.counterexamples[0].trace_id.as_deref();
    assert_eq!(trace, Some("4bf92f3577b34da6a3ce929d0e0e4736"));
}
