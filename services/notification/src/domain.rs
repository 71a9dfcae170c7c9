//! Which event means which mail, and what it says. No I/O.

mod letter;
mod news;
mod recipient;

pub(crate) use self::{
    letter::{Letter, Letters},
    news::{Kind, News, Preferences},
    recipient::Recipient,
};
