//! Databases and roles: one of each per service, closed to every other service.

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::{Error, Result};

/// The role that may read every database and write none: the books are audited with it.
pub const AUDITOR: &str = "auditor";

/// A session of the superuser.
#[derive(Debug)]
pub struct Admin {
    connection: PgConnection,
}

impl Admin {
    pub(super) fn new(connection: PgConnection) -> Self {
        Self { connection }
    }

    /// Prepares what all databases share; call it before [`Admin::ensure_database`]. May be repeated.
    ///
    /// The auditor reads everything (`pg_read_all_data`) and its sessions are read-only. The databases that every
    /// cluster is born with are closed to all but the superuser.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn prepare(&mut self, auditor_password: &str) -> Result<()> {
        // A statement with a password must not end up in the server's log, not even when it fails or is slow.
        self.run("SET log_min_duration_statement = -1; SET log_min_error_statement = panic")
            .await?;
        self.ensure_role(AUDITOR, auditor_password).await?;
        self.run(&format!(
            "GRANT pg_read_all_data TO {AUDITOR}; \
             ALTER ROLE {AUDITOR} SET default_transaction_read_only = on; \
             REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC"
        ))
        .await
    }

    /// Makes the database `name`, owned by the role `role` with `password`, if they are not there; sets the password
    /// in any case. Only the owner and the auditor can connect to it. May be repeated.
    ///
    /// # Errors
    /// When a name is not a plain identifier or the server refuses.
    pub async fn ensure_database(&mut self, name: &str, role: &str, password: &str) -> Result<()> {
        let database = identifier(name)?;
        let owner = identifier(role)?;
        self.ensure_role(role, password).await?;
        if !self
            .exists(
                "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)",
                name,
            )
            .await?
        {
            self.run(&format!(
                "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0"
            ))
            .await?;
        }
        self.run(&format!(
            "REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC; \
             GRANT CONNECT ON DATABASE {database} TO {AUDITOR}"
        ))
        .await
    }

    /// Writes what [`Admin::ensure_database`] made to the data files. A new database is some 300 files; until they
    /// are on disk the server cannot stop in order, which right after a first start may take seconds. To be run in
    /// the background, once the lab is ready.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn settle(&mut self) -> Result<()> {
        self.run("CHECKPOINT").await
    }

    async fn ensure_role(&mut self, role: &str, password: &str) -> Result<()> {
        let name = identifier(role)?;
        let password = literal(password)?;
        let verb = match self
            .exists(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)",
                role,
            )
            .await?
        {
            true => "ALTER",
            false => "CREATE",
        };
        let rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION";
        let sql = format!("{verb} ROLE {name} {rights} PASSWORD {password}");
        // The statement is not part of the error: it holds the password.
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.connection)
            .await
            .map_err(Error::database(format!("make the role {role}")))?;
        Ok(())
    }

    async fn exists(&mut self, query: &'static str, name: &str) -> Result<bool> {
        let answer = sqlx::query(query)
            .bind(name)
            .fetch_one(&mut self.connection)
            .await;
        let row = answer.map_err(Error::database(format!("look for {name}")))?;
        row.try_get(0)
            .map_err(Error::database(format!("look for {name}")))
    }

    async fn run(&mut self, sql: &str) -> Result<()> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.connection)
            .await
            .map_err(Error::database(sql))?;
        Ok(())
    }
}

/// A name that needs no thought, in quotes because `user` and `order` are reserved words.
fn identifier(name: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins_well && name.len() <= 63 && name.chars().all(plain) {
        return Ok(format!("\"{name}\""));
    }
    Err(Error::Invalid(format!(
        "`{name}` cannot name a database or role: use at most 63 lower-case letters, digits and _"
    )))
}

fn literal(text: &str) -> Result<String> {
    if text
        .chars()
        .all(|c| c.is_ascii_graphic() && c != '\'' && c != '\\')
    {
        return Ok(format!("'{text}'"));
    }
    Err(Error::Invalid(
        "a role's password may hold printable ASCII without quotes and backslashes".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_words_are_quoted_and_anything_odd_is_refused() {
        assert_eq!(identifier("order").unwrap(), "\"order\"");
        for odd in [
            "",
            "9lives",
            "Order",
            "a b",
            "a\"; DROP",
            "ä",
            &"a".repeat(64),
        ] {
            assert!(identifier(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_password_cannot_leave_its_literal() {
        assert_eq!(literal("abc-12").unwrap(), "'abc-12'");
        for odd in ["a'b", "a\\b", "a\nb"] {
            assert!(literal(odd).is_err(), "{odd}");
        }
    }
}
