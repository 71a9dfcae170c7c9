//! The shop as the lab sees it: one row for each service, and the environment that follows from
//! it. A service is configured by these variables alone; it knows nothing of the lab.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{Lab, edges, observatory, sampling};

/// The e-mail address of the shop's first administrator.
pub const ADMIN_EMAIL: &str = "admin@faultline.test";

/// One service.
#[derive(Debug)]
pub struct Service {
    /// Its name: also its program, its database and its role.
    pub name: &'static str,
    /// Its port at the standard base.
    pub port: u16,
    /// What it needs beside its ports.
    pub needs: &'static [Need],
    /// Whom it calls, each over an edge with an address of its own.
    pub calls: &'static [&'static str],
}

/// Something a service needs, each one or a few variables of its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A database and a role of its own.
    Database,
    /// The lab's Redis.
    Redis,
    /// The lab's broker.
    Kafka,
    /// The keys that access tokens are verified with, and the key for service tokens.
    Tokens,
    /// The key that its signing keys are encrypted with at rest, and the first administrator.
    Identity,
    /// Keys for sensitive columns, newest first.
    CardVault,
    /// The provider's API key and the secret that webhooks are signed with.
    Psp,
    /// Where the provider sends its webhooks.
    Webhooks,
    /// The API keys of partner programs.
    ApiKeys,
    /// The mail sink.
    Smtp,
    /// Leave to let a request hang for a minute: the provider's tokens that never answer.
    Patience,
}

use Need::{
    ApiKeys, CardVault, Database, Identity, Kafka, Patience, Psp, Redis, Smtp, Tokens, Webhooks,
};

/// All services.
#[rustfmt::skip]
pub const SERVICES: [Service; 8] = [
    Service { name: "gateway",      port: 8080, needs: &[Redis, Tokens, ApiKeys],                   calls: &["user", "product", "inventory", "order", "payment", "notification"] },
    Service { name: "user",         port: 8001, needs: &[Database, Redis, Kafka, Tokens, Identity], calls: &[] },
    Service { name: "product",      port: 8002, needs: &[Database, Redis, Kafka, Tokens],           calls: &[] },
    Service { name: "order",        port: 8003, needs: &[Database, Kafka, Tokens],                  calls: &["inventory", "payment", "product"] },
    Service { name: "payment",      port: 8004, needs: &[Database, Kafka, Tokens, CardVault, Psp],  calls: &["stripe", "paypal"] },
    Service { name: "notification", port: 8005, needs: &[Redis, Kafka, Tokens, Smtp],               calls: &["user"] },
    Service { name: "inventory",    port: 8006, needs: &[Database, Kafka, Tokens],                  calls: &[] },
    Service { name: "psp",          port: 8007, needs: &[Database, Psp, Webhooks, Patience],        calls: &[] },
];

/// The service of this name.
#[must_use]
pub fn service(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

impl Service {
    /// Has it a database of its own?
    #[must_use]
    pub fn has_database(&self) -> bool {
        self.needs.contains(&Database)
    }

    /// The edges it calls out on.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        let webhook = self.needs.contains(&Webhooks).then_some("webhook");
        self.calls.iter().copied().chain(webhook).map(|to| Edge {
            from: self.name,
            to,
        })
    }
}

/// A way from one service to another. The psp is two providers, so payment has two edges to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Who calls.
    pub from: &'static str,
    /// Who is called, by the name the caller knows it by.
    pub to: &'static str,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}", self.from, self.to)
    }
}

impl Edge {
    /// The service behind the name.
    #[must_use]
    pub fn target(self) -> &'static Service {
        let name = match self.to {
            "stripe" | "paypal" => "psp",
            "webhook" => "payment",
            name => name,
        };
        service(name).expect("every edge of the table leads to a service of the table")
    }
}

/// The address that `edge.from` is given for `edge.to`: that of the edge, where the chaos proxy listens.
#[must_use]
pub fn address(lab: &Lab, edge: Edge) -> String {
    format!(
        "http://127.0.0.1:{}",
        edges::port(lab, service_named(edge.from), edge.to)
    )
}

/// The whole environment of a service.
#[must_use]
pub fn environment(lab: &Lab, service: &Service) -> Vec<(String, String)> {
    let local = |port: u16| format!("127.0.0.1:{port}");
    let mut env = Environment::default();
    env.set("SERVICE_HTTP_ADDR", local(lab.ports.service(service)));
    env.set("SERVICE_ADMIN_ADDR", local(lab.ports.admin(service)));
    env.set("LOG_FORMAT", "json");
    env.set("LOG_LEVEL", "info");
    env.set("CRASH_POINTS_ENABLED", "true");
    env.set("PROTECTION_SWITCHES_ENABLED", "true");
    let strategies = sampling::file(lab).display().to_string();
    env.set("OTEL_TRACES_SAMPLER_FILE", strategies);
    // glibc would keep an arena per core and thread: megabytes that nobody uses.
    env.set("MALLOC_ARENA_MAX", "2");
    env.set(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        observatory::endpoint_of(lab, service),
    );
    for edge in service
        .edges()
        .filter(|edge| service.calls.contains(&edge.to))
    {
        env.set(
            &format!("EDGE_{}_URL", edge.to.to_uppercase()),
            address(lab, edge),
        );
    }
    for need in service.needs {
        need.add_to(&mut env, lab, service);
    }
    env.variables
}

#[derive(Default)]
struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }
}

fn database_url(lab: &Lab, service: &Service) -> String {
    if lab.postgres_edges {
        let edge = edges::port(lab, service, "postgres");
        lab.database_url_at(edge, service.name, service.name)
    } else {
        lab.database_url_by_socket(service.name, service.name)
    }
}

impl Need {
    fn add_to(self, env: &mut Environment, lab: &Lab, service: &Service) {
        let secrets = &lab.secrets;
        let here = |to: &str| edges::port(lab, service, to);
        match self {
            Database => env.set("DATABASE_URL", database_url(lab, service)),
            Redis => env.set("REDIS_URL", lab.redis_url_at(here("redis"))),
            Kafka => env.set("KAFKA_BROKERS", format!("127.0.0.1:{}", here("kafka"))),
            Tokens => {
                env.set(
                    "JWKS_URL",
                    format!(
                        "http://127.0.0.1:{}/.well-known/jwks.json",
                        here("user.jwks")
                    ),
                );
                env.set("SERVICE_TOKEN_KEY", secrets.service_token_key());
            }
            Identity => {
                env.set("KEY_ENCRYPTION_KEY", secrets.hex_key("user/key-encryption"));
                env.set("ADMIN_EMAIL", ADMIN_EMAIL);
                env.set("ADMIN_PASSWORD", secrets.administrator());
            }
            CardVault => {
                let key = STANDARD.encode(secrets.key("payment/encryption/1"));
                env.set("PAYMENT_ENCRYPTION_KEYS", format!("1:{key}"));
            }
            Psp => {
                env.set("PSP_API_KEY", secrets.psp_api_key());
                env.set("PSP_WEBHOOK_SECRET", secrets.psp_webhook());
            }
            Webhooks => {
                let edge = Edge {
                    from: service.name,
                    to: "webhook",
                };
                env.set(
                    "WEBHOOK_URL",
                    format!("{}/webhooks/psp", address(lab, edge)),
                );
            }
            ApiKeys => env.set(
                "GATEWAY_API_KEYS",
                format!(
                    "partner:premium:{}",
                    hex::encode(Sha256::digest(lab.partner_api_key()))
                ),
            ),
            Smtp => env.set("SMTP_URL", format!("smtp://127.0.0.1:{}", here("smtp"))),
            Patience => env.set("REQUEST_TIMEOUT_MS", "65000"),
        }
    }
}

fn service_named(name: &str) -> &'static Service {
    service(name).expect("the table has this service")
}

#[cfg(test)]
mod tests;
