//! The rules of Grafana's dashboard linter (<https://github.com/grafana/dashboard-linter>), by its names, and some of our own.
//! Each takes a dashboard as Grafana reads it and says what is wrong with it.
//!
//! Excluded from the linter's rules: series that are recorded by rules have no instance, and alerts not always a job.

use dashboards::promql::{Selector, selectors};
use serde_json::Value;

/// A rule's name and its check.
pub(super) type Rule = (&'static str, fn(&Value) -> Vec<String>);

pub(super) const RULES: [Rule; 17] = [
    ("template-datasource-rule", datasource_variable),
    ("template-job-rule", |it| chooses_many(it, "job", "Job")),
    ("template-instance-rule", |it| {
        chooses_many(it, "instance", "Instance")
    }),
    ("template-on-time-change-reload-rule", variables_reload),
    ("panel-datasource-rule", panel_datasource),
    ("panel-title-description-rule", panel_texts),
    ("panel-units-rule", panel_units),
    ("panel-no-targets-rule", panel_targets),
    ("target-rate-interval-rule", rate_interval),
    ("target-job-rule", job_matcher),
    ("target-instance-rule", instance_matcher),
    ("target-counter-agg-rule", counters),
    ("uneditable-dashboard", uneditable),
    ("series have names", legends),
    ("latencies have exemplars", exemplars),
    ("variables are defined", variables_defined),
    ("faults are shown, and can be hidden", faults),
];

/// Panels that show data.
pub(super) fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let panels = dashboard["panels"].as_array().unwrap().iter();
    panels.filter(|panel| panel["type"] != "row")
}

pub(super) fn targets(panel: &Value) -> impl Iterator<Item = &Value> {
    panel["targets"].as_array().into_iter().flatten()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn variables(dashboard: &Value) -> &[Value] {
    dashboard["templating"]["list"].as_array().unwrap()
}

fn variable<'a>(dashboard: &'a Value, name: &str) -> Option<&'a Value> {
    variables(dashboard).iter().find(|it| it["name"] == name)
}

/// What holds is nothing to report.
fn unless(holds: bool, problem: impl Into<String>) -> Vec<String> {
    if holds {
        Vec::new()
    } else {
        vec![problem.into()]
    }
}

/// Titles of panels for which something does not hold.
fn panels_unless(dashboard: &Value, holds: impl Fn(&Value) -> bool) -> Vec<String> {
    let bad = panels(dashboard).filter(|panel| !holds(panel));
    bad.map(|panel| text(&panel["title"]).to_owned()).collect()
}

/// Panels and selectors for which something does not hold.
fn selectors_unless(dashboard: &Value, holds: impl Fn(&Selector) -> bool) -> Vec<String> {
    let mut bad = Vec::new();
    for panel in panels(dashboard) {
        for target in targets(panel) {
            let found = selectors(text(&target["expr"])).into_iter();
            let found = found.filter(|selector| !holds(selector));
            bad.extend(found.map(|it| format!("{}: {it:?}", text(&panel["title"]))));
        }
    }
    bad
}

fn datasource_variable(dashboard: &Value) -> Vec<String> {
    let found = variable(dashboard, "datasource");
    let right = |it: &Value| {
        it["type"] == "datasource" && it["query"] == "prometheus" && it["label"] == "Data source"
    };
    unless(found.is_some_and(right), "datasource")
}

fn chooses_many(dashboard: &Value, name: &str, label: &str) -> Vec<String> {
    let right = |it: &Value| {
        it["type"] == "query"
            && it["datasource"]["uid"] == "${datasource}"
            && it["label"] == label
            && it["multi"] == true
            && it["includeAll"] == true
            && it["allValue"] == ".+"
            && text(&it["definition"]).starts_with("label_values(up")
    };
    unless(variable(dashboard, name).is_some_and(right), name)
}

fn variables_reload(dashboard: &Value) -> Vec<String> {
    let queries = variables(dashboard)
        .iter()
        .filter(|it| it["type"] == "query");
    let bad = queries.filter(|it| it["refresh"] != 2);
    bad.map(|it| text(&it["name"]).to_owned()).collect()
}

fn panel_datasource(dashboard: &Value) -> Vec<String> {
    panels_unless(dashboard, |panel| {
        let mut sources = targets(panel).map(|target| &target["datasource"]);
        let right =
            |source: &Value| source["type"] == "prometheus" && source["uid"] == "${datasource}";
        right(&panel["datasource"]) && sources.all(right)
    })
}

fn panel_texts(dashboard: &Value) -> Vec<String> {
    panels_unless(dashboard, |panel| {
        !text(&panel["title"]).is_empty() && text(&panel["description"]).ends_with('.')
    })
}

fn panel_units(dashboard: &Value) -> Vec<String> {
    const UNITS: [&str; 8] = [
        "short",
        "none",
        "cps",
        "reqps",
        "s",
        "bytes",
        "percentunit",
        "currencyEUR",
    ];
    panels_unless(dashboard, |panel| {
        UNITS.contains(&text(&panel["fieldConfig"]["defaults"]["unit"]))
    })
}

fn panel_targets(dashboard: &Value) -> Vec<String> {
    panels_unless(dashboard, |panel| {
        targets(panel).count() > 0 && targets(panel).all(|it| !text(&it["expr"]).is_empty())
    })
}

fn rate_interval(dashboard: &Value) -> Vec<String> {
    selectors_unless(dashboard, |it| {
        match (it.function.as_str(), it.range.as_deref()) {
            ("rate" | "irate", range) => range == Some("$__rate_interval"),
            ("increase", range) => matches!(range, Some("$__rate_interval" | "$__range")),
            (_, range) => range.is_none(),
        }
    })
}

fn job_matcher(dashboard: &Value) -> Vec<String> {
    selectors_unless(dashboard, |it| match it.metric.as_str() {
        "ALERTS" => it.matchers.contains(r#"job=~"$job|""#),
        _ => it.matchers.contains(r#"job=~"$job""#),
    })
}

fn instance_matcher(dashboard: &Value) -> Vec<String> {
    selectors_unless(dashboard, |it| {
        let recorded = it.metric.contains(':') || it.matchers.contains(r#"__name__=~"slo:"#);
        recorded || it.metric == "ALERTS" || it.matchers.contains(r#"instance=~"$instance""#)
    })
}

/// A number since the start of a process says nothing over time. Dead letters are the one that people count.
fn counters(dashboard: &Value) -> Vec<String> {
    selectors_unless(dashboard, |it| {
        let counter = ["_total", "_count", "_sum", "_bucket"]
            .iter()
            .any(|suffix| it.metric.ends_with(suffix));
        let kept = it.metric == "consumer_messages_total" && it.matchers.contains("dead_lettered");
        let gauge = it.metric == "db_client_connection_count";
        !counter || gauge || kept || ["rate", "irate", "increase"].contains(&it.function.as_str())
    })
}

fn uneditable(dashboard: &Value) -> Vec<String> {
    unless(dashboard["editable"] == false, "editable")
}

fn legends(dashboard: &Value) -> Vec<String> {
    panels_unless(dashboard, |panel| {
        targets(panel).all(|it| !text(&it["legendFormat"]).is_empty())
    })
}

/// From a slow point to its trace.
fn exemplars(dashboard: &Value) -> Vec<String> {
    panels_unless(dashboard, |panel| {
        let quantile = |it: &&Value| text(&it["expr"]).contains("histogram_quantile");
        let curves = panel["type"] == "timeseries";
        let any = targets(panel)
            .filter(quantile)
            .any(|it| it["exemplar"] == true);
        !curves || targets(panel).filter(quantile).count() == 0 || any
    })
}

fn variables_defined(dashboard: &Value) -> Vec<String> {
    const BUILT_IN: [&str; 3] = ["__rate_interval", "__range", "__url_time_range"];
    let known = |name: &str| BUILT_IN.contains(&name) || variable(dashboard, name).is_some();
    let text = dashboard["panels"].to_string();
    let names = text.split('$').skip(1).map(|rest| {
        let rest = rest.trim_start_matches('{');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    });
    let unknown = names.filter(|name| !known(name));
    unknown.map(str::to_owned).collect()
}

fn faults(dashboard: &Value) -> Vec<String> {
    let list = dashboard["annotations"]["list"]
        .as_array()
        .into_iter()
        .flatten();
    let mut faults = list.filter(|it| it["name"] == "Faults");
    let right = |it: &Value| {
        it["enable"] == true
            && it["hide"] == false
            && text(&it["expr"]).starts_with("chaos_fault_active{")
    };
    unless(faults.next().is_some_and(right), "Faults")
}
