//! Logging in, refreshing, logging out.

use std::{net::IpAddr, sync::Arc};

use chassis::auth;
use chrono::Utc;

use super::Commands;
use crate::{
    domain::{Email, Password, SessionId, Token, User, UserId, events::Happened},
    error::AccountError,
    keys::Pair,
    store::{
        attempts::{self, Attempt},
        sessions::{self, Reason, Rotation},
        users::{self, Credentials},
    },
};

/// What a client gets that proved who it is.
pub(crate) struct LoggedIn {
    pub(crate) access_token: String,
    pub(crate) expires_in_s: u32,
    pub(crate) refresh_token: Token,
    pub(crate) user: User,
}

impl Commands {
    /// Begins a session for whoever knows the password.
    ///
    /// # Errors
    /// Unknown address and wrong password alike; too many attempts; hashing is at its limit; the database's.
    pub(crate) async fn log_in(
        &self,
        email: &Email,
        password: Password,
        source: IpAddr,
    ) -> Result<LoggedIn, AccountError> {
        let attempt = Attempt::new(email, source);
        let result = self.try_log_in(&attempt, email, password).await;
        let outcome = match &result {
            Ok(_) => "succeeded",
            Err(AccountError::TooManyAttempts(_)) => "limited",
            Err(AccountError::CredentialsInvalid) => "refused",
            Err(_) => "failed",
        };
        self.metrics.logins.with_label_values(&[outcome]).inc();
        result
    }

    async fn try_log_in(
        &self,
        attempt: &Attempt,
        email: &Email,
        password: Password,
    ) -> Result<LoggedIn, AccountError> {
        self.count_attempt(attempt).await?;
        let found = users::credentials(&mut *self.pool.acquire().await?, email).await?;
        let stored = found.as_ref().map(|found| found.password_hash.clone());
        let matches = self.hasher.verify(password, stored).await?;
        let proven = found
            .filter(|_| matches)
            .ok_or(AccountError::CredentialsInvalid)?;
        let logged_in = self.begin_session(&proven).await?;
        if let Err(error) = attempts::forget(&self.redis, attempt).await {
            self.without_redis("login_attempts", &error);
        }
        Ok(logged_in)
    }

    /// Without Redis nobody is counted: a shop that lets nobody in would be the worse failure, and hashing has a limit
    /// of its own.
    async fn count_attempt(&self, attempt: &Attempt) -> Result<(), AccountError> {
        match attempts::count(&self.redis, attempt, self.attempts).await {
            Ok(None) => Ok(()),
            Ok(Some(wait)) => Err(AccountError::TooManyAttempts(wait)),
            Err(error) => {
                self.without_redis("login_attempts", &error);
                Ok(())
            }
        }
    }

    async fn begin_session(&self, proven: &Credentials) -> Result<LoggedIn, AccountError> {
        let signer = self.signer().await?;
        let refresh_token = Token::random();
        let lifetime_s = self.lifetimes.refresh_s;
        let mut tx = self.pool.begin().await?;
        // The password may have been changed, or the user deleted, while we hashed.
        let user = users::touch(&mut tx, proven.user.id, Some(&proven.password_hash)).await?;
        let user = user.ok_or(AccountError::CredentialsInvalid)?;
        let session = sessions::begin(&mut tx, user.id, &refresh_token.hash(), lifetime_s).await?;
        users::record(&mut tx, &user, Happened::LoggedIn).await?;
        let logged_in = self.logged_in(&signer, user, session, refresh_token)?;
        tx.commit().await?;
        self.outbox.wake();
        Ok(logged_in)
    }

    /// Exchanges a refresh token for a fresh pair.
    ///
    /// # Errors
    /// The token is not good, or was used before, which ends its session; the database's.
    pub(crate) async fn refresh(&self, presented: &Token) -> Result<LoggedIn, AccountError> {
        let result = self.try_refresh(presented).await;
        let outcome = match &result {
            Ok(_) => "rotated",
            Err(AccountError::RefreshReused) => "reused",
            Err(
                AccountError::RefreshInvalid
                | AccountError::RefreshExpired
                | AccountError::SessionRevoked,
            ) => "refused",
            Err(_) => "failed",
        };
        self.metrics.refreshes.with_label_values(&[outcome]).inc();
        result
    }

    async fn try_refresh(&self, presented: &Token) -> Result<LoggedIn, AccountError> {
        let signer = self.signer().await?;
        let fresh = Token::random();
        let lifetime_s = self.lifetimes.refresh_s;
        let mut tx = self.pool.begin().await?;
        let rotation =
            sessions::rotate(&mut tx, &presented.hash(), &fresh.hash(), lifetime_s).await?;
        match rotation {
            Rotation::Rotated { user, session } => {
                let user = users::get(&mut tx, user)
                    .await?
                    .ok_or(AccountError::SessionRevoked)?;
                // Signed before the commit: a client whose token is used up must get the next one.
                let logged_in = self.logged_in(&signer, user, session, fresh)?;
                tx.commit().await?;
                Ok(logged_in)
            }
            Rotation::Reused { session } => {
                tx.commit().await?;
                self.announce_revoked(&[session]).await;
                Err(AccountError::RefreshReused)
            }
            Rotation::Revoked => Err(AccountError::SessionRevoked),
            Rotation::Expired => Err(AccountError::RefreshExpired),
            Rotation::Unknown => Err(AccountError::RefreshInvalid),
        }
    }

    async fn signer(&self) -> Result<Arc<Pair>, AccountError> {
        self.keys.signer().await.map_err(AccountError::Signing)
    }

    fn logged_in(
        &self,
        signer: &Pair,
        user: User,
        session: SessionId,
        refresh_token: Token,
    ) -> Result<LoggedIn, AccountError> {
        let expires_in_s = self.lifetimes.access_s;
        let claims = user.claims(session, Utc::now(), expires_in_s);
        let access_token = signer.sign(&claims).map_err(AccountError::Signing)?;
        Ok(LoggedIn {
            access_token,
            expires_in_s,
            refresh_token,
            user,
        })
    }

    /// Ends the session of an access token, and the token with it.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn log_out(&self, caller: &auth::User) -> Result<(), AccountError> {
        let (id, session) = (UserId(caller.id), SessionId(caller.session_id));
        let mut tx = self.pool.begin().await?;
        users::lock(&mut tx, id).await?;
        if sessions::revoke(&mut tx, id, session, Reason::Logout).await?
            && let Some(user) = users::touch(&mut tx, id, None).await?
        {
            users::record(&mut tx, &user, Happened::LoggedOut).await?;
        }
        tx.commit().await?;
        self.outbox.wake();
        self.revoke_token(caller).await;
        self.announce_revoked(&[session]).await;
        Ok(())
    }
}
