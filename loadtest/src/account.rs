//! A customer's account and session. It is renewed before it runs out, by whichever visit comes first.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    door::{Answer, Ask, Door, Moment},
    fault::{Fault, Kind},
};

/// What every customer has. Not a secret: the accounts live as long as the lab.
const PASSWORD: &str = "correct-horse-battery-staple";
/// Asked again so often when the gateway limits registrations, each time after the second that it asks to wait for.
const LIMITED_RETRIES: u32 = 120;
/// The part of a session's life after which it is renewed.
const RENEW_AFTER: f64 = 0.8;

/// An account with a session.
#[derive(Debug)]
pub struct Account {
    /// Its address, which is what it is known by.
    pub email: String,
    session: Mutex<Session>,
    /// Held by whoever renews the session: a refresh token is good for one use.
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug)]
struct Session {
    access: Arc<str>,
    refresh: String,
    renew_at: Instant,
}

/// A name and password that nobody has yet.
#[must_use]
pub fn newcomer() -> (String, &'static str) {
    let email = format!("customer-{}@faultline.test", Uuid::now_v7().simple());
    (email, PASSWORD)
}

impl Account {
    /// Registers and logs in, before the load begins: waits where the gateway asks to.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    pub async fn open(door: &Door) -> Result<Self, Fault> {
        let (email, password) = newcomer();
        patiently(|| Self::register(door, set_up(), &email, password)).await?;
        Self::log_in(door, &email, password).await
    }

    /// Logs in, before the load begins.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    pub async fn log_in(door: &Door, email: &str, password: &str) -> Result<Self, Fault> {
        patiently(|| Self::begin(door, set_up(), email, password)).await
    }

    /// Registers; the answer has to be about this account.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub async fn register(
        door: &Door,
        moment: Moment,
        email: &str,
        password: &str,
    ) -> Result<(), Fault> {
        let body = json!({ "email": email, "password": password, "name": "Customer" });
        let ask = Ask::post("POST /auth/register", "/api/v1/auth/register", body).expecting(&[201]);
        let read = |answer: &Answer| match answer.body["user"]["email"].as_str() {
            Some(found) if found == email => Ok(()),
            _ => Err("another account than the one registered".to_owned()),
        };
        door.send(ask, moment, read).await
    }

    /// Logs in once.
    ///
    /// # Errors
    /// A wrong answer, or none.
    pub async fn begin(
        door: &Door,
        moment: Moment,
        email: &str,
        password: &str,
    ) -> Result<Self, Fault> {
        let body = json!({ "email": email, "password": password });
        let ask = Ask::post("POST /auth/login", "/api/v1/auth/login", body);
        let session = door
            .send(ask, moment, |answer| Session::read(&answer.body))
            .await?;
        Ok(Self {
            email: email.to_owned(),
            session: Mutex::new(session),
            renewing: tokio::sync::Mutex::new(()),
        })
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    /// The session could not be renewed.
    pub async fn token(&self, door: &Door, scenario: &'static str) -> Result<Arc<str>, Fault> {
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let _renewing = self.renewing.lock().await;
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let refresh = self
            .session
            .lock()
            .expect("no panic while held")
            .refresh
            .clone();
        let body = json!({ "refresh_token": refresh });
        let ask = Ask::post("POST /auth/refresh", "/api/v1/auth/refresh", body);
        let moment = Moment {
            scenario,
            intended: Instant::now(),
        };
        let session = door
            .send(ask, moment, |answer| Session::read(&answer.body))
            .await?;
        let token = session.access.clone();
        *self.session.lock().expect("no panic while held") = session;
        Ok(token)
    }

    fn fresh(&self) -> Option<Arc<str>> {
        let session = self.session.lock().expect("no panic while held");
        (Instant::now() < session.renew_at).then(|| session.access.clone())
    }
}

impl Session {
    fn read(body: &Value) -> Result<Self, String> {
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let seconds = body["expires_in"].as_u64();
        match (text("access_token"), text("refresh_token"), seconds) {
            (Some(access), Some(refresh), Some(seconds)) => Ok(Self {
                access: access.into(),
                refresh,
                renew_at: Instant::now() + Duration::from_secs(seconds).mul_f64(RENEW_AFTER),
            }),
            _ => Err("a session without tokens".to_owned()),
        }
    }
}

fn set_up() -> Moment {
    Moment {
        scenario: "set-up",
        intended: Instant::now(),
    }
}

/// Tries again while the gateway limits registrations: a bucket that refills every second.
async fn patiently<T, F: Future<Output = Result<T, Fault>>>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, Fault> {
    for _ in 0..LIMITED_RETRIES {
        match attempt().await {
            Err(fault) if fault.kind == Kind::Limited => {
                tokio::time::sleep(Duration::from_secs(1)).await
            }
            result => return result,
        }
    }
    attempt().await
}
