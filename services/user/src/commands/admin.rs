//! Roles, and the administrator that the operator asks for.

use tracing::info;

use super::Commands;
use crate::{
    config::Admin,
    domain::{Name, Role, Roles, User, UserId, events::Happened},
    error::AccountError,
    store::{
        sessions::{self, Reason},
        users::{self, Credentials, NewUser},
    },
};

impl Commands {
    /// Replaces a user's roles. One that is taken away ends the user's sessions, because their tokens still name it.
    ///
    /// # Errors
    /// No such user; the database's.
    pub(crate) async fn set_roles(&self, id: UserId, roles: &Roles) -> Result<User, AccountError> {
        let mut tx = self.pool.begin().await?;
        let before = users::lock(&mut tx, id)
            .await?
            .ok_or(AccountError::UserNotFound)?;
        if before.roles == *roles {
            return Ok(before);
        }
        let user = users::set_roles(&mut tx, id, roles).await?;
        let ended = if roles.contains_all(&before.roles) {
            Vec::new()
        } else {
            sessions::revoke_all(&mut tx, id, Reason::RoleRemoved).await?
        };
        users::record(&mut tx, &user, Happened::Updated(None)).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.announce_revoked(&ended).await;
        Ok(user)
    }

    /// Makes sure that the administrator exists, with this password and the role. Several instances may do so at once.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn ensure_admin(&self, admin: Admin) -> Result<(), AccountError> {
        let found = users::credentials(&mut *self.pool.acquire().await?, &admin.email).await?;
        match found {
            Some(found) => self.renew_admin(found, admin).await,
            None => match self.enrol_admin(admin).await {
                // Another instance was faster.
                Err(AccountError::EmailTaken) => Ok(()),
                result => result,
            },
        }
    }

    async fn enrol_admin(&self, admin: Admin) -> Result<(), AccountError> {
        let name = &Name::parse("Administrator").expect("a plain word is a name");
        let password_hash = &*self.hasher.hash(admin.password).await?;
        let roles = &Roles::from_iter([Role::Customer, Role::Admin]);
        let user = self
            .enrol(NewUser {
                email: &admin.email,
                name,
                password_hash,
                roles,
            })
            .await?;
        info!(user.id = %user.id, "administrator created");
        Ok(())
    }

    async fn renew_admin(&self, found: Credentials, admin: Admin) -> Result<(), AccountError> {
        let user = found.user;
        let stored = Some(found.password_hash);
        if !self.hasher.verify(admin.password.clone(), stored).await? {
            let password_hash = self.hasher.hash(admin.password).await?;
            self.replace_password(user.id, &password_hash).await?;
            info!(user.id = %user.id, "administrator's password replaced");
        }
        self.set_roles(user.id, &user.roles.with(Role::Admin))
            .await
            .map(drop)
    }

    /// Whoever knew the old password is out.
    async fn replace_password(&self, id: UserId, password_hash: &str) -> Result<(), AccountError> {
        let mut tx = self.pool.begin().await?;
        users::set_password(&mut tx, id, password_hash).await?;
        let ended = sessions::revoke_all(&mut tx, id, Reason::PasswordChanged).await?;
        tx.commit().await?;
        self.announce_revoked(&ended).await;
        Ok(())
    }
}
