use chassis::money::Currency;
use proptest::prelude::*;

use super::*;

fn created() -> Order {
    let line = Line {
        product_id: Uuid::now_v7(),
        name: "Teapot".to_owned(),
        quantity: 2,
        unit_price: Money::new(500, Currency::Eur),
    };
    let basket = Basket::new(vec![line]).unwrap();
    Order::begin(Order::create(OrderId::new(), Uuid::now_v7(), basket)).unwrap()
}

#[test]
fn the_legal_moves_are_exactly_these_five() {
    let legal: Vec<_> = Status::ALL
        .into_iter()
        .flat_map(|from| Status::ALL.into_iter().map(move |to| (from, to)))
        .filter(|(from, to)| from.may_become(*to))
        .map(|(from, to)| format!("{from}→{to}"))
        .collect();
    let expected = [
        "pending→paid",
        "pending→cancelled",
        "paid→shipped",
        "paid→cancelled",
        "shipped→delivered",
    ];
    assert_eq!(legal, expected);
}

#[test]
fn an_order_that_is_being_cancelled_can_only_end_cancelled() {
    let mut order = created();
    let event = order
        .request_cancellation(CancelReason::CustomerRequest, String::new())
        .unwrap();
    order.apply(event);
    assert_eq!(order.pay(Uuid::now_v7()), Err(OrderError::Cancelling));
    assert_eq!(order.advance(Status::Shipped), Err(OrderError::Cancelling));
    assert!(
        order
            .cancel(CancelReason::CustomerRequest, String::new())
            .is_ok()
    );
}

#[test]
fn an_older_refund_changes_nothing_and_a_larger_one_than_paid_is_refused() {
    let mut order = created();
    let event = order.refund(Uuid::now_v7(), 600).unwrap().unwrap();
    order.apply(event);
    assert_eq!(order.refund(Uuid::now_v7(), 300), Ok(None));
    assert!(matches!(
        order.refund(Uuid::now_v7(), 1001),
        Err(OrderError::RefundTooLarge {
            refunded: 1001,
            total: 1000
        })
    ));
}

#[test]
fn names_round_trip() {
    for status in Status::ALL {
        assert_eq!(status.as_str().parse(), Ok(status));
    }
    for reason in CancelReason::ALL {
        assert_eq!(reason.as_str().parse(), Ok(reason));
    }
}

fn replayed(stream: Vec<OrderEvent>) -> Order {
    let mut events = stream.into_iter();
    let mut order = Order::begin(events.next().unwrap()).unwrap();
    events.for_each(|event| order.apply(event));
    order
}

#[derive(Clone, Debug)]
enum Attempt {
    Pay,
    RequestCancellation,
    Cancel,
    Advance(Status),
    Refund(i64),
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let attempt = prop_oneof![
        Just(Attempt::Pay),
        Just(Attempt::RequestCancellation),
        Just(Attempt::Cancel),
        prop::sample::select(Status::ALL.to_vec()).prop_map(Attempt::Advance),
        (0_i64..2000).prop_map(Attempt::Refund),
    ];
    prop::collection::vec(attempt, 0..20)
}

fn decide(order: &Order, attempt: &Attempt) -> Option<OrderEvent> {
    let reason = CancelReason::CustomerRequest;
    match attempt {
        Attempt::Pay => order.pay(Uuid::now_v7()).ok(),
        Attempt::RequestCancellation => order.request_cancellation(reason, String::new()).ok(),
        Attempt::Cancel => order.cancel(reason, String::new()).ok(),
        Attempt::Advance(to) => order.advance(*to).ok(),
        Attempt::Refund(total) => order.refund(Uuid::now_v7(), *total).ok().flatten(),
    }
}

proptest! {
    #[test]
    fn whatever_is_tried_only_legal_moves_happen_and_the_stream_replays(attempts in attempts()) {
        let mut order = created();
        let mut stream = vec![OrderEvent::OrderCreated {
            order_id: order.id,
            user_id: order.user_id,
            items: order.items.clone(),
            total: order.total,
        }];
        for attempt in attempts {
            let before = order.status;
            if let Some(event) = decide(&order, &attempt) {
                order.apply(event.clone());
                stream.push(event);
            }
            prop_assert!(before == order.status || before.may_become(order.status));
            prop_assert!((0..=order.total.amount).contains(&order.refunded));
            prop_assert!(order.status != Status::Paid || order.payment_id.is_some());
        }
        prop_assert_eq!(order.version, i64::try_from(stream.len()).unwrap());
        prop_assert_eq!(replayed(stream), order);
    }
}
