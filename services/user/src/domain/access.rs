//! Role-based access: which role holds which permission. The one table that decides.
//!
//! Routes of this service ask for a permission, never for a role. Other services read the roles in the access token and
//! decide about what they own; `GET /api/v1/auth/validate` shows this table's answer to whoever wants to ask.

use std::collections::BTreeSet;

use chassis::auth::Caller;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

use self::Permission::{
    KeysRotate, OrdersManage, OrdersOwn, PaymentsRefund, ProductsWrite, ProfileOwn, RolesWrite,
    StockWrite, UsersRead, UsersWrite,
};

/// What a user is to the shop. Spelled in the access token as here, in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub(crate) enum Role {
    /// Buys.
    Customer,
    /// Runs the shop.
    Admin,
}

/// The roles that a user holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct Roles(BTreeSet<Role>);

/// A name that this version does not know.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not the name of a role or tier")]
pub(crate) struct UnknownName(String);

/// Which rate limits apply to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub(crate) enum Tier {
    Standard,
    Premium,
}

/// Something that may be done to what does not belong to the caller, or by customers to their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) enum Permission {
    /// Read and change one's own profile, and delete it.
    #[serde(rename = "profile:own")]
    ProfileOwn,
    /// Place orders, and read and cancel one's own.
    #[serde(rename = "orders:own")]
    OrdersOwn,
    /// Read any user.
    #[serde(rename = "users:read")]
    UsersRead,
    /// Change and delete any user.
    #[serde(rename = "users:write")]
    UsersWrite,
    /// Say who holds which role.
    #[serde(rename = "roles:write")]
    RolesWrite,
    /// Replace the key that signs access tokens.
    #[serde(rename = "keys:rotate")]
    KeysRotate,
    /// Change products.
    #[serde(rename = "products:write")]
    ProductsWrite,
    /// Change stock.
    #[serde(rename = "stock:write")]
    StockWrite,
    /// Read any order and move its status.
    #[serde(rename = "orders:manage")]
    OrdersManage,
    /// Give money back.
    #[serde(rename = "payments:refund")]
    PaymentsRefund,
}

/// Another service looks users up; it never acts as one.
const SERVICE: &[Permission] = &[UsersRead];

impl Role {
    /// All roles there are.
    pub(crate) const ALL: [Self; 2] = [Self::Customer, Self::Admin];

    /// Its name in tokens and in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Admin => "admin",
        }
    }

    fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Customer => &[ProfileOwn, OrdersOwn],
            Self::Admin => &[
                ProfileOwn,
                OrdersOwn,
                UsersRead,
                UsersWrite,
                RolesWrite,
                KeysRotate,
                ProductsWrite,
                StockWrite,
                OrdersManage,
                PaymentsRefund,
            ],
        }
    }
}

impl Roles {
    /// Whether nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every role of `other` is held too.
    pub(crate) fn contains_all(&self, other: &Self) -> bool {
        self.0.is_superset(&other.0)
    }

    /// These and one more.
    pub(crate) fn with(&self, role: Role) -> Self {
        self.0.iter().copied().chain([role]).collect()
    }

    /// As they are stored.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|role| role.name()).collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl TryFrom<String> for Role {
    type Error = UnknownName;

    fn try_from(name: String) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or(UnknownName(name))
    }
}

impl TryFrom<Vec<String>> for Roles {
    type Error = UnknownName;

    fn try_from(names: Vec<String>) -> Result<Self, UnknownName> {
        names
            .into_iter()
            .map(Role::try_from)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TryFrom<String> for Tier {
    type Error = UnknownName;

    fn try_from(name: String) -> Result<Self, UnknownName> {
        let known = [Self::Standard, Self::Premium];
        known
            .into_iter()
            .find(|tier| tier.name() == name)
            .ok_or(UnknownName(name))
    }
}

impl Tier {
    /// Its name in tokens and in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

/// What a caller may do. A role that this version does not know gives nothing.
pub(crate) fn permissions(caller: &Caller) -> BTreeSet<Permission> {
    match caller {
        Caller::Service(_) => SERVICE.iter().copied().collect(),
        Caller::User(user) => Role::ALL
            .into_iter()
            .filter(|role| user.has_role(role.name()))
            .flat_map(Role::permissions)
            .copied()
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use chassis::auth::User;
    use uuid::Uuid;

    use super::*;

    fn user(roles: &[&str]) -> Caller {
        Caller::User(User {
            id: Uuid::now_v7(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            tier: "standard".to_owned(),
            token_id: Uuid::now_v7(),
            session_id: Uuid::now_v7(),
            expires_at: 0,
        })
    }

    #[test]
    fn customers_may_touch_only_their_own() {
        let held = permissions(&user(&["customer"]));
        assert_eq!(held, BTreeSet::from([ProfileOwn, OrdersOwn]));
    }

    #[test]
    fn services_may_read_users_and_nothing_else() {
        let held = permissions(&Caller::Service("order".to_owned()));
        assert_eq!(held, BTreeSet::from([UsersRead]));
    }

    #[test]
    fn an_unknown_role_gives_nothing_and_takes_nothing() {
        assert!(permissions(&user(&["emperor"])).is_empty());
        assert!(permissions(&user(&["emperor", "admin"])).contains(&KeysRotate));
    }

    #[test]
    fn names_are_spelled_alike_in_json_and_in_code() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
            let stored = vec![role.name().to_owned()];
            assert_eq!(Roles::try_from(stored), Ok(Roles::from_iter([role])));
        }
        for tier in [Tier::Standard, Tier::Premium] {
            assert_eq!(serde_json::to_value(tier).unwrap(), tier.name());
            assert_eq!(Tier::try_from(tier.name().to_owned()), Ok(tier));
        }
    }
}
