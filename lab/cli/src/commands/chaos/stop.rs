//! `faultline chaos stop`: the shop as it was.

use reqwest::Method;

use super::faults;
use crate::chaos_proxy::Control;
use crate::{Lab, Verdict, term};

pub(super) async fn run(lab: &Lab) -> anyhow::Result<Verdict> {
    let control = Control::of(lab)?;
    let before = faults::active(&control).await?.len();
    control.ask(Method::POST, &["reset"], None).await?;
    let left = faults::active(&control).await?.len();
    term::note(match (before, left) {
        (0, 0) => "Nothing was set.".to_owned(),
        (_, 0) => format!("Lifted: {before}."),
        _ => {
            format!("{left} of {before} faults are still set: `faultline chaos faults` shows them.")
        }
    });
    Ok(Verdict::from_bool(left == 0))
}
