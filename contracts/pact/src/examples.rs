//! Ids that stand in the examples of pacts. Where a provider chooses an id itself, its state puts the real one in the
//! example's place.

use uuid::Uuid;

/// A product.
pub const PRODUCT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
/// An order.
pub const ORDER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);
/// A customer.
pub const USER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003);
/// A payment.
pub const PAYMENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0004);
/// An order of which nothing but captured charges exist, for looking for them.
pub const SEARCHED: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0005);
/// What customers of examples have as their password.
pub const PASSWORD: &str = "correct-horse-battery-staple";
