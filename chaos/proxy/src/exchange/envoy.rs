//! Envoy's fault headers: a request that carries them asks for its own delay or abort. They act only where a fault of the type
//! `http_headers` allows it, and only within what that fault allows.
//!
//! <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/fault_filter>

use std::time::Duration;

use http::{HeaderMap, StatusCode};

const ABORT: &str = "x-envoy-fault-abort-request";
const ABORT_PERCENTAGE: &str = "x-envoy-fault-abort-request-percentage";
const DELAY: &str = "x-envoy-fault-delay-request";
const DELAY_PERCENTAGE: &str = "x-envoy-fault-delay-request-percentage";

/// What a request asks for: each with the share of such requests that is to get it, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Wish {
    pub(super) abort: Option<(StatusCode, f64)>,
    pub(super) delay: Option<(Duration, f64)>,
}

/// A header that cannot be read asks for nothing, as in Envoy.
pub(super) fn read(headers: &HeaderMap) -> Wish {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
    let share = |name: &str| match headers.contains_key(name) {
        true => number(name).map_or(0.0, |percent| percent.min(100) as f64 / 100.0),
        false => 1.0,
    };
    let status = number(ABORT).filter(|code| (200..=599).contains(code));
    let status = status.and_then(|code| StatusCode::from_u16(code as u16).ok());
    Wish {
        abort: status.map(|status| (status, share(ABORT_PERCENTAGE))),
        delay: number(DELAY).map(|millis| (Duration::from_millis(millis), share(DELAY_PERCENTAGE))),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wish(headers: &[(&'static str, &'static str)]) -> Wish {
        let headers = headers.iter().map(|(name, value)| {
            (
                name.parse().expect("a name"),
                HeaderValue::from_static(value),
            )
        });
        read(&headers.collect())
    }

    #[test]
    fn a_request_asks_for_its_own_fault_and_for_a_share_of_it() {
        let asked = wish(&[(ABORT, "418"), (DELAY, "250"), (DELAY_PERCENTAGE, "30")]);
        let expected = Wish {
            abort: Some((StatusCode::IM_A_TEAPOT, 1.0)),
            delay: Some((Duration::from_millis(250), 0.3)),
        };
        assert_eq!(asked, expected);
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for headers in [
            &[(ABORT, "99")][..],
            &[(ABORT, "600")],
            &[(ABORT, "often")],
            &[(DELAY, "-1")],
            &[(ABORT_PERCENTAGE, "100")],
        ] {
            assert_eq!(wish(headers), Wish::default(), "{headers:?}");
        }
        let (_, share) = wish(&[(ABORT, "503"), (ABORT_PERCENTAGE, "half")])
            .abort
            .expect("asked for");
        assert!(share < f64::EPSILON, "{share}");
    }
}
