//! What notification relies on: what user, order and payment tell a customer's mails of.

use notification::News;
use pact_consumer::*;

use crate::{
    recording::Recording,
    words::{ORDER, PRODUCT, USER, money, text, uuid},
};

#[test]
fn notification_reads_of_users() {
    let mut pact = Recording::between("notification", "user");
    let account = || {
        json_pattern!({
            "user_id": uuid(USER),
            "email": text("^[^@ ]+@[^@ ]+$", "ada@example.com"),
            "name": like!("Ada"),
            "verification_token": text("^[A-Za-z0-9_-]{43}$", &"A".repeat(43)),
        })
    };
    for event_type in ["UserRegistered", "UserUpdated"] {
        let event = pact.read(event_type, account());
        assert!(News::read(&event).unwrap().is_some(), "{event_type}");
    }
    // Whose it is, is on the envelope.
    let event = pact.read("UserDeleted", json_pattern!({}));
    assert_eq!(News::read(&event).unwrap(), None);
    pact.finish();
}

#[test]
fn notification_reads_of_orders() {
    let mut pact = Recording::between("notification", "order");
    let line = json_pattern!({
        "product_id": uuid(PRODUCT), "name": like!("Teapot"), "quantity": like!(2), "unit_price": money(2_500),
    });
    let paid = json_pattern!({
        "order_id": uuid(ORDER), "user_id": uuid(USER), "items": [line], "total": money(5_000),
    });
    let cancelled = json_pattern!({
        "order_id": uuid(ORDER), "user_id": uuid(USER), "reason": text("^[a-z_]+$", "out_of_stock"),
    });
    let changed = json_pattern!({
        "order_id": uuid(ORDER), "user_id": uuid(USER), "to": text("^(shipped|delivered)$", "shipped"),
    });
    for (event_type, data) in [
        ("OrderPaid", paid),
        ("OrderCancelled", cancelled),
        ("OrderStatusChanged", changed),
    ] {
        let event = pact.read(event_type, data);
        assert!(News::read(&event).unwrap().is_some(), "{event_type}");
    }
    pact.finish();
}

#[test]
fn notification_reads_of_refunds() {
    let mut pact = Recording::between("notification", "payment");
    let data =
        json_pattern!({ "order_id": uuid(ORDER), "user_id": uuid(USER), "amount": money(500) });
    let event = pact.read("PaymentRefunded", data);
    assert!(News::read(&event).unwrap().is_some());
    pact.finish();
}
