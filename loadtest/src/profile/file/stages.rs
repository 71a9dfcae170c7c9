//! The stages of an open profile as they are written.

use serde::Deserialize;

use super::Length;
use crate::schedule::Stage;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageFile {
    r#for: Length,
    /// Constant.
    rate: Option<f64>,
    /// From where the stage before ended to here.
    to: Option<f64>,
}

/// The stages, or what is wrong with them.
pub(super) fn stages_of(files: &[StageFile]) -> Result<Vec<Stage>, String> {
    let mut stages: Vec<Stage> = Vec::with_capacity(files.len());
    for file in files {
        let before = stages.last().map_or(0.0, |stage| stage.to);
        let (from, to) = match (file.rate, file.to) {
            (Some(rate), None) => (rate, rate),
            (None, Some(to)) => (before, to),
            _ => return Err(
                "need either `rate` (constant) or `to` (a ramp from where the stage before ended)"
                    .to_owned(),
            ),
        };
        let length = file.r#for.0;
        if length.is_zero() || !(from.is_finite() && to.is_finite() && from >= 0.0 && to >= 0.0) {
            return Err("need lengths above 0 and rates that are not negative".to_owned());
        }
        stages.push(Stage { length, from, to });
    }
    Ok(stages)
}
