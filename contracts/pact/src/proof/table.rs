//! The breaks, by provider: at least one of each kind, at places that consumers rely on.

use super::breaks::{
    Break,
    Change::{Drop, Remove, RemoveHeader, Rename, Require, Retype, Status},
    Place::{Event, Operation},
};

macro_rules! breaks {
    ($($provider:literal { $($place:expr => $change:expr;)+ })+) => {
        /// All of them.
        pub const BREAKS: &[Break] = &[$($(Break { provider: $provider, place: $place, change: $change },)+)+];
    };
}

const BATCH: &str = "/api/v1/products/batch";
const RESERVATION: &str = "/api/v1/inventory/reservations/*";
const PAYMENTS: &str = "/api/v1/payments";
const INTENTS: &str = "/v1/payment_intents";

breaks! {
    "product" {
        Operation("POST", BATCH) => Remove("/items/0/price");
        Operation("POST", BATCH) => Remove("/items/0/name");
        Operation("POST", BATCH) => Rename("/items", "products");
        Operation("POST", BATCH) => Retype("/items/0/price/amount");
        Operation("POST", BATCH) => Status(200, 206);
        Operation("POST", BATCH) => Status(503, 429);
        Operation("POST", BATCH) => Drop("/items/0/price/currency", "EUR", "euro");
        Operation("POST", BATCH) => Require("warehouse");
        Operation("POST", BATCH) => RemoveHeader("retry-after");
        Operation("GET", "/api/v1/products/*") => Drop("/code", "product_not_found", "not_found");
        Event("ProductCreated") => Remove("/product_id");
        Event("ProductCreated") => Rename("/ce_type", "event_type");
    }
    "inventory" {
        Operation("PUT", RESERVATION) => Remove("/errors");
        Operation("PUT", RESERVATION) => Rename("/code", "kind");
        Operation("PUT", RESERVATION) => Retype("/status");
        Operation("PUT", RESERVATION) => Status(201, 202);
        Operation("PUT", RESERVATION) => Status(409, 400);
        Operation("PUT", RESERVATION) => Drop("/code", "out_of_stock", "short");
        Operation("PUT", RESERVATION) => Require("warehouse");
        Operation("POST", "/api/v1/inventory/reservations/*/commit") => Status(404, 410);
        Operation("POST", "/api/v1/inventory/reservations/*/release") => Status(200, 204);
        Operation("GET", "/api/v1/inventory/*") => Rename("/available", "free");
    }
    "order" {
        Operation("GET", "/api/v1/orders") => Remove("/items");
        Operation("GET", "/api/v1/orders") => Rename("/items", "orders");
        Operation("GET", "/api/v1/orders") => Retype("/total");
        Operation("GET", "/api/v1/orders") => Status(200, 206);
        Operation("GET", "/api/v1/orders") => Require("user_id");
        Operation("GET", "/api/v1/orders/*") => Drop("/code", "order_not_found", "not_found");
        Event("OrderPaid") => Remove("/items/0/unit_price");
        Event("OrderPaid") => Rename("/total", "sum");
        Event("OrderPaid") => Retype("/items/0/quantity");
        Event("OrderCancelled") => Remove("/order_id");
        Event("OrderStatusChanged") => Drop("/to", "shipped", "on_its_way");
    }
    "payment" {
        Operation("POST", PAYMENTS) => Remove("/status");
        Operation("POST", PAYMENTS) => Rename("/id", "payment_id");
        Operation("POST", PAYMENTS) => Retype("/id");
        Operation("POST", PAYMENTS) => Status(201, 200);
        Operation("POST", PAYMENTS) => Drop("/status", "captured", "completed");
        Operation("POST", PAYMENTS) => Drop("/status", "declined", "refused");
        Operation("POST", PAYMENTS) => Require("currency_account");
        Operation("POST", PAYMENTS) => RemoveHeader("retry-after");
        Operation("POST", "/api/v1/payments/order/*/void") => Drop("/status", "refunded", "returned");
        Operation("GET", "/api/v1/payments/order/*") => Rename("/order_id", "order");
        Event("PaymentRefunded") => Remove("/refunded_total");
        Event("PaymentRefunded") => Retype("/amount/amount");
        Event("PaymentCompleted") => Rename("/order_id", "order");
    }
    "psp" {
        Operation("POST", INTENTS) => Remove("/amount_received");
        Operation("POST", INTENTS) => Rename("/error/decline_code", "reason");
        Operation("POST", INTENTS) => Retype("/amount_received");
        Operation("POST", INTENTS) => Status(402, 400);
        Operation("POST", INTENTS) => Drop("/status", "succeeded", "complete");
        Operation("POST", INTENTS) => Require("statement_descriptor");
        Operation("GET", "/v1/payment_intents/search") => Rename("/data", "items");
        Operation("POST", "/v1/refunds") => Drop("/status", "succeeded", "complete");
        Operation("POST", "/v1/oauth2/token") => Remove("/expires_in");
        Operation("POST", "/v2/checkout/orders/*/capture") => Remove("/purchase_units/0/payments/captures/0/amount");
        Operation("POST", "/v2/checkout/orders/*/capture") => Drop("/details/0/issue", "INSTRUMENT_DECLINED", "DECLINED");
        Operation("POST", "/v2/payments/captures/*/refund") => Status(201, 202);
    }
    "user" {
        Operation("GET", "/.well-known/jwks.json") => Remove("/keys/0/kid");
        Operation("GET", "/.well-known/jwks.json") => Drop("/keys/0/alg", "RS256", "RS512");
        Operation("GET", "/api/v1/users/me") => Rename("/id", "user_id");
        Operation("GET", "/api/v1/users/me") => Retype("/id");
        Operation("POST", "/api/v1/auth/login") => Status(401, 403);
        Operation("POST", "/api/v1/auth/login") => Require("captcha");
        Event("UserRegistered") => Remove("/email");
        Event("UserUpdated") => Rename("/verification_token", "token");
    }
    "notification" {
        Operation("GET", "/api/v1/notifications") => Remove("/page");
        Operation("GET", "/api/v1/notifications") => Retype("/limit");
        Operation("GET", "/api/v1/notifications") => Status(200, 206);
        Operation("GET", "/api/v1/notifications") => Require("user_id");
        Operation("GET", "/api/v1/notifications/preferences") => Rename("/order_updates", "orders");
        Operation("GET", "/api/v1/notifications/preferences") => Drop("/code", "deadline_exceeded", "too_slow");
    }
    "gateway" {
        Operation("POST", "/api/v1/orders") => Remove("/items/0/line_total");
        Operation("POST", "/api/v1/orders") => Retype("/total/amount");
        Operation("POST", "/api/v1/orders") => Drop("/status", "paid", "settled");
        Operation("POST", "/api/v1/orders/*/cancel") => Drop("/status", "cancelled", "undone");
        Operation("GET", "/api/v1/orders/*") => Rename("/items", "lines");
        Operation("POST", "/api/v1/auth/register") => Require("phone");
        Operation("POST", "/api/v1/auth/register") => Status(201, 200);
        Operation("POST", "/api/v1/auth/login") => Remove("/expires_in");
        Operation("GET", "/api/v1/users/me") => Status(429, 503);
        Operation("GET", "/api/v1/users/me") => RemoveHeader("retry-after");
    }
}
