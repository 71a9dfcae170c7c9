//! A running notification with topics, a mail server and users of its own, and events as other services write them.

use std::time::Duration;

use chassis::{
    config::Env,
    service::{self, Running},
    testing::{self, auth::TestAuth, unique, wait_for},
};
use notification::app::{Subscription, build_with};
use parts::mail::Mail;
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    sink::Sink,
    users::{self, Known},
};

/// Generous, because two cores may be shared by many builds; passing tests never wait for it.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Notification {
    pub(crate) auth: TestAuth,
    pub(crate) running: Running,
    pub(crate) sink: Sink,
    pub(crate) users: Known,
    pub(crate) topics: [&'static str; 3],
    events: Events,
    client: Client,
}

/// Somebody nobody else is.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) name: String,
}

/// An event as it travels.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) id: Uuid,
    pub(crate) event_type: &'static str,
    pub(crate) subject: Uuid,
    pub(crate) sequence: i64,
    pub(crate) data: Value,
}

/// Writes to Kafka.
pub(crate) struct Events(FutureProducer);

impl Notification {
    pub(crate) async fn start() -> Self {
        Self::start_on(&testing::env("TEST_REDIS_URL")).await
    }

    pub(crate) async fn start_on(redis: &str) -> Self {
        let (auth, sink, users) = (
            TestAuth::start().await,
            Sink::start().await,
            Known::default(),
        );
        let topics = ["users", "orders", "payments"].map(unique);
        let mut env = auth.env();
        env.extend(environment(redis, &sink, &users).await);
        let news = Subscription {
            group: unique("g"),
            topics,
        };
        let build = |context| build_with(context, news);
        let running = service::start("notification", Env::from_pairs(env), build)
            .await
            .unwrap();
        // The consumer does the same; whoever writes before it has must not find them missing.
        let brokers = testing::env("TEST_KAFKA_BROKERS");
        chassis::events::ensure_topics(&brokers, &topics)
            .await
            .unwrap();
        Self {
            auth,
            running,
            sink,
            users,
            topics,
            events: Events::new(&brokers),
            client: Client::new(),
        }
    }

    /// An event about a user, an order or a payment, by its type.
    pub(crate) async fn tell(&self, event: &Sent) {
        let [users, orders, payments] = self.topics;
        let topic = match event.event_type {
            name if name.starts_with("User") => users,
            name if name.starts_with("Payment") => payments,
            _ => orders,
        };
        self.events.write(topic, event).await;
    }

    /// A customer whose registration was heard of; the welcome mail has arrived.
    pub(crate) async fn customer(&self, name: &str) -> Customer {
        let customer = Customer::new(name);
        self.tell(&customer.registered()).await;
        self.mails(&customer, 1).await;
        customer
    }

    /// Waits for the customer's so many mails, and returns them, oldest first.
    pub(crate) async fn mails(&self, to: &Customer, count: usize) -> Vec<Mail> {
        wait_for(LIMIT, async || self.sink.mails(&to.email).len() >= count).await;
        let mails = self.sink.mails(&to.email);
        assert_eq!(mails.len(), count, "{mails:?}");
        mails
    }

    /// Waits until so many messages of this consumer had this outcome.
    pub(crate) async fn outcomes(&self, outcome: &str, count: u32) {
        let outcome = format!(r#"outcome="{outcome}""#);
        let parts = ["consumer_messages_total", &outcome];
        wait_for(LIMIT, async || self.metric(&parts) >= f64::from(count)).await;
    }

    /// The sum of a counter's lines that contain all of these.
    pub(crate) fn metric(&self, parts: &[&str]) -> f64 {
        let text = self.running.context().metrics.render();
        text.lines()
            .filter(|line| parts.iter().all(|part| line.contains(part)))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
            .sum()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/notifications{path}", self.running.url());
        self.client.request(method, url)
    }

    pub(crate) fn as_user(&self, user: Uuid, method: Method, path: &str) -> RequestBuilder {
        let token = self.auth.user_token(user, &["customer"]);
        self.request(method, path).bearer_auth(token)
    }

    /// Reasons of the dead letters of one topic.
    pub(crate) async fn dead_letters(&self, topic: &str) -> Vec<String> {
        let brokers = testing::env("TEST_KAFKA_BROKERS");
        let letters = chassis::events::dead_letters::list(&brokers, &[topic])
            .await
            .unwrap();
        letters.into_iter().map(|letter| letter.reason).collect()
    }

    pub(crate) async fn stop(self) {
        assert!(self.running.stop().await, "everything drains in time");
    }
}

/// What the service is told beside its identity.
pub(crate) async fn environment(redis: &str, sink: &Sink, users: &Known) -> Vec<(String, String)> {
    let users = users::serve(users.clone()).await;
    [
        ("REDIS_URL", redis.to_owned()),
        ("KAFKA_BROKERS", testing::env("TEST_KAFKA_BROKERS")),
        ("SMTP_URL", sink.url()),
        ("EDGE_USER_URL", format!("http://{users}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

impl Customer {
    pub(crate) fn new(name: &str) -> Self {
        let id = Uuid::now_v7();
        Self {
            id,
            email: format!("{}@faultline.test", id.simple()),
            name: name.to_owned(),
        }
    }

    pub(crate) fn registered(&self) -> Sent {
        let data = json!({ "user_id": self.id, "email": self.email, "name": self.name,
                           "verification_token": "t0k3n" });
        event("UserRegistered", self.id, 1, data)
    }

    pub(crate) fn paid(&self) -> Sent {
        let order = Uuid::now_v7();
        let line = |name: &str, quantity: u32, amount: i64| {
            json!({ "product_id": Uuid::now_v7(), "name": name, "quantity": quantity,
                    "unit_price": { "amount": amount, "currency": "EUR" } })
        };
        let data = json!({
            "order_id": order, "user_id": self.id, "payment_id": Uuid::now_v7(),
            "items": [line("Bowl", 3, 250), line("Cup & saucer", 1, 1999)],
            "total": { "amount": 2749, "currency": "EUR" },
        });
        event("OrderPaid", order, 2, data)
    }

    pub(crate) fn cancelled(&self, reason: &str) -> Sent {
        let order = Uuid::now_v7();
        let data = json!({ "order_id": order, "user_id": self.id, "reason": reason, "detail": "",
                           "total": { "amount": 1, "currency": "EUR" } });
        event("OrderCancelled", order, 2, data)
    }

    pub(crate) fn refunded(&self) -> Sent {
        let payment = Uuid::now_v7();
        let money = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
        let data = json!({ "payment_id": payment, "order_id": Uuid::now_v7(), "user_id": self.id,
                           "refund_id": Uuid::now_v7(), "amount": money(500), "refunded_total": money(500) });
        event("PaymentRefunded", payment, 3, data)
    }
}

pub(crate) fn event(event_type: &'static str, subject: Uuid, sequence: i64, data: Value) -> Sent {
    Sent {
        id: Uuid::now_v7(),
        event_type,
        subject,
        sequence,
        data,
    }
}

impl Events {
    pub(crate) fn new(brokers: &str) -> Self {
        let mut config = ClientConfig::new();
        Self(config.set("bootstrap.servers", brokers).create().unwrap())
    }

    /// Returns when the broker has it.
    pub(crate) async fn write(&self, topic: &str, event: &Sent) {
        let (key, body) = (event.subject.to_string(), event.data.to_string());
        let headers = [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", event.id.to_string()),
            ("ce_source", "/services/elsewhere".to_owned()),
            ("ce_type", event.event_type.to_owned()),
            ("ce_subject", key.clone()),
            ("ce_sequence", event.sequence.to_string()),
            ("ce_time", "2025-11-21T04:00:00Z".to_owned()),
            ("ce_correlationid", "req-1".to_owned()),
            ("ce_dataversion", "1".to_owned()),
        ];
        let add = |all: OwnedHeaders, (key, value): &(&str, String)| {
            all.insert(Header {
                key,
                value: Some(value),
            })
        };
        let headers = headers.iter().fold(OwnedHeaders::new(), add);
        let record = FutureRecord::to(topic)
            .key(&key)
            .payload(&body)
            .headers(headers);
        self.0.send(record, LIMIT).await.unwrap();
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("the service answers");
    let status = response.status();
    let text = response.text().await.expect("the body is read to its end");
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}
