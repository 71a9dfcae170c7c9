//! Ordering: what is sent, and what the shop may answer to it.

use rand::{Rng as _, rngs::SmallRng, seq::IndexedRandom as _};
use serde_json::json;
use uuid::Uuid;

use super::Visit;
use crate::{
    door::{Answer, Ask},
    fault::Ended,
    ground::Wish,
};

/// Most units of one thing in an order.
const QUANTITY_MAX: i64 = 3;

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Token of the provider.
    pub token: &'static str,
    /// Which provider.
    pub provider: &'static str,
    /// Whether the provider takes it.
    pub good: bool,
}

/// A card that is good.
pub const VISA: Card = Card {
    token: "tok_visa",
    provider: "stripe",
    good: true,
};

const CARDS: [(u32, Card); 4] = [
    (75, VISA),
    (
        15,
        Card {
            provider: "paypal",
            ..VISA
        },
    ),
    (6, declined("tok_chargeDeclined")),
    (4, declined("tok_insufficientFunds")),
];

const fn declined(token: &'static str) -> Card {
    Card {
        token,
        provider: "stripe",
        good: false,
    }
}

/// An order as far as a customer looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// pending, paid, cancelled.
    pub status: String,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// What it costs, minor units.
    pub total: i64,
    /// What went back, minor units.
    pub refunded: i64,
    /// Trace of the request that told this.
    pub trace_id: String,
}

impl Order {
    /// Reads an order, which must be one thing, so many times, at its price.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn read(answer: &Answer) -> Result<Self, String> {
        let body = &answer.body;
        let id = body["id"].as_str().and_then(|id| id.parse().ok());
        let amount = |name: &str| body[name]["amount"].as_i64();
        let (Some(id), Some(status)) = (id, body["status"].as_str()) else {
            return Err("an order without id or status".to_owned());
        };
        let (Some(total), Some(refunded)) = (amount("total"), amount("refunded")) else {
            return Err("an order without money".to_owned());
        };
        let items = body["items"].as_array().into_iter().flatten();
        let sum: Option<i64> = items
            .map(|item| {
                let price = item["unit_price"]["amount"].as_i64()?;
                let line = price.checked_mul(item["quantity"].as_i64()?)?;
                (item["line_total"]["amount"].as_i64() == Some(line)).then_some(line)
            })
            .sum();
        if sum != Some(total) {
            return Err("an order whose lines do not add up to its total".to_owned());
        }
        Ok(Self {
            id,
            status: status.to_owned(),
            reason: body["reason"].as_str().map(str::to_owned),
            total,
            refunded,
            trace_id: answer.trace_id.clone(),
        })
    }

    /// `paid`, `cancelled: out_of_stock`.
    #[must_use]
    pub fn outcome(&self) -> String {
        match &self.reason {
            Some(reason) => format!("{}: {reason}", self.status),
            None => self.status.clone(),
        }
    }

    /// Whether this is what such a card and such a wish lead to. An order that is not decided yet is one of the answers.
    fn fits(&self, card: Card, wish: Wish) -> bool {
        match (self.status.as_str(), self.reason.as_deref()) {
            ("pending", _) => true,
            ("paid", _) => card.good,
            ("cancelled", Some("payment_declined")) => !card.good,
            ("cancelled", Some("out_of_stock")) => wish.may_be_sold_out,
            // The shop's own failures: they are counted by what became of the order, not as a wrong answer.
            ("cancelled", Some("reservation_expired" | "timed_out")) => true,
            _ => false,
        }
    }
}

impl Visit {
    /// Orders something and pays with some card.
    pub(super) async fn order(&mut self, good_card: bool) -> Result<Order, Ended> {
        let wish = self.ground.wish(&mut self.rng);
        let card = if good_card {
            VISA
        } else {
            some_card(&mut self.rng)
        };
        let quantity = if self.rng.random_ratio(1, 5) {
            self.rng.random_range(2..=QUANTITY_MAX)
        } else {
            1
        };
        let order = self.place(wish, card, quantity).await?;
        self.ground.ordered(&self.who.email, order.id);
        Ok(order)
    }

    async fn place(&mut self, wish: Wish, card: Card, quantity: i64) -> Result<Order, Ended> {
        let ask = ask(wish.product, card, quantity);
        let read = move |answer: &Answer| {
            let order = Order::read(answer)?;
            let item = &answer.body["items"][0];
            let product = wish.product.to_string();
            if item["product_id"] != product.as_str() || item["quantity"] != quantity {
                return Err("an order for something else".to_owned());
            }
            if (answer.status == 202) != (order.status == "pending") {
                return Err(format!(
                    "{} with an order that is {}",
                    answer.status, order.status
                ));
            }
            if !order.fits(card, wish) {
                return Err(format!("unexpected outcome {}", order.outcome()));
            }
            Ok(order)
        };
        self.ask(ask, read).await
    }

    /// Looks at an order, which must be the one asked for.
    pub(super) async fn look(&mut self, order: &Order) -> Result<Order, Ended> {
        let ask = Ask::get("GET /orders/{id}", format!("/api/v1/orders/{}", order.id));
        let (id, total) = (order.id, order.total);
        let read = move |answer: &Answer| {
            let found = Order::read(answer)?;
            if found.id != id || found.total != total {
                return Err("another order than the one asked for".to_owned());
            }
            Ok(found)
        };
        self.ask(ask, read).await
    }

    /// Notes what became of an order of this visit.
    pub(super) fn settled(&self, order: &Order) {
        self.door.recorder().order(self.began, order.outcome());
    }
}

/// The request for one thing. Its key makes it safe to send again; the history names it.
pub fn ask(product: Uuid, card: Card, quantity: i64) -> Ask {
    let body = json!({
        "items": [{ "product_id": product, "quantity": quantity }],
        "payment": { "token": card.token, "provider": card.provider },
    });
    Ask::post("POST /orders", "/api/v1/orders", body)
        .with_key(Uuid::now_v7())
        .expecting(&[201, 202])
}

fn some_card(rng: &mut SmallRng) -> Card {
    let chosen = CARDS.choose_weighted(rng, |(weight, _)| *weight);
    chosen.expect("weights are positive").1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, reason: Option<&str>, total: i64) -> Answer {
        Answer {
            status: 201,
            body: json!({
                "id": Uuid::from_u128(1), "status": status, "reason": reason,
                "items": [{ "quantity": 2, "unit_price": { "amount": 500 }, "line_total": { "amount": 1000 } }],
                "total": { "amount": total }, "refunded": { "amount": 0 },
            }),
            trace_id: "t".to_owned(),
        }
    }

    #[test]
    fn an_order_that_does_not_add_up_is_a_wrong_answer() {
        assert!(Order::read(&answer("paid", None, 1000)).is_ok());
        assert!(Order::read(&answer("paid", None, 999)).is_err());
        let mut other = answer("paid", None, 1000);
        other.body["items"][0]["line_total"]["amount"] = json!(900);
        assert!(Order::read(&other).is_err());
    }

    #[test]
    fn what_becomes_of_an_order_must_fit_the_card_and_the_shelf() {
        let bad = declined("tok_chargeDeclined");
        let wish = |may_be_sold_out| Wish {
            product: Uuid::nil(),
            may_be_sold_out,
        };
        let fits = |status, reason, card, scarce| {
            Order::read(&answer(status, reason, 1000))
                .unwrap()
                .fits(card, wish(scarce))
        };
        assert!(fits("paid", None, VISA, false));
        assert!(
            !fits("paid", None, bad, false),
            "a declined card must not pay"
        );
        assert!(fits("cancelled", Some("payment_declined"), bad, false));
        assert!(!fits("cancelled", Some("payment_declined"), VISA, false));
        assert!(fits("cancelled", Some("out_of_stock"), VISA, true));
        assert!(
            !fits("cancelled", Some("out_of_stock"), VISA, false),
            "there was plenty"
        );
    }
}
