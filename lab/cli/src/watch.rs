//! How the lab is watched: what Prometheus scrapes, which rules it evaluates, where its alerts go, and what Grafana shows.
//! Rules, dashboards and configuration are the checked-in files, compiled in; only addresses are the lab's own.

use anyhow::Context;
use parts::alertmanager::Alertmanager;
use parts::alerts::{self, Store};
use parts::grafana::{self, Grafana};
use parts::prometheus::{Prometheus, Setup, Target};
use slo::shipped;
use supervisor::{ProcessSpec, Readiness, Supervisor};
use tokio::net::TcpListener;

use crate::boot::{Hosted, part};
use crate::shop::SERVICES;
use crate::{Lab, chaos_proxy, observatory};

const PROMETHEUS: &str = include_str!("../../../dashboards/prometheus/prometheus.yml");
const DATASOURCES: &str = include_str!("../../../dashboards/grafana/lab/datasources.yaml");
const PROVIDER: &str =
    include_str!("../../../dashboards/grafana/provisioning/dashboards/faultline.yaml");
/// The dashboard that Grafana shows first.
const FIRST_PAGE: &str = "shop.json";
/// The address in `alerts/alertmanager.yml`: the alert sink's at the standard base.
const SINK_AT_STANDARD_BASE: &str = "http://127.0.0.1:8094/alerts";

/// Prometheus, Alertmanager and, where it is installed, Grafana: found and configured.
pub(crate) struct Watch {
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    grafana: Option<Grafana>,
}

impl Watch {
    /// Finds them and writes their configuration.
    ///
    /// # Errors
    /// When Prometheus or Alertmanager is not installed, with what to do, or the state folder cannot be written.
    pub(crate) fn prepare(lab: &Lab) -> anyhow::Result<Self> {
        let (state, ports) = (&lab.home.state, lab.ports);
        let prometheus = Prometheus::locate(state, ports.prometheus())?;
        let alertmanager = Alertmanager::locate(state, ports.alertmanager())?;
        prometheus.configure(&Setup {
            config: PROMETHEUS,
            rules: &[
                ("slo.yml", shipped::RULES_LAB),
                ("shop.yml", shipped::RULES_SHOP),
            ],
            targets: &[
                ("faultline", scraped(lab)),
                ("alertmanager", vec![target(ports.alertmanager(), None)]),
            ],
        })?;
        alertmanager.configure(&routes(ports.alert_sink()))?;
        let grafana = Grafana::locate(state, ports.grafana())?;
        if let Some(grafana) = &grafana {
            grafana.configure(&grafana::Setup {
                datasources: DATASOURCES,
                provider: PROVIDER,
                dashboards: &dashboards::shipped::FILES,
            })?;
        }
        Ok(Self {
            prometheus,
            alertmanager,
            grafana,
        })
    }

    /// Starts them, and the sink that alerts are delivered to. Comes last and so is stopped first: a service that starts
    /// or stops with the lab is not an outage. Nobody waits for Grafana: it takes longer than the whole shop, and customers do
    /// without.
    ///
    /// # Errors
    /// When a port cannot be opened or one does not become ready.
    pub(crate) async fn start(
        &self,
        lab: &Lab,
        supervisor: &Supervisor,
        hosted: &Hosted,
    ) -> anyhow::Result<()> {
        let step = supervisor.board.step("watch");
        step.detail("Prometheus, Alertmanager, alert sink");
        let sink = TcpListener::bind(("127.0.0.1", lab.ports.alert_sink()))
            .await
            .context("open the alert sink's port")?;
        let store = Store::create(&lab.home.alerts())?;
        hosted.run(|shutdown| alerts::serve(sink, store, shutdown));
        let specs = vec![
            part(
                self.alertmanager.launch()?,
                Readiness::Http(self.alertmanager.ready_url()),
            ),
            part(
                self.prometheus.launch()?,
                Readiness::Http(self.prometheus.ready_url()),
            ),
        ];
        supervisor.start_stage(specs, |_, _| ()).await?;
        let dashboards = self.start_grafana(lab, supervisor)?;
        step.done(format!(
            "Prometheus on port {}, Alertmanager, alert sink{dashboards}",
            lab.ports.prometheus()
        ));
        Ok(())
    }

    /// Says what became of it. Somebody else's Grafana on the same port is no reason to keep the shop closed.
    fn start_grafana(&self, lab: &Lab, supervisor: &Supervisor) -> anyhow::Result<String> {
        let port = lab.ports.grafana();
        let Some(grafana) = &self.grafana else {
            return Ok(String::new());
        };
        if !supervisor::ports::is_free(port) {
            return Ok(format!("; no Grafana: port {port} is in use"));
        }
        supervisor.start_aside(show(grafana, lab)?)?;
        Ok(format!(", Grafana soon at {}", lab.grafana_url()))
    }
}

fn show(grafana: &Grafana, lab: &Lab) -> anyhow::Result<ProcessSpec> {
    let urls = [
        ("PROMETHEUS_URL", lab.prometheus_url()),
        ("JAEGER_URL", observatory::query_url(lab)),
    ];
    let launch = grafana.launch(FIRST_PAGE, &urls)?;
    Ok(part(launch, Readiness::Http(grafana.ready_url())))
}

/// Every service's admin port, and those who watch.
fn scraped(lab: &Lab) -> Vec<Target> {
    let services = SERVICES
        .iter()
        .map(|service| target(lab.ports.admin(service), Some(service.name)));
    let watchers = [
        target(lab.ports.prometheus(), Some("prometheus")),
        target(lab.ports.alertmanager(), Some("alertmanager")),
        target(lab.ports.traces_admin(), Some(observatory::NAME)),
        target(lab.ports.chaos(), Some(chaos_proxy::NAME)),
    ];
    services.chain(watchers).collect()
}

fn target(port: u16, service: Option<&str>) -> Target {
    Target {
        address: format!("127.0.0.1:{port}"),
        service: service.map(str::to_owned),
    }
}

fn routes(sink_port: u16) -> String {
    let here = format!("http://127.0.0.1:{sink_port}/alerts");
    shipped::ALERTMANAGER.replace(SINK_AT_STANDARD_BASE, &here)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Ports, STANDARD_BASE};

    #[test]
    fn the_sink_has_the_address_that_alertmanager_is_configured_with() {
        let standard = Ports::at(STANDARD_BASE).alert_sink();
        assert_eq!(routes(standard), shipped::ALERTMANAGER);
        assert!(routes(12_094).contains("url: http://127.0.0.1:12094/alerts"));
    }

    #[test]
    fn grafana_is_given_the_addresses_that_its_data_sources_name() {
        for name in ["url: $PROMETHEUS_URL\n", "url: $JAEGER_URL\n"] {
            assert!(DATASOURCES.contains(name), "{name}");
        }
        assert!(PROVIDER.contains("path: /var/lib/grafana/dashboards\n"));
        let first = dashboards::shipped::FILES.iter();
        assert!(first.map(|(name, _)| *name).any(|name| name == FIRST_PAGE));
    }

    #[test]
    fn every_service_is_scraped_at_its_admin_port() {
        let folder = tempfile::tempdir().expect("a folder");
        let lab = Lab::in_folder(folder.path(), 10_000).expect("a lab");
        let scraped = scraped(&lab);
        assert_eq!(scraped.len(), SERVICES.len() + 4);
        assert!(scraped.contains(&target(11_080, Some("gateway"))));
    }
}
