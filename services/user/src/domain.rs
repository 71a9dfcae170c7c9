//! What a user is and what is allowed, without I/O and without HTTP.

pub(crate) mod access;
pub(crate) mod email;
pub(crate) mod events;
pub(crate) mod name;
pub(crate) mod password;
pub(crate) mod token;
pub(crate) mod user;

pub(crate) use self::{
    access::{Permission, Role, Roles, Tier},
    email::Email,
    name::Name,
    password::Password,
    token::{Token, TokenHash},
    user::{SessionId, User, UserId},
};
