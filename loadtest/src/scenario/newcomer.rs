//! Somebody who has not been here before.

use std::sync::Arc;

use super::Visit;
use crate::{
    account::{Account, newcomer},
    door::Ask,
    fault::Ended,
};

/// Registers, logs in, and sees a profile that is their own.
pub(super) async fn join(visit: &mut Visit) -> Result<(), Ended> {
    let (email, password) = newcomer();
    let moment = visit.moment();
    Account::register(&visit.door, moment, &email, password).await?;
    visit.think().await?;
    let moment = visit.moment();
    visit.who = Arc::new(Account::begin(&visit.door, moment, &email, password).await?);
    visit.think().await?;
    let own = visit.ask(
        Ask::get("GET /users/me", "/api/v1/users/me"),
        move |answer| {
            if answer.body["email"] == email.as_str() {
                Ok(())
            } else {
                Err("somebody else's profile".to_owned())
            }
        },
    );
    own.await
}
