//! What the provider does with money, without I/O and without either provider's wire format.

pub(crate) mod card_number;
pub(crate) mod command;
pub(crate) mod decimal;
pub(crate) mod ledger;
pub(crate) mod payment;
pub(crate) mod token;

chassis::define_id!(
    /// A payment: `pi_…` at Stripe, an order id at PayPal.
    PaymentId
);
chassis::define_id!(
    /// The movement of money of a payment: `ch_…` at Stripe, a capture id at PayPal.
    ChargeId
);
chassis::define_id!(
    /// Money given back.
    RefundId
);

/// Whose face a payment wears. The two share nothing but the ledger: neither sees the other's payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Provider {
    /// Form-encoded, `/v1`.
    Stripe,
    /// JSON, `/v2`.
    Paypal,
}

impl Provider {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Paypal => "paypal",
        }
    }
}
