//! Holding what customers met to what the experiment allows.

use super::{Part, Parts};
use crate::experiment::{Bound, Customers};
use crate::verdict::Findings;

/// Holds the parts to the bounds.
pub fn judge(bounds: &Customers, parts: &Parts, broken: bool, findings: &mut Findings) {
    check("before the fault", bounds.before, parts.before, findings);
    if broken {
        check("during the fault", bounds.during, parts.during, findings);
        check("after recovery", bounds.after, parts.after, findings);
    }
    if let Some(limit) = bounds.recovery_s_max
        && parts.recovery_s > limit
    {
        let took = parts.recovery_s;
        let text =
            format!("customers met errors until {took:.1} s after the last fault, not {limit} s");
        findings.broken.push(text);
    }
}

fn check(when: &str, bound: Bound, part: Part, findings: &mut Findings) {
    if bound != Bound::default() && part.requests == 0 {
        findings
            .unknown
            .push(format!("nobody asked the shop {when}"));
        return;
    }
    if let Some(limit) = bound.errors_percent_max
        && part.errors_percent > limit
    {
        let (share, errors, requests) = (part.errors_percent, part.errors, part.requests);
        findings.broken.push(format!(
            "{share:.1} % of the answers {when} were wrong ({errors} of {requests}), not {limit} %"
        ));
    }
    if let Some(limit) = bound.p95_ms_max
        && part.p95_ms > limit
    {
        let p95 = part.p95_ms;
        findings
            .broken
            .push(format!("p95 {when} was {p95:.0} ms, not {limit} ms"));
    }
}
