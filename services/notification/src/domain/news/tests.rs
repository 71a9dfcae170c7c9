//! Which events are news, and which are not.

use super::*;

fn event(event_type: &str, data: Value) -> Event {
    Event {
        id: Uuid::now_v7(),
        source: "/services/order".to_owned(),
        event_type: event_type.to_owned(),
        subject: Uuid::now_v7(),
        sequence: 2,
        time: chrono::Utc::now(),
        correlation_id: String::new(),
        data_version: 1,
        data,
        trace: Default::default(),
    }
}

#[test]
fn a_paid_order_lists_its_lines_with_prices() {
    let price = json!({ "amount": 250, "currency": "EUR" });
    let data = json!({
        "order_id": Uuid::nil(), "user_id": Uuid::nil(), "payment_id": Uuid::nil(),
        "items": [{ "product_id": Uuid::nil(), "name": "Bowl", "quantity": 3, "unit_price": price }],
        "total": { "amount": 750, "currency": "EUR" }, "something_new": true,
    });
    let news = News::read(&event("OrderPaid", data)).unwrap().unwrap();
    assert_eq!(news.facts["lines"][0]["price"], "7.50 EUR");
    assert_eq!(news.facts["total"], "7.50 EUR");
}

#[test]
fn an_unknown_type_is_no_news_and_a_known_one_without_its_fields_is_poison() {
    assert_eq!(News::read(&event("OrderSneezed", json!({}))).unwrap(), None);
    let poison = News::read(&event("OrderPaid", json!({ "order_id": 1 })));
    assert!(matches!(poison, Err(ApplyError::Poison(_))), "{poison:?}");
}

#[test]
fn mails_about_the_account_cannot_be_switched_off() {
    let nothing = Preferences {
        order_updates: false,
        payment_updates: false,
    };
    let wanted: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| nothing.allow(*kind))
        .collect();
    assert_eq!(wanted, [Kind::Welcome, Kind::AddressChanged]);
}

#[test]
fn a_code_for_an_address_goes_to_that_address() {
    let data = json!({ "user_id": Uuid::nil(), "email": "new@faultline.test", "name": "Ada",
                       "verification_token": "t0k3n" });
    let news = News::read(&event("UserUpdated", data)).unwrap().unwrap();
    assert_eq!(
        (news.kind, news.to.unwrap().email.as_str()),
        (Kind::AddressChanged, "new@faultline.test")
    );
    let renamed = json!({ "user_id": Uuid::nil(), "email": "a@faultline.test", "name": "Eva" });
    assert_eq!(News::read(&event("UserUpdated", renamed)).unwrap(), None);
}

#[test]
fn only_shipping_and_delivery_are_news_of_a_status() {
    for (to, is_news) in [("shipped", true), ("delivered", true), ("paid", false)] {
        let data = json!({ "order_id": Uuid::nil(), "user_id": Uuid::nil(), "to": to });
        let news = News::read(&event("OrderStatusChanged", data)).unwrap();
        assert_eq!(news.is_some(), is_news, "{to}");
    }
}
