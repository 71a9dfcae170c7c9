//! Rows of users. Every change counts the aggregate's version up and returns the user with it, for the event.

use chassis::events::outbox;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::domain::{Email, Name, Roles, Tier, User, UserId, events::Happened};

/// A user to be stored.
pub(crate) struct NewUser<'a> {
    pub(crate) email: &'a Email,
    pub(crate) name: &'a Name,
    pub(crate) password_hash: &'a str,
    pub(crate) roles: &'a Roles,
}

/// What of a profile is to be changed; `None` leaves it.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) email: Option<Email>,
    pub(crate) name: Option<Name>,
    pub(crate) tier: Option<Tier>,
}

impl Changes {
    /// Keeps what differs from the user as they are.
    pub(crate) fn drop_unchanged(&mut self, user: &User) {
        self.email.take_if(|email| email.as_str() == user.email);
        self.name.take_if(|name| name.as_str() == user.name);
        self.tier.take_if(|tier| *tier == user.tier);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.email.is_none() && self.name.is_none() && self.tier.is_none()
    }
}

/// A user with what proves them.
#[derive(FromRow)]
pub(crate) struct Credentials {
    #[sqlx(flatten)]
    pub(crate) user: User,
    pub(crate) password_hash: String,
}

/// Stores a user. Violates `users_email_unique` if the address is taken.
pub(crate) async fn insert(conn: &mut PgConnection, new: NewUser<'_>) -> sqlx::Result<User> {
    sqlx::query_as(
        "INSERT INTO users (id, email, name, password_hash, roles) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at",
    )
    .bind(UserId::new())
    .bind(new.email.as_str())
    .bind(new.name.as_str())
    .bind(new.password_hash)
    .bind(new.roles.names())
    .fetch_one(conn)
    .await
}

/// Writes the event in the transaction of the change.
pub(crate) async fn record(
    conn: &mut PgConnection,
    user: &User,
    happened: Happened<'_>,
) -> sqlx::Result<()> {
    outbox::append(conn, &happened.to(user)).await.map(drop)
}

/// A user who was not deleted.
pub(crate) async fn get(conn: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    sqlx::query_as(
        "SELECT id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at
         FROM users WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id)
    .fetch_optional(conn)
    .await
}

/// As [`get`], locked until the end of the transaction.
pub(crate) async fn lock(conn: &mut PgConnection, id: UserId) -> sqlx::Result<Option<User>> {
    sqlx::query_as(
        "SELECT id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at
         FROM users WHERE id = $1 AND deleted_at IS NULL FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(conn)
    .await
}

/// Those of the users that exist, in no particular order.
pub(crate) async fn get_many(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<User>> {
    sqlx::query_as(
        "SELECT id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at
         FROM users WHERE id = ANY ($1) AND deleted_at IS NULL",
    )
    .bind(ids)
    .fetch_all(conn)
    .await
}

/// Who claims to be behind this address, and how they prove it.
pub(crate) async fn credentials(
    conn: &mut PgConnection,
    email: &Email,
) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as(
        "SELECT id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at,
                password_hash
         FROM users WHERE email = $1 AND deleted_at IS NULL",
    )
    .bind(email.as_str())
    .fetch_optional(conn)
    .await
}

/// Counts an event that leaves the profile as it is. `None` if the user was deleted, or if `password_hash` is given and
/// is not the user's any more.
pub(crate) async fn touch(
    conn: &mut PgConnection,
    id: UserId,
    password_hash: Option<&str>,
) -> sqlx::Result<Option<User>> {
    sqlx::query_as(
        "UPDATE users SET event_version = event_version + 1
         WHERE id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR password_hash = $2)
         RETURNING id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at",
    )
    .bind(id)
    .bind(password_hash)
    .fetch_optional(conn)
    .await
}

/// Changes a profile. A new address has to be verified anew.
pub(crate) async fn change(
    conn: &mut PgConnection,
    id: UserId,
    changes: &Changes,
) -> sqlx::Result<User> {
    sqlx::query_as(
        "UPDATE users SET email = coalesce($2, email), name = coalesce($3, name), tier = coalesce($4, tier),
                email_verified = email_verified AND email = coalesce($2, email),
                version = version + 1, event_version = event_version + 1, updated_at = clock_timestamp()
         WHERE id = $1
         RETURNING id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at",
    )
    .bind(id)
    .bind(changes.email.as_ref().map(Email::as_str))
    .bind(changes.name.as_ref().map(Name::as_str))
    .bind(changes.tier.map(Tier::name))
    .fetch_one(conn)
    .await
}

/// Notes that the address is the user's.
pub(crate) async fn set_verified(conn: &mut PgConnection, id: UserId) -> sqlx::Result<User> {
    sqlx::query_as(
        "UPDATE users SET email_verified = true,
                version = version + 1, event_version = event_version + 1, updated_at = clock_timestamp()
         WHERE id = $1
         RETURNING id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at",
    )
    .bind(id)
    .fetch_one(conn)
    .await
}

/// Replaces the roles.
pub(crate) async fn set_roles(
    conn: &mut PgConnection,
    id: UserId,
    roles: &Roles,
) -> sqlx::Result<User> {
    sqlx::query_as(
        "UPDATE users SET roles = $2,
                version = version + 1, event_version = event_version + 1, updated_at = clock_timestamp()
         WHERE id = $1
         RETURNING id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at",
    )
    .bind(id)
    .bind(roles.names())
    .fetch_one(conn)
    .await
}

/// Replaces the password. No event: nobody else may care.
pub(crate) async fn set_password(
    conn: &mut PgConnection,
    id: UserId,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE users SET password_hash = $2, updated_at = clock_timestamp() WHERE id = $1",
    )
    .bind(id)
    .bind(password_hash)
    .execute(conn)
    .await?;
    Ok(())
}

/// Erases what is about the person and keeps the id. The address that is left cannot be registered: it has no `@`.
pub(crate) async fn erase(conn: &mut PgConnection, id: UserId) -> sqlx::Result<User> {
    sqlx::query_as(
        "UPDATE users SET email = 'deleted:' || id, name = 'deleted', password_hash = NULL, email_verified = false,
                version = version + 1, event_version = event_version + 1,
                updated_at = clock_timestamp(), deleted_at = clock_timestamp()
         WHERE id = $1
         RETURNING id, email, name, roles, tier, email_verified, version, event_version, created_at, updated_at",
    )
    .bind(id)
    .fetch_one(conn)
    .await
}
