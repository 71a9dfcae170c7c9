//! Registering, changing, verifying and deleting accounts.

use sqlx::PgConnection;

use super::Commands;
use crate::{
    domain::{Email, Name, Password, Role, Roles, Token, User, UserId, events::Happened},
    error::AccountError,
    store::{
        sessions::{self, Reason},
        users::{self, Changes, NewUser},
        verifications,
    },
};

impl Commands {
    /// Makes an account. The event carries the token for the verification mail.
    ///
    /// # Errors
    /// The address is taken; hashing is at its limit; the database's.
    pub(crate) async fn register(
        &self,
        email: &Email,
        name: &Name,
        password: Password,
    ) -> Result<User, AccountError> {
        let password_hash = &*self.hasher.hash(password).await?;
        let roles = &Roles::from_iter([Role::Customer]);
        self.enrol(NewUser {
            email,
            name,
            password_hash,
            roles,
        })
        .await
    }

    /// Stores a new user with the event and the token.
    pub(super) async fn enrol(&self, new: NewUser<'_>) -> Result<User, AccountError> {
        let mut tx = self.pool.begin().await?;
        let user = users::insert(&mut tx, new).await?;
        let token = self.ask_for_proof(&mut tx, user.id).await?;
        users::record(&mut tx, &user, Happened::Registered(&token)).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.metrics.registered.inc();
        Ok(user)
    }

    async fn ask_for_proof(&self, conn: &mut PgConnection, user: UserId) -> sqlx::Result<Token> {
        let token = Token::random();
        verifications::put(conn, user, &token.hash(), self.lifetimes.verification_s).await?;
        Ok(token)
    }

    /// Changes a profile; says nothing to anybody if it is the same afterwards.
    ///
    /// # Errors
    /// No such user; the new address is taken; the database's.
    pub(crate) async fn change(
        &self,
        id: UserId,
        mut changes: Changes,
    ) -> Result<User, AccountError> {
        let mut tx = self.pool.begin().await?;
        let before = users::lock(&mut tx, id)
            .await?
            .ok_or(AccountError::UserNotFound)?;
        changes.drop_unchanged(&before);
        if changes.is_empty() {
            return Ok(before);
        }
        let user = users::change(&mut tx, id, &changes).await?;
        let token = match changes.email {
            Some(_) => Some(self.ask_for_proof(&mut tx, id).await?),
            None => None,
        };
        users::record(&mut tx, &user, Happened::Updated(token.as_ref())).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(user)
    }

    /// Takes the proof that an address is its user's.
    ///
    /// # Errors
    /// The token is unknown, was used or has expired; the database's.
    pub(crate) async fn verify_email(&self, token: &Token) -> Result<(), AccountError> {
        let hash = token.hash();
        let mut tx = self.pool.begin().await?;
        let owner = verifications::owner(&mut tx, &hash).await?;
        let id = owner.ok_or(AccountError::VerificationInvalid)?;
        let user = users::lock(&mut tx, id).await?;
        if user.is_none() || !verifications::take(&mut tx, &hash).await? {
            return Err(AccountError::VerificationInvalid);
        }
        let user = users::set_verified(&mut tx, id).await?;
        users::record(&mut tx, &user, Happened::Updated(None)).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(())
    }

    /// Erases what is about the person and ends their sessions.
    ///
    /// # Errors
    /// No such user; the database's.
    pub(crate) async fn delete(&self, id: UserId) -> Result<(), AccountError> {
        let mut tx = self.pool.begin().await?;
        users::lock(&mut tx, id)
            .await?
            .ok_or(AccountError::UserNotFound)?;
        let user = users::erase(&mut tx, id).await?;
        let ended = sessions::revoke_all(&mut tx, id, Reason::UserDeleted).await?;
        verifications::delete(&mut tx, id).await?;
        users::record(&mut tx, &user, Happened::Deleted).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.announce_revoked(&ended).await;
        Ok(())
    }
}
