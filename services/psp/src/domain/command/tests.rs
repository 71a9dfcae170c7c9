//! Properties of any history of commands, and the table of tokens.

use chassis::money::Currency;
use proptest::prelude::*;

use super::*;
use crate::domain::ledger::{Account, Direction};

const AMOUNT: i64 = 1000;

fn new_payment(token: Option<&'static TestToken>, capture_method: CaptureMethod) -> NewPayment {
    NewPayment {
        provider: Provider::Stripe,
        amount: Money::new(AMOUNT, Currency::Eur),
        capture_method,
        token,
        confirm: false,
        order_id: Some("order-1".to_owned()),
        description: None,
        metadata: Metadata::new(),
    }
}

fn any_token() -> impl Strategy<Value = Option<&'static TestToken>> {
    proptest::option::of((0..TestToken::all().len()).prop_map(|i| &TestToken::all()[i]))
}

fn any_change() -> impl Strategy<Value = Change> {
    let refund = |amount| RefundRequest {
        amount,
        reason: None,
        metadata: Metadata::new(),
    };
    prop_oneof![
        any_token().prop_map(Change::Confirm),
        proptest::option::of(-5..AMOUNT + 5).prop_map(Change::Capture),
        Just(Change::Cancel(None)),
        (-5..AMOUNT / 2).prop_map(move |n| Change::Refund(refund(RefundAmount::Units(n)))),
        Just(Change::Refund(refund(RefundAmount::Rest))),
        Just(Change::Refund(refund(RefundAmount::Exactly(Money::new(
            1,
            Currency::Usd
        ))))),
    ]
}

/// Credits less debits of an account.
fn balance(movements: &[Movement], account: Account) -> i64 {
    movements
        .iter()
        .flat_map(|movement| {
            movement
                .accounts()
                .map(|entry| (entry, movement.amount.amount))
        })
        .filter(|((whose, _), _)| *whose == account)
        .map(|((_, direction), units)| match direction {
            Direction::Credit => units,
            Direction::Debit => -units,
        })
        .sum()
}

proptest! {
    #[test]
    fn the_books_agree_with_the_payment_after_any_history(
        token in any_token(),
        manual: bool,
        changes in proptest::collection::vec(any_change(), 0..12),
    ) {
        let method = if manual { CaptureMethod::Manual } else { CaptureMethod::Automatic };
        let mut payment = new_payment(token, method).create(Utc::now()).unwrap().payment;
        let mut movements = Vec::new();
        for change in changes {
            let before = payment.clone();
            let Ok(done) = change.apply(payment.clone(), Utc::now()) else { continue };
            movements.extend(done.movement());
            payment = done.payment;

            prop_assert!(0 <= payment.refunded && payment.refunded <= payment.captured);
            prop_assert!(payment.captured <= payment.amount.amount);
            prop_assert_eq!(payment.captured > 0, payment.status == Status::Succeeded);
            prop_assert!(before.charge_id.is_none() || payment.charge_id == before.charge_id);
            prop_assert!(before.status != Status::Canceled, "a canceled payment changed");
            if before.status == Status::Succeeded {
                prop_assert_eq!(payment.status, Status::Succeeded);
                prop_assert_eq!(payment.captured, before.captured);
            }
        }
        let captures = movements.iter().filter(|m| m.kind == MovementKind::Capture).count();
        prop_assert!(captures <= 1);
        prop_assert_eq!(balance(&movements, Account::Merchant), payment.refundable());
        prop_assert_eq!(
            balance(&movements, Account::Merchant) + balance(&movements, Account::Customer),
            0
        );
    }
}

#[test]
fn each_token_has_its_outcome() {
    for (name, decline, withheld) in [
        ("tok_visa", None, false),
        ("tok_mastercard", None, false),
        ("tok_chargeDeclined", Some(Decline::Generic), false),
        (
            "tok_chargeDeclinedInsufficientFunds",
            Some(Decline::InsufficientFunds),
            false,
        ),
        (
            "tok_insufficientFunds",
            Some(Decline::InsufficientFunds),
            false,
        ),
        (
            "tok_chargeDeclinedExpiredCard",
            Some(Decline::ExpiredCard),
            false,
        ),
        ("tok_visa_captureThenHang", None, true),
        (
            "tok_visa_hangThenNothing",
            Some(Decline::ProcessingError),
            true,
        ),
    ] {
        let token = TestToken::find(name).unwrap();
        let new = NewPayment {
            confirm: true,
            ..new_payment(Some(token), CaptureMethod::Automatic)
        };
        let done = new.create(Utc::now()).unwrap();
        assert_eq!(done.payment.decline, decline, "{name}");
        assert_eq!(
            done.payment.captured,
            if decline.is_none() { AMOUNT } else { 0 },
            "{name}"
        );
        assert_eq!(done.withholds_answer(), withheld, "{name}");
    }
    assert_eq!(TestToken::find("tok_VISA"), None);
}

#[test]
fn with_manual_capture_it_is_the_capture_whose_answer_is_withheld() {
    let token = TestToken::find("tok_visa_captureThenHang");
    let new = NewPayment {
        confirm: true,
        ..new_payment(token, CaptureMethod::Manual)
    };
    let authorised = new.create(Utc::now()).unwrap();
    assert!(!authorised.withholds_answer());
    let captured = Change::Capture(Some(400))
        .apply(authorised.payment, Utc::now())
        .unwrap();
    assert!(captured.withholds_answer());
    assert_eq!(captured.payment.captured, 400);
}

#[test]
fn a_declined_payment_can_be_charged_with_another_token_but_not_with_the_same_by_default() {
    let bad = TestToken::find("tok_chargeDeclined");
    let new = NewPayment {
        confirm: true,
        ..new_payment(bad, CaptureMethod::Automatic)
    };
    let declined = new.create(Utc::now()).unwrap().payment;
    let again = Change::Confirm(None).apply(declined.clone(), Utc::now());
    assert!(matches!(again, Err(Refusal::TokenMissing)));
    let paid = Change::Confirm(TestToken::find("tok_visa"))
        .apply(declined, Utc::now())
        .unwrap();
    assert_eq!(
        (paid.payment.status, paid.payment.decline),
        (Status::Succeeded, None)
    );
}
