//! What a maintainer writes about a dashboard. What is not known is refused, so that a misspelt key is not left out in silence.

use serde::Deserialize;

/// One dashboard.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// Its address, `faultline-…`, and without that its file's name. Never changes: people have it in bookmarks.
    pub uid: String,
    /// Its name.
    pub title: String,
    /// Which question it answers.
    pub description: String,
    /// Whether the reader chooses one service, `$service` in queries.
    #[serde(default)]
    pub one_service: bool,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// Panels under a heading.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The heading.
    pub title: String,
    /// How tall its panels are, in Grafana's units of about 30 pixels.
    #[serde(default = "usual_height")]
    pub height: u32,
    /// From left to right; they share the width unless they say otherwise.
    pub panels: Vec<Panel>,
}

/// One picture.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// What is shown.
    pub title: String,
    /// What a reader should look for.
    pub description: String,
    /// How it is drawn.
    pub show: Show,
    /// What the numbers mean.
    pub unit: Unit,
    /// Columns of the 24 that it takes; an equal share when 0.
    #[serde(default)]
    pub width: u32,
    /// From which values on it is yellow or red.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// What numbers are called that stand for states.
    #[serde(default)]
    pub states: Vec<Named>,
    /// What is seen of the axis at least; where a full bar ends.
    #[serde(default)]
    pub max: Option<f64>,
    /// Digits after the point, when Grafana's choice is wrong.
    #[serde(default)]
    pub decimals: Option<u32>,
    /// What is shown where there is no value.
    #[serde(default)]
    pub none: Option<String>,
    /// The dashboard that tells more, by its uid.
    #[serde(default)]
    pub more: Option<String>,
    /// What Prometheus is asked.
    pub queries: Vec<Query>,
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The last value, large.
    Number,
    /// Values over time.
    Lines,
    /// Values over time, on top of each other.
    Stacked,
    /// States, as a band over time.
    Band,
    /// The distribution over time, of a histogram's buckets.
    Heatmap,
    /// The value of each series now, as a bar.
    Bars,
}

/// What a number means: those of Grafana's units that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number of things.
    Count,
    /// Things a second.
    PerSecond,
    /// Requests a second.
    Requests,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share, 0 to 1.
    Share,
    /// How many times something.
    Times,
    /// Euros.
    Euros,
    /// A state by number.
    State,
}

/// From where on a colour holds. Below the first limit it is green, unless that one has no beginning.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The value; none for what is below all others.
    #[serde(default)]
    pub from: Option<f64>,
    /// `green`, `yellow`, `red`.
    pub color: String,
}

/// A number that stands for a state.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The number.
    pub value: i32,
    /// What it is called.
    pub name: String,
    /// `green`, `yellow`, `red`.
    pub color: String,
}

/// One question to Prometheus.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// PromQL; `@` stands for the chosen job and instance.
    pub ask: String,
    /// What its series are called, with `{{label}}`.
    pub name: String,
    /// Whether single requests are shown as points that lead to their trace.
    #[serde(default)]
    pub exemplars: bool,
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Invalid {
    /// It is not of this form.
    #[error("not a description of a dashboard")]
    Form(#[from] serde_norway::Error),
    /// It is, but what it says does not work.
    #[error("{panel}: {problem}")]
    Senseless {
        /// The panel's title, or the dashboard's.
        panel: String,
        /// What is wrong.
        problem: &'static str,
    },
}

fn usual_height() -> u32 {
    8
}

impl Dashboard {
    /// Reads a description, in YAML.
    ///
    /// # Errors
    /// With the line when it is not one; with the panel that cannot be drawn.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let dashboard: Self = serde_norway::from_str(text)?;
        dashboard.check()?;
        Ok(dashboard)
    }

    /// The name of its file: `faultline-orders` is in `orders.json`.
    #[must_use]
    pub fn file(&self) -> String {
        let name = self.uid.strip_prefix(super::TAG).unwrap_or(&self.uid);
        format!("{}.json", name.trim_start_matches('-'))
    }

    fn check(&self) -> Result<(), Invalid> {
        let senseless = |panel: &str, problem| Invalid::Senseless {
            panel: panel.to_owned(),
            problem,
        };
        if !self.uid.starts_with("faultline-") {
            return Err(senseless(
                &self.title,
                "its uid has to begin with faultline-",
            ));
        }
        for row in &self.rows {
            if row.panels.iter().map(|panel| panel.width).sum::<u32>() > super::grid::COLUMNS {
                return Err(senseless(&row.title, "its panels are wider than the page"));
            }
            for panel in &row.panels {
                if panel.queries.is_empty() {
                    return Err(senseless(&panel.title, "it asks nothing"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
uid: faultline-small
title: Small
description: Is it?
rows:
  - title: One
    panels:
      - title: Up
        description: Who answers.
        show: number
        unit: count
        queries: [{ ask: "up{@}", name: "{{service}}" }]
"#;

    #[test]
    fn a_description_is_read_and_knows_its_file() {
        let dashboard = Dashboard::parse(SMALL).unwrap();
        assert_eq!(dashboard.file(), "small.json");
        assert_eq!(dashboard.rows[0].height, 8);
    }

    #[test]
    fn a_misspelt_key_a_wide_row_and_a_silent_panel_are_refused() {
        for (right, wrong) in [
            ("unit: count", "units: count"),
            ("unit: count", "unit: count\n        width: 25"),
            (r#"[{ ask: "up{@}", name: "{{service}}" }]"#, "[]"),
            ("faultline-small", "small"),
        ] {
            let text = SMALL.replace(right, wrong);
            assert_ne!(text, SMALL);
            assert!(Dashboard::parse(&text).is_err(), "{wrong}");
        }
    }
}
