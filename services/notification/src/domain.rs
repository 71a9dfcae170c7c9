//! Which event means which mail, and what it says. No I/O.

mod letter;
mod news;

pub(crate) use self::{
    letter::{Letter, Letters},
    news::{Kind, News, Preferences},
};
