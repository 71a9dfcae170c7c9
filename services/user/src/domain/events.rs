//! What other services are told about users. The shapes are contracts: members are added, never changed.

use chassis::{events::NewEvent, telemetry::request::RequestContext};
use chrono::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Role, Roles, Tier, Token, User, UserId};

/// Where the events go.
pub(crate) const TOPIC: &str = "user.events";

/// Members of events that are about a person, or that open something. [`crate::worker::sweep`] takes them out of the
/// outbox once they are published.
pub(crate) const PERSONAL_MEMBERS: [&str; 3] = ["email", "name", "verification_token"];

/// Something that happened to a user.
pub(crate) enum Happened<'a> {
    /// With the token that proves the e-mail address, for the mail that carries it.
    Registered(&'a Token),
    /// With such a token if the address changed.
    Updated(Option<&'a Token>),
    LoggedIn,
    LoggedOut,
    Deleted,
}

impl Happened<'_> {
    /// The event about `user`, whose `event_version` already counts it.
    pub(crate) fn to(&self, user: &User) -> NewEvent {
        NewEvent {
            topic: TOPIC,
            aggregate_id: user.id.0,
            aggregate_version: user.event_version,
            event_type: self.event_type(),
            data_version: 1,
            data: self.data(user),
            correlation_id: RequestContext::correlation_id(),
        }
    }

    fn event_type(&self) -> &'static str {
        match self {
            Self::Registered(_) => "UserRegistered",
            Self::Updated(_) => "UserUpdated",
            Self::LoggedIn => "UserLoggedIn",
            Self::LoggedOut => "UserLoggedOut",
            Self::Deleted => "UserDeleted",
        }
    }

    fn data(&self, user: &User) -> Value {
        let profile = json!({ "user_id": user.id, "email": user.email, "name": user.name });
        match self {
            Self::Registered(token) | Self::Updated(Some(token)) => {
                let mut data = profile;
                data["verification_token"] = token.to_text().into();
                data
            }
            Self::Updated(None) => profile,
            Self::LoggedIn | Self::LoggedOut | Self::Deleted => json!({ "user_id": user.id }),
        }
    }
}

/// One of each, as this service writes them, an update with and without a new address: what contracts/events describes
/// and consumers are tested with.
pub fn examples() -> Vec<NewEvent> {
    let at = DateTime::UNIX_EPOCH;
    let user = User {
        id: UserId(Uuid::from_u128(1)),
        email: "ada@example.com".to_owned(),
        name: "Ada".to_owned(),
        roles: Roles::from_iter([Role::Customer]),
        tier: Tier::Standard,
        email_verified: false,
        version: 1,
        event_version: 1,
        created_at: at,
        updated_at: at,
    };
    let token = Token::random();
    let happened = [
        Happened::Registered(&token),
        Happened::Updated(Some(&token)),
        Happened::Updated(None),
        Happened::LoggedIn,
        Happened::LoggedOut,
        Happened::Deleted,
    ];
    happened.iter().map(|happened| happened.to(&user)).collect()
}
