//! What all dashboards have alike: variables, annotations, links, time.

use serde_json::{Value, json};

use crate::{
    Dashboard, TAG,
    grid::{Place, places},
};

/// Data from the choice at the top of the page.
pub(crate) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

impl Dashboard {
    /// As Grafana reads it. The same text for the same description.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = json!({
            "annotations": { "list": annotations() },
            "description": self.description.trim(),
            "editable": false,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "id": null,
            "links": [dashboards_link()],
            "panels": self.panels(),
            "refresh": "5s",
            "schemaVersion": 41,
            "tags": [TAG],
            "templating": { "list": self.variables() },
            "time": { "from": "now-15m", "to": "now" },
            "timepicker": { "refresh_intervals": ["5s", "10s", "30s", "1m", "5m"] },
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
        });
        // Whether maps keep their order depends on what else is built; this does not.
        json.sort_all_objects();
        let text = serde_json::to_string_pretty(&json).expect("JSON can be written");
        text + "\n"
    }

    fn panels(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut y = 0;
        for row in &self.rows {
            all.push(json!({
                "collapsed": false,
                "gridPos": position(Place::heading(y)),
                "panels": [],
                "title": row.title,
                "type": "row",
            }));
            let places = places(row, y + 1);
            let panels = row.panels.iter().zip(places);
            all.extend(panels.map(|(panel, place)| panel.to_json(position(place))));
            y += 1 + row.height;
        }
        for (id, panel) in (1..).zip(&mut all) {
            panel["id"] = json!(id);
        }
        all
    }

    fn variables(&self) -> Vec<Value> {
        let mut all = vec![
            datasource_variable(),
            many("job", "Job", "label_values(up, job)"),
            many(
                "instance",
                "Instance",
                r#"label_values(up{job=~"$job"}, instance)"#,
            ),
        ];
        if self.one_service {
            all.push(one_service());
        }
        all
    }
}

fn position(place: Place) -> Value {
    json!({ "x": place.x, "y": place.y, "w": place.w, "h": place.h })
}

fn datasource_variable() -> Value {
    json!({
        "current": { "selected": true, "text": "Prometheus", "value": "prometheus" },
        "hide": 0,
        "includeAll": false,
        "label": "Data source",
        "multi": false,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "type": "datasource",
    })
}

/// Any number of values, all of them at first.
fn many(name: &str, label: &str, query: &str) -> Value {
    let mut many = variable(name, label, query);
    many["allValue"] = json!(".+");
    many["current"] = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
    many["includeAll"] = json!(true);
    many["multi"] = json!(true);
    many
}

fn one_service() -> Value {
    let query = r#"label_values(http_server_active_requests{job=~"$job"}, service)"#;
    let mut one = variable("service", "Service", query);
    one["current"] = json!({ "selected": true, "text": "gateway", "value": "gateway" });
    one
}

/// A choice of values that Prometheus knows now.
fn variable(name: &str, label: &str, query: &str) -> Value {
    json!({
        "datasource": datasource(),
        "definition": query,
        "hide": 0,
        "includeAll": false,
        "label": label,
        "multi": false,
        "name": name,
        "options": [],
        "query": { "query": query, "refId": "StandardVariableQuery" },
        // When the time range changes: what ran then may not run now.
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "type": "query",
    })
}

/// Faults are shown where they were, unless the reader switches them off at the top of the page to guess for themselves.
fn annotations() -> Vec<Value> {
    vec![
        annotation(
            "Faults",
            "red",
            true,
            r#"chaos_fault_active{job=~"$job"} > 0"#,
            "{{fault}}",
            "{{target}}",
        ),
        annotation(
            "Alerts",
            "orange",
            false,
            r#"ALERTS{job=~"$job|",alertstate="firing"}"#,
            "{{alertname}}",
            "{{service}} {{sloth_slo}}",
        ),
    ]
}

fn annotation(name: &str, color: &str, on: bool, ask: &str, title: &str, text: &str) -> Value {
    json!({
        "datasource": datasource(),
        "enable": on,
        "expr": ask,
        "hide": false,
        "iconColor": color,
        "name": name,
        "step": "5s",
        "tagKeys": "",
        "textFormat": text,
        "titleFormat": title,
        "useValueForTime": false,
    })
}

/// At the top of the page: the other dashboards, with the same time and choices.
fn dashboards_link() -> Value {
    json!({
        "asDropdown": false,
        "icon": "external link",
        "includeVars": true,
        "keepTime": true,
        "tags": [TAG],
        "targetBlank": false,
        "title": "",
        "tooltip": "",
        "type": "dashboards",
        "url": "",
    })
}
