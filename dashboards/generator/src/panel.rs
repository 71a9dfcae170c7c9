//! A panel as Grafana reads it.

use serde_json::{Value, json};

use crate::{CHOSEN, Limit, Panel, Query, Show, Unit, frame::datasource};

impl Panel {
    pub(crate) fn to_json(&self, position: Value) -> Value {
        let targets = (b'A'..=b'Z').zip(&self.queries);
        json!({
            "datasource": datasource(),
            "description": self.description.trim(),
            "fieldConfig": { "defaults": self.defaults(), "overrides": [] },
            "gridPos": position,
            "links": self.links(),
            "options": self.options(),
            "targets": targets.map(|(letter, query)| self.target(letter, query)).collect::<Vec<_>>(),
            "title": self.title,
            "type": self.show.grafana(),
        })
    }

    fn target(&self, letter: u8, query: &Query) -> Value {
        let instant = self.show == Show::Bars;
        json!({
            "datasource": datasource(),
            "editorMode": "code",
            "exemplar": query.exemplars,
            "expr": query.ask.trim().replace('@', CHOSEN),
            "format": if self.show == Show::Heatmap { "heatmap" } else { "time_series" },
            "instant": instant,
            "legendFormat": query.name,
            "range": !instant,
            "refId": char::from(letter).to_string(),
        })
    }

    fn links(&self) -> Vec<Value> {
        let link = |uid: &String| {
            json!({
                "targetBlank": false,
                "title": "Look closer",
                "url": format!("/d/{uid}?${{__url_time_range}}&${{datasource:queryparam}}&${{job:queryparam}}&${{instance:queryparam}}"),
            })
        };
        self.more.iter().map(link).collect()
    }

    fn defaults(&self) -> Value {
        let mut defaults = json!({
            "color": { "mode": self.color() },
            "custom": self.custom(),
            "mappings": self.mappings(),
            "thresholds": { "mode": "absolute", "steps": self.steps() },
            "unit": self.unit.grafana(),
        });
        if let Some(decimals) = self.decimals {
            defaults["decimals"] = json!(decimals);
        }
        if let Some(none) = &self.none {
            defaults["noValue"] = json!(none);
        }
        if let (Some(max), Show::Bars) = (self.max, self.show) {
            defaults["max"] = json!(max);
        }
        defaults
    }

    /// A limit is a line across curves, and the colour of everything else.
    fn color(&self) -> &'static str {
        match self.show {
            Show::Lines | Show::Stacked => "palette-classic-by-name",
            Show::Number | Show::Band | Show::Bars | Show::Heatmap => "thresholds",
        }
    }

    fn custom(&self) -> Value {
        let curves = |fill: u32, stacking: &str| {
            json!({
                "axisSoftMax": self.max,
                "axisSoftMin": 0,
                "drawStyle": "line",
                "fillOpacity": fill,
                "lineWidth": 1,
                "showPoints": "never",
                "spanNulls": false,
                "stacking": { "group": "A", "mode": stacking },
                "thresholdsStyle": { "mode": if self.limits.is_empty() { "off" } else { "dashed" } },
            })
        };
        match self.show {
            Show::Lines => curves(8, "none"),
            Show::Stacked => curves(40, "normal"),
            Show::Band => json!({ "fillOpacity": 80, "lineWidth": 0 }),
            Show::Heatmap => json!({ "scaleDistribution": { "type": "linear" } }),
            Show::Number | Show::Bars => json!({}),
        }
    }

    fn mappings(&self) -> Vec<Value> {
        let option = |(at, state): (usize, &crate::Named)| {
            let shown = json!({ "color": state.color, "index": at, "text": state.name });
            (state.value.to_string(), shown)
        };
        let options: serde_json::Map<String, Value> =
            self.states.iter().enumerate().map(option).collect();
        match options.is_empty() {
            true => Vec::new(),
            false => vec![json!({ "type": "value", "options": options })],
        }
    }

    /// Green up to the first limit, unless the first says what holds below all others.
    fn steps(&self) -> Vec<Value> {
        let base = match (self.limits.first(), self.limits.is_empty()) {
            (_, true) => Some("blue"),
            (Some(Limit { from: None, .. }), _) => None,
            _ => Some("green"),
        };
        let base = base.map(|color| json!({ "color": color, "value": null }));
        let limits = self.limits.iter();
        let limits = limits.map(|limit| json!({ "color": limit.color, "value": limit.from }));
        base.into_iter().chain(limits).collect()
    }

    fn options(&self) -> Value {
        let last = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
        match self.show {
            Show::Number => json!({
                "colorMode": if self.limits.is_empty() { "value" } else { "background" },
                "graphMode": "area",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": last,
                "textMode": "auto",
                "wideLayout": true,
            }),
            Show::Lines | Show::Stacked => json!({
                "legend": { "calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": true },
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
            Show::Band => json!({
                "alignValue": "left",
                "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true },
                "mergeValues": true,
                "rowHeight": 0.85,
                "showValue": "never",
                "tooltip": { "mode": "single", "sort": "none" },
            }),
            Show::Heatmap => json!({
                "calculate": false,
                "cellGap": 1,
                "color": { "exponent": 0.5, "mode": "scheme", "scale": "exponential", "scheme": "Oranges", "steps": 64 },
                "exemplars": { "color": "rgba(0,120,255,0.9)" },
                "legend": { "show": true },
                "rowsFrame": { "layout": "auto" },
                "tooltip": { "mode": "single", "showColorScale": true, "yHistogram": true },
                "yAxis": { "axisPlacement": "left", "reverse": false, "unit": self.unit.grafana() },
            }),
            Show::Bars => json!({
                "displayMode": "gradient",
                "minVizHeight": 12,
                "namePlacement": "left",
                "orientation": "horizontal",
                "reduceOptions": last,
                "showUnfilled": true,
                "valueMode": "color",
            }),
        }
    }
}

impl Show {
    fn grafana(self) -> &'static str {
        match self {
            Self::Number => "stat",
            Self::Lines | Self::Stacked => "timeseries",
            Self::Band => "state-timeline",
            Self::Heatmap => "heatmap",
            Self::Bars => "bargauge",
        }
    }
}

impl Unit {
    fn grafana(self) -> &'static str {
        match self {
            Self::Count | Self::Times => "short",
            Self::PerSecond => "cps",
            Self::Requests => "reqps",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::Share => "percentunit",
            Self::Euros => "currencyEUR",
            Self::State => "none",
        }
    }
}
