//! dashboards/grafana: made from what is written, good by the rules of Grafana's linter, PromQL as Prometheus reads it. Whether
//! panels show data is seen in a running lab (tests/e2e).

mod rules;

use std::{collections::BTreeSet, process::Command};

use dashboards::{Dashboard, shipped};
use serde_json::{Value, json};

use self::rules::{RULES, panels, targets, text};
use crate::sources;

const FOLDER: &str = "dashboards/grafana";

/// File names and contents, as Grafana is given them.
fn all() -> Vec<(String, Value)> {
    let files = sources::entries(FOLDER).into_iter();
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let json = serde_json::from_str(&sources::read(&path)).unwrap();
            (name, json)
        })
        .collect()
}

/// What the files have to hold, by name.
fn generated() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = sources::entries("dashboards/sources")
        .iter()
        .map(|path| {
            let dashboard = Dashboard::parse(&sources::read(path));
            let dashboard =
                dashboard.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
            (dashboard.file(), dashboard.to_json())
        })
        .collect();
    let objectives = slo::Spec::parse(slo::shipped::OBJECTIVES).unwrap();
    let dashboard = slo::dashboard(&objectives);
    files.push((dashboard.file(), dashboard.to_json()));
    files.sort();
    files
}

#[test]
fn the_files_are_what_their_sources_say_and_what_the_lab_ships() {
    let generated = generated();
    let names: Vec<&String> = generated.iter().map(|(name, _)| name).collect();
    let here = all();
    assert_eq!(here.iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    for (name, text) in &generated {
        let same = sources::read(format!("{FOLDER}/{name}")) == *text;
        assert!(
            same,
            "{name} differs: run `faultline dashboards generate` and `faultline slo generate`"
        );
        assert!(
            shipped::FILES
                .iter()
                .any(|(file, shipped)| file == name && shipped == text)
        );
    }
    assert_eq!(shipped::FILES.len(), generated.len());
}

#[test]
fn every_dashboard_keeps_every_rule() {
    let mut broken = Vec::new();
    for (file, dashboard) in all() {
        for (name, rule) in RULES {
            let problems = rule(&dashboard);
            broken.extend(
                problems
                    .iter()
                    .map(|problem| format!("{file}: {name}: {problem}")),
            );
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What each rule is there to find, as a change to a dashboard that is good.
#[test]
fn every_rule_finds_what_it_looks_for() {
    let panel = "/panels/1";
    let ask = "/panels/1/targets/0/expr";
    let changes: [(&str, Value); RULES.len()] = [
        ("/templating/list/0/query", json!("loki")),
        ("/templating/list/1/multi", json!(false)),
        ("/templating/list/2/allValue", json!(null)),
        ("/templating/list/2/refresh", json!(1)),
        ("/panels/1/targets/0/datasource/uid", json!("prometheus")),
        ("/panels/1/description", json!("")),
        ("/panels/1/fieldConfig/defaults/unit", json!("")),
        ("/panels/1/targets", json!([])),
        (ask, json!("rate(x{}[5m])")),
        (ask, json!(r#"x{instance=~"$instance"}"#)),
        (ask, json!(r#"x{job=~"$job"}"#)),
        (ask, json!("x_total{}")),
        ("/editable", json!(true)),
        ("/panels/1/targets/0/legendFormat", json!("")),
        (
            panel,
            json!({ "type": "timeseries", "targets": [{ "expr": "histogram_quantile(0.9, x)" }] }),
        ),
        (ask, json!("x{a=\"$unknown\"}")),
        ("/annotations/list/0/hide", json!(true)),
    ];
    for ((name, rule), (place, value)) in RULES.iter().zip(changes) {
        let mut dashboard = all().remove(0).1;
        assert_eq!(rule(&dashboard), Vec::<String>::new(), "{name}");
        let found = dashboard.pointer_mut(place);
        *found.unwrap_or_else(|| panic!("{place} is in every dashboard")) = value;
        assert_eq!(rule(&dashboard).len(), 1, "{name} at {place}");
    }
}

#[test]
fn addresses_are_unique_and_links_lead_to_one() {
    let all = all();
    let uids: BTreeSet<&str> = all.iter().map(|(_, it)| text(&it["uid"])).collect();
    assert_eq!(uids.len(), all.len());
    for (file, dashboard) in &all {
        assert_eq!(dashboard["tags"], json!([dashboards::TAG]), "{file}");
        assert_eq!(
            dashboard["links"][0]["tags"],
            json!([dashboards::TAG]),
            "{file}"
        );
        for link in panels(dashboard).flat_map(|panel| panel["links"].as_array().unwrap()) {
            let url = text(&link["url"]);
            let uid = url
                .strip_prefix("/d/")
                .and_then(|rest| rest.split('?').next());
            assert!(uids.contains(uid.unwrap()), "{file}: {url}");
        }
    }
}

#[test]
fn panels_fill_the_page_without_covering_each_other() {
    for (file, dashboard) in all() {
        let mut taken = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{file}");
            let [x, y, w, h] =
                ["x", "y", "w", "h"].map(|it| panel["gridPos"][it].as_u64().unwrap());
            assert!(x + w <= 24 && w >= 4, "{file}: {}", panel["title"]);
            for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(
                    taken.insert(cell),
                    "{file}: {} covers another",
                    panel["title"]
                );
            }
        }
        let height = taken.iter().map(|(_, y)| y + 1).max().unwrap();
        assert_eq!(taken.len() as u64, 24 * height, "{file}: there are holes");
    }
}

/// The data sources of the compose file and of the lab have the addresses that dashboards, exemplars and logs refer to.
#[test]
fn data_sources_are_found_by_their_uids() {
    for (file, expected) in [
        (
            "provisioning/datasources/faultline.yaml",
            vec!["prometheus", "jaeger", "loki"],
        ),
        ("lab/datasources.yaml", vec!["prometheus", "jaeger"]),
    ] {
        let yaml: serde_norway::Value =
            serde_norway::from_str(&sources::read(format!("{FOLDER}/{file}"))).unwrap();
        let sources = yaml["datasources"].as_sequence().unwrap();
        let uids: Vec<&str> = sources
            .iter()
            .map(|it| it["uid"].as_str().unwrap())
            .collect();
        assert_eq!(uids, expected, "{file}");
        let destination = &sources[0]["jsonData"]["exemplarTraceIdDestinations"][0];
        assert_eq!(destination["datasourceUid"], "jaeger", "{file}");
        assert_eq!(destination["name"], "trace_id", "{file}");
    }
}

/// promtool reads rules; each question becomes one.
#[test]
fn every_question_is_promql() {
    let mut rules = Vec::new();
    for (_, dashboard) in all() {
        let annotations = dashboard["annotations"]["list"].as_array().unwrap().iter();
        let targets = panels(&dashboard).flat_map(targets);
        for ask in targets.chain(annotations).map(|it| text(&it["expr"])) {
            let filled = ask
                .replace("$__rate_interval", "20s")
                .replace("$__range", "15m")
                .replace(['$'], "");
            rules.push(json!({ "record": format!("question:{}", rules.len()), "expr": filled }));
        }
    }
    assert!(rules.len() > 100, "{}", rules.len());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("questions.yml");
    let group = json!({ "groups": [{ "name": "questions", "rules": rules }] });
    std::fs::write(&file, group.to_string()).unwrap();
    let output = Command::new("promtool")
        .args(["check", "rules"])
        .arg(&file)
        .output();
    let output = output.expect("promtool is there after `faultline setup --for test`");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
