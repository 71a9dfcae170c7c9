//! A running service with a database of its own, and a client that shows what it got when it did not expect it.

use chassis::{
    auth::ServiceTokens,
    config::{Env, Secret},
    db::Db,
    service::{self, Running},
    testing::{self, TestDb},
};
use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

/// Good enough for every rule.
pub(crate) const PASSWORD: &str = "tangerine sky 42";
/// Nobody listens there.
pub(crate) const NO_REDIS: (&str, &str) = ("REDIS_URL", "redis://127.0.0.1:1");

/// Nor there. Tests that are not about Kafka do not need it: events wait in the outbox.
const NO_KAFKA: (&str, &str) = ("KAFKA_BROKERS", "127.0.0.1:1");

const SERVICE_KEY: &str = "0123456789abcdef0123456789abcdef";
const ENCRYPTION_KEY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const ADMIN_PASSWORD: &str = "correct operator staple";

/// One instance of the service.
pub(crate) struct Instance {
    pub(crate) running: Running,
    client: Client,
}

/// An instance and its database.
pub(crate) struct App {
    pub(crate) instance: Instance,
    pub(crate) db: TestDb,
    admin_email: String,
}

/// An account with its password and the tokens of a session.
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The JSON body of an answer with this status.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// A problem document with this status and code.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let body = self.json(status);
        assert_eq!(body["code"], code, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Instance {
    /// Starts the service on a database that exists.
    pub(crate) async fn try_start(url: &str, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        let redis = testing::env("TEST_REDIS_URL");
        let defaults = [
            ("DATABASE_URL", url),
            ("REDIS_URL", &redis),
            NO_KAFKA,
            ("SERVICE_TOKEN_KEY", SERVICE_KEY),
            ("KEY_ENCRYPTION_KEY", ENCRYPTION_KEY),
            // Requests of a test come in crowds; this machine may be busy with other tests.
            ("HASHING_WAIT_MS", "20000"),
            ("REQUEST_TIMEOUT_MS", "30000"),
            ("DB_ACQUIRE_TIMEOUT_MS", "20000"),
        ];
        let env = Env::from_pairs(defaults.into_iter().chain(settings.iter().copied()));
        let running = service::start("user", env, user::app::build).await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "a test is a client from outside, without edge policies"
        )]
        let client = Client::new();
        Ok(Self { running, client })
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Reply {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.running.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        reply(request).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, None, Some(body)).await
    }

    /// A body as it is, right or wrong.
    pub(crate) async fn post_raw(&self, path: &str, content_type: &str, body: &str) -> Reply {
        let request = self.client.post(format!("{}{path}", self.running.url()));
        reply(
            request
                .header("content-type", content_type)
                .body(body.to_owned()),
        )
        .await
    }

    /// A login as the gateway would forward it.
    pub(crate) async fn log_in_from(&self, source: &str, body: &Value) -> Reply {
        let request = self
            .client
            .post(format!("{}/api/v1/auth/login", self.running.url()));
        reply(request.header("x-forwarded-for", source).json(body)).await
    }

    /// What Prometheus would scrape.
    pub(crate) fn metrics(&self) -> String {
        self.running.context().metrics.render()
    }

    pub(crate) async fn register(&self, email: &str) -> Reply {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ada Lovelace" });
        self.post("/api/v1/auth/register", &body).await
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Reply {
        let body = json!({ "email": email, "password": password });
        self.post("/api/v1/auth/login", &body).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.post("/api/v1/auth/refresh", &json!({ "refresh_token": token }))
            .await
    }

    pub(crate) async fn session(&self, email: &str, password: &str) -> Session {
        let body = self.log_in(email, password).await.json(200);
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        Session {
            id: text(&body["user"]["id"]).parse().expect("an id"),
            email: email.to_owned(),
            access: text(&body["access_token"]),
            refresh: text(&body["refresh_token"]),
        }
    }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With an administrator, and settings that override the usual ones.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let db = testing::database(&user::MIGRATOR).await;
        let admin_email = unique_email("admin");
        let admin = [
            ("ADMIN_EMAIL", &*admin_email),
            ("ADMIN_PASSWORD", ADMIN_PASSWORD),
        ];
        let settings: Vec<_> = admin.into_iter().chain(settings.iter().copied()).collect();
        let instance = Instance::try_start(&db.url, &settings)
            .await
            .expect("the service starts");
        Self {
            instance,
            db,
            admin_email,
        }
    }

    /// Another instance on the same database.
    pub(crate) async fn second(&self, settings: &[(&str, &str)]) -> Instance {
        Instance::try_start(&self.db.url, settings)
            .await
            .expect("a second instance starts")
    }

    pub(crate) fn pool(&self) -> &Db {
        &self.db.pool
    }

    /// A fresh customer who is logged in.
    pub(crate) async fn customer(&self) -> Session {
        let email = unique_email("ada");
        self.register(&email).await.json(201);
        self.session(&email, PASSWORD).await
    }

    pub(crate) async fn admin(&self) -> Session {
        self.session(&self.admin_email, ADMIN_PASSWORD).await
    }

    /// Type and data of a user's events, oldest first.
    pub(crate) async fn events(&self, user: Uuid) -> Vec<(String, Value)> {
        let mut conn = self.pool().acquire().await.expect("a connection");
        let stream = chassis::events::outbox::load_stream(&mut conn, user)
            .await
            .expect("events");
        let versions: Vec<_> = stream.iter().map(|event| event.aggregate_version).collect();
        let gapless: Vec<_> = (1..).take(versions.len()).collect();
        assert_eq!(versions, gapless, "versions of an aggregate have no gaps");
        assert!(stream.iter().all(|event| event.topic == "user.events"));
        stream
            .into_iter()
            .map(|event| (event.event_type, event.data))
            .collect()
    }

    pub(crate) async fn event_types(&self, user: Uuid) -> Vec<String> {
        self.events(user)
            .await
            .into_iter()
            .map(|(event_type, _)| event_type)
            .collect()
    }
}

impl std::ops::Deref for App {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

/// A token as another service would send it.
pub(crate) fn service_token(name: &'static str) -> String {
    ServiceTokens::new(name, &Secret::new(SERVICE_KEY))
        .expect("the key is long enough")
        .issue()
}

/// An address that no other test uses: attempts are counted in a Redis that all tests share.
pub(crate) fn unique_email(prefix: &str) -> String {
    format!("{prefix}.{}@example.com", Uuid::now_v7().simple())
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.expect("the service answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("a body");
    Reply {
        status,
        headers,
        text,
    }
}
