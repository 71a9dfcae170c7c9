//! News for a customer, as read from an event. Unknown events and unknown fields are ignored.

use chassis::{
    events::{ApplyError, Event},
    money::Money,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Recipient;

/// What a mail is about; also the name of its template and its label in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Welcome,
    AddressChanged,
    OrderPaid,
    OrderCancelled,
    OrderStatus,
    Refund,
}

impl Kind {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::Welcome,
        Self::AddressChanged,
        Self::OrderPaid,
        Self::OrderCancelled,
        Self::OrderStatus,
        Self::Refund,
    ];

    /// The name of the template.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::AddressChanged => "address_changed",
            Self::OrderPaid => "order_paid",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderStatus => "order_status",
            Self::Refund => "refund",
        }
    }
}

/// What a customer wants to hear about. Mails about the account itself always go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Preferences {
    pub(crate) order_updates: bool,
    pub(crate) payment_updates: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            order_updates: true,
            payment_updates: true,
        }
    }
}

impl Preferences {
    /// Whether a mail of this kind is wanted.
    pub(crate) fn allow(self, kind: Kind) -> bool {
        match kind {
            Kind::Welcome | Kind::AddressChanged => true,
            Kind::OrderPaid | Kind::OrderCancelled | Kind::OrderStatus => self.order_updates,
            Kind::Refund => self.payment_updates,
        }
    }
}

/// What has an effect here, by topic: a mail, or an entry in the address book.
pub const EVENT_TYPES: [(&str, &[&str]); 3] = [
    (
        "user.events",
        &["UserRegistered", "UserUpdated", "UserDeleted"],
    ),
    (
        "order.events",
        &["OrderPaid", "OrderCancelled", "OrderStatusChanged"],
    ),
    ("payment.events", &["PaymentRefunded"]),
];

/// One piece of news.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    pub(crate) kind: Kind,
    pub(crate) user_id: Uuid,
    /// The address that the mail is about. A code that proves an address goes there and nowhere else, whatever the
    /// customer's address is by now.
    pub(crate) to: Option<Recipient>,
    /// What the template says, beside the customer's name.
    pub(crate) facts: Value,
}

#[derive(Deserialize)]
struct Account {
    user_id: Uuid,
    email: String,
    name: String,
    verification_token: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    name: String,
    quantity: u32,
    unit_price: Money,
}

#[derive(Deserialize)]
struct Paid {
    order_id: Uuid,
    user_id: Uuid,
    items: Vec<Line>,
    total: Money,
}

#[derive(Deserialize)]
struct Cancelled {
    order_id: Uuid,
    user_id: Uuid,
    reason: String,
}

#[derive(Deserialize)]
struct StatusChanged {
    order_id: Uuid,
    user_id: Uuid,
    to: String,
}

#[derive(Deserialize)]
struct Refunded {
    order_id: Uuid,
    user_id: Uuid,
    amount: Money,
}

impl News {
    /// The news in an event; `None` if it is none for a customer.
    ///
    /// # Errors
    /// [`ApplyError::Poison`] if the event says something else than its type should.
    pub fn read(event: &Event) -> Result<Option<Self>, ApplyError> {
        let news = match event.event_type.as_str() {
            "UserRegistered" => Self::account(Kind::Welcome, event.parse()?),
            "UserUpdated" => {
                let account: Account = event.parse()?;
                if account.verification_token.is_none() {
                    return Ok(None);
                }
                Self::account(Kind::AddressChanged, account)
            }
            "OrderPaid" => Self::paid(event.parse()?)?,
            "OrderCancelled" => {
                let Cancelled {
                    order_id,
                    user_id,
                    reason,
                } = event.parse()?;
                let facts = json!({ "order_id": order_id, "reason": in_words(&reason) });
                Self::new(Kind::OrderCancelled, user_id, facts)
            }
            "OrderStatusChanged" => {
                let StatusChanged {
                    order_id,
                    user_id,
                    to,
                } = event.parse()?;
                // Paid and cancelled have mails of their own.
                if !matches!(to.as_str(), "shipped" | "delivered") {
                    return Ok(None);
                }
                let facts = json!({ "order_id": order_id, "status": to });
                Self::new(Kind::OrderStatus, user_id, facts)
            }
            "PaymentRefunded" => {
                let Refunded {
                    order_id,
                    user_id,
                    amount,
                } = event.parse()?;
                let facts = json!({ "order_id": order_id, "amount": amount.to_string() });
                Self::new(Kind::Refund, user_id, facts)
            }
            _ => return Ok(None),
        };
        Ok(Some(news))
    }

    fn new(kind: Kind, user_id: Uuid, facts: Value) -> Self {
        Self {
            kind,
            user_id,
            to: None,
            facts,
        }
    }

    fn account(kind: Kind, account: Account) -> Self {
        let facts = json!({ "verification_token": account.verification_token });
        let to = Some(Recipient::new(account.email, &account.name));
        Self {
            to,
            ..Self::new(kind, account.user_id, facts)
        }
    }

    fn paid(paid: Paid) -> Result<Self, ApplyError> {
        let Paid {
            order_id,
            user_id,
            items,
            total,
        } = paid;
        let lines = items.iter().map(|line| {
            let price = line
                .unit_price
                .checked_mul(line.quantity)
                .map_err(|error| ApplyError::Poison(error.to_string()))?;
            let price = price.to_string();
            Ok(json!({ "name": line.name, "quantity": line.quantity, "price": price }))
        });
        let lines = lines.collect::<Result<Vec<_>, ApplyError>>()?;
        let facts = json!({ "order_id": order_id, "lines": lines, "total": total.to_string() });
        Ok(Self::new(Kind::OrderPaid, user_id, facts))
    }
}

/// Reasons as a customer understands them. One that is new here is shown as it is.
fn in_words(reason: &str) -> &str {
    match reason {
        "out_of_stock" => "something you ordered is sold out",
        "payment_declined" => "your payment was declined",
        "reservation_expired" => "the payment took too long and the goods went to somebody else",
        "timed_out" => "we could not complete it in time",
        "customer_request" => "you asked us to",
        other => other,
    }
}

#[cfg(test)]
mod tests;
