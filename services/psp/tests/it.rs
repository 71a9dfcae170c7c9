//! The provider as its merchants see it: the real service over HTTP, on a real PostgreSQL.

#![expect(
    clippy::disallowed_methods,
    reason = "tests are the outside: they call as any client does"
)]

mod it {
    mod auth;
    mod bad_input;
    mod idempotency;
    mod ledger;
    mod lists;
    mod lost_reply;
    mod paypal;
    mod paypal_bad_input;
    mod refunds;
    mod stripe;
    mod support;
    mod webhooks;
}
