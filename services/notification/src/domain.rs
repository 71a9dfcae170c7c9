//! Which event means which mail, and what it says. No I/O.

mod letter;
mod news;
mod recipient;

pub use self::news::{EVENT_TYPES, News};
pub(crate) use self::{
    letter::{Letter, Letters},
    news::{Kind, Preferences},
    recipient::Recipient,
};
