//! The parameters of each operation, for the document alone: they are read one by one, by name, from a form or from JSON
//! ([`super::params`]), so there is no type that could be described.
#![expect(dead_code, reason = "described only")]

use std::collections::BTreeMap;

use utoipa::{IntoParams, ToSchema};

use crate::domain::payment::CaptureMethod;

#[derive(ToSchema)]
pub(super) struct NewIntent {
    /// Minor units.
    #[schema(minimum = 1, maximum = 99_999_999)]
    amount: i64,
    #[schema(pattern = "^(eur|usd|gbp)$")]
    currency: String,
    confirm: Option<bool>,
    capture_method: Option<CaptureMethod>,
    /// A test token.
    #[schema(max_length = 100)]
    payment_method: Option<String>,
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// `metadata[order_id]` is what a search finds. In a form, one parameter a member.
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(ToSchema)]
pub(super) struct ConfirmIntent {
    /// A test token.
    #[schema(max_length = 100)]
    payment_method: Option<String>,
}

#[derive(ToSchema)]
pub(super) struct CaptureIntent {
    /// Minor units; everything, if not given.
    #[schema(minimum = 1, maximum = 99_999_999)]
    amount_to_capture: Option<i64>,
}

#[derive(ToSchema)]
pub(super) struct CancelIntent {
    #[schema(pattern = "^(duplicate|fraudulent|requested_by_customer|abandoned)$")]
    cancellation_reason: Option<String>,
}

#[derive(ToSchema)]
#[schema(as = StripeNewRefund)]
pub(super) struct NewRefund {
    /// `pi_…`; this or `charge`.
    payment_intent: Option<String>,
    /// `ch_…`
    charge: Option<String>,
    /// Minor units; everything that is left, if not given.
    #[schema(minimum = 1, maximum = 99_999_999)]
    amount: Option<i64>,
    #[schema(pattern = "^(duplicate|fraudulent|requested_by_customer)$")]
    reason: Option<String>,
    /// In a form, one parameter a member.
    metadata: Option<BTreeMap<String, String>>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Id of the last object of the page before.
    starting_after: Option<String>,
    /// Id of the first object of the page after; not together with `starting_after`.
    ending_before: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RefundWindow {
    /// `pi_…`: its refunds alone.
    payment_intent: Option<String>,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Id of the last object of the page before.
    starting_after: Option<String>,
    /// Id of the first object of the page after; not together with `starting_after`.
    ending_before: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// The one question: `metadata['order_id']:'…'`.
    query: String,
    /// `next_page` of the page before.
    page: Option<String>,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}
