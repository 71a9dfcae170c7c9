//! `faultline env`: the lab's addresses for a shell or a program.

use std::collections::BTreeMap;

use parts::grafana::Installation;
use parts::postgres::AUDITOR;

use crate::cli::Global;
use crate::shop::{ADMIN_EMAIL, SERVICES, Service};
use crate::{Lab, Verdict, chaos_proxy, observatory, term};

/// What `--help` says.
pub const HELP: &str = "Print the lab's addresses, ports and passwords, ready for a shell:\n\n\
    eval \"$(faultline env)\"\n\
    curl $GATEWAY_URL/api/v1/products\n\
    psql $AUDITOR_ORDER_URL      (read-only, one such URL for each database)\n\n\
    The passwords are this lab's own, made when its state folder was.";

/// Options of `env`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON: {"NAME": "value", …}
    #[arg(long)]
    pub json: bool,
}

/// Prints it.
///
/// # Errors
/// When there is no lab to speak of.
pub fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let variables = variables(&Lab::of(global)?);
    if args.json {
        term::json(&variables)?;
    } else {
        for (name, value) in variables {
            term::out(format!("export {name}={}", quoted(&value)));
        }
    }
    Ok(Verdict::Yes)
}

pub(super) fn variables(lab: &Lab) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([
        (
            "FAULTLINE_HOME".to_owned(),
            lab.home.state.display().to_string(),
        ),
        (
            "FAULTLINE_BIN_DIR".to_owned(),
            lab.bin_dir.display().to_string(),
        ),
        (
            "FAULTLINE_BASE_PORT".to_owned(),
            lab.ports.base().to_string(),
        ),
        ("POSTGRES_PORT".to_owned(), lab.ports.postgres().to_string()),
        ("REDIS_URL".to_owned(), lab.redis_url()),
        ("KAFKA_BROKERS".to_owned(), lab.kafka()),
        ("SMTP_URL".to_owned(), lab.smtp_url()),
        ("PROMETHEUS_URL".to_owned(), lab.prometheus_url()),
        ("ALERTMANAGER_URL".to_owned(), lab.alertmanager_url()),
        ("CHAOS_PROXY_URL".to_owned(), chaos_proxy::control_url(lab)),
        ("MAIL_DIR".to_owned(), lab.home.mail().display().to_string()),
        ("OBSERVATORY_URL".to_owned(), observatory::query_url(lab)),
        ("OTLP_HTTP_URL".to_owned(), observatory::otlp_http_url(lab)),
        ("OTLP_GRPC_URL".to_owned(), observatory::otlp_grpc_url(lab)),
        ("ADMIN_EMAIL".to_owned(), ADMIN_EMAIL.to_owned()),
        ("ADMIN_PASSWORD".to_owned(), lab.secrets.administrator()),
        ("PARTNER_API_KEY".to_owned(), lab.partner_api_key()),
    ]);
    if Installation::find().is_some() {
        all.insert("GRAFANA_URL".to_owned(), lab.grafana_url());
    }
    for service in &SERVICES {
        all.extend(of_service(lab, service));
    }
    all
}

fn of_service(lab: &Lab, service: &Service) -> Vec<(String, String)> {
    let name = service.name.to_uppercase();
    let mut variables = vec![
        (format!("{name}_URL"), lab.url(service)),
        (format!("{name}_ADMIN_URL"), lab.admin_url(service)),
    ];
    if service.has_database() {
        variables.push((
            format!("AUDITOR_{name}_URL"),
            lab.database_url(AUDITOR, service.name),
        ));
    }
    variables
}

/// In single quotes, as a POSIX shell reads it back.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_value_survives_the_shell() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
