//! What of a request and of an answer travels on, and what belongs to this hop alone.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// RFC 9110, section 7.6.1, and what this hop sets itself.
const NOT_FORWARDED: [&str; 21] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
    "expect",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-deadline-ms",
    "traceparent",
    "tracestate",
    "baggage",
    "x-request-id",
];

/// Headers for the upstream: the client's, without those of this hop, and with where it came from.
pub(super) fn request_headers(from: &HeaderMap, peer: SocketAddr) -> HeaderMap {
    let mut headers = end_to_end(from);
    headers.remove("x-api-key");
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let client = peer.ip().to_canonical();
    set("forwarded", &format!("for={};proto=http", node(client)));
    set("x-forwarded-for", &client.to_string());
    set("x-forwarded-proto", "http");
    if let Some(host) = from.get(header::HOST).and_then(|host| host.to_str().ok()) {
        set("x-forwarded-host", host);
    }
    headers
}

/// RFC 7239, section 6: an IPv6 address is quoted and in brackets.
fn node(client: IpAddr) -> String {
    match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    }
}

/// Headers for the client. Length and ids are set anew by this service.
pub(super) fn response_headers(from: &HeaderMap) -> HeaderMap {
    end_to_end(from)
}

fn end_to_end(from: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = from
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut headers = HeaderMap::with_capacity(from.len());
    for (name, value) in from {
        let this_hop = NOT_FORWARDED.contains(&name.as_str())
            || named.iter().any(|listed| listed == name.as_str());
        if !this_hop {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_this_hop_stay_here_and_origins_cannot_be_forged() {
        let mut from = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-secret"),
            ("x-secret", "1"),
            ("x-forwarded-for", "6.6.6.6"),
            ("forwarded", "for=6.6.6.6"),
            ("x-deadline-ms", "999999999"),
            ("expect", "100-continue"),
            ("x-api-key", "k"),
            ("accept", "application/json"),
        ] {
            from.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let headers = request_headers(&from, SocketAddr::from(([127, 0, 0, 1], 5)));
        assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
        assert_eq!(headers["forwarded"], "for=127.0.0.1;proto=http");
        assert_eq!(headers["accept"], "application/json");
        for gone in [
            "connection",
            "x-secret",
            "x-api-key",
            "x-deadline-ms",
            "expect",
        ] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
    }
    #[test]
    fn an_ipv6_client_is_quoted_and_a_mapped_one_is_ipv4() {
        assert_eq!(node("::1".parse().unwrap()), "\"[::1]\"");
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(node(mapped.to_canonical()), "10.0.0.1");
    }
}
