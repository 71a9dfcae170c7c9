//! What payment relies on: the provider's two faces. Every amount, status and error that decides about money is here.

mod paypal;
mod stripe;

use chassis::{
    config::{Env, Secret},
    money::{Currency, Money},
    service::{self, Running},
};
use chrono::DateTime;
use pact_consumer::{builders::InteractionBuilder, prelude::HttpPartBuilder as _, *};
use payment::{
    domain::{
        Attempt, AttemptState, Calls, CardToken, OrderId, Payment, PaymentId, Position, Provider,
        Refund, RefundId, RefundKind, RefundStatus, UserId,
    },
    provider::{Charge, ChargeOutcome, GiveBack, Providers, RefundOutcome},
};
use uuid::Uuid;

use crate::{
    recording::{Mock, Recording},
    words::{ORDER, PAYMENT, SEARCHED, USER},
};

const AMOUNT: Money = Money {
    amount: 2_500,
    currency: Currency::Eur,
};
const KEY: &str = "a-key-of-this-attempt";

/// The clients as the service makes them.
struct Clients {
    to: Providers,
    _service: Running,
}

async fn of(mock: &Mock) -> Clients {
    let url = mock.url();
    let env = Env::from_pairs([
        ("EDGE_STRIPE_URL", url.as_str()),
        ("EDGE_PAYPAL_URL", url.as_str()),
    ]);
    let service = service::start("payment", env, |_| async { Ok(axum::Router::new()) });
    let service = service.await.unwrap();
    let key = Secret::new("sk_test_of_a_merchant");
    Clients {
        to: Providers::from_env(service.context(), &key).unwrap(),
        _service: service,
    }
}

fn charge<'a>(token: &'a CardToken, known_id: Option<&'a str>) -> Charge<'a> {
    Charge {
        key: KEY,
        payment: PaymentId(PAYMENT),
        order: OrderId(ORDER),
        amount: AMOUNT,
        token,
        known_id,
    }
}

async fn charged(mock: &Mock, at: Provider, token: &str) -> ChargeOutcome {
    let token = CardToken::parse(token).unwrap();
    of(mock).await.to.charge(at, charge(&token, None)).await
}

async fn looked_up(mock: &Mock, at: Provider, known_id: Option<&str>) -> Option<ChargeOutcome> {
    let token = CardToken::parse("tok_visa").unwrap();
    let charge = Charge {
        order: OrderId(SEARCHED),
        ..charge(&token, known_id)
    };
    of(mock).await.to.look_up(at, charge).await
}

async fn refunded(mock: &Mock, at: Provider, payment_id: &str, capture_id: &str) -> RefundOutcome {
    let time = DateTime::UNIX_EPOCH;
    let payment = Payment {
        id: PaymentId(PAYMENT),
        order_id: OrderId(ORDER),
        user_id: Some(UserId(USER)),
        currency: Some(AMOUNT.currency),
        provider: Some(at),
        decline_code: None,
        position: Position::opened(AMOUNT.amount),
        version: 1,
        correlation_id: "pact".to_owned(),
        checks: 0,
        created_at: time,
        updated_at: time,
    };
    let attempt = Attempt {
        id: Uuid::from_u128(1),
        payment_id: payment.id,
        provider: at,
        idempotency_key: KEY.to_owned(),
        state: AttemptState::Captured,
        calls: Calls {
            begun: 1,
            not_processed: 0,
        },
        provider_payment_id: Some(payment_id.to_owned()),
        provider_capture_id: Some(capture_id.to_owned()),
    };
    let refund = Refund {
        id: RefundId(Uuid::from_u128(2)),
        payment_id: payment.id,
        amount: 500,
        reason: "requested".to_owned(),
        kind: RefundKind::Requested,
        status: RefundStatus::Pending,
        failure_code: None,
        created_at: time,
        updated_at: time,
    };
    let back = GiveBack {
        refund: &refund,
        payment: &payment,
        attempt: &attempt,
        amount: Money::new(500, AMOUNT.currency),
    };
    of(mock).await.to.refund(at, back).await
}

/// The merchant's key, whatever it is.
fn keyed(i: &mut InteractionBuilder, header: &str, expression: &str) {
    let key = term!("^[!-~]+$", KEY);
    i.request
        .header_from_provider_state(header, expression, key);
}

#[tokio::test(flavor = "multi_thread")]
async fn payment_and_its_provider() {
    let mut pact = Recording::between("payment", "psp");
    stripe::record(&mut pact).await;
    paypal::record(&mut pact).await;
    pact.finish();
}
