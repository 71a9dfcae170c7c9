//! The route table: which service a path belongs to, and who may come without a token. Pure.
//!
//! Everything that is not listed as public needs a token; what a user may do is the service's decision. What services
//! say to each other (reservations, charges) is not routed at all. Paths that two parsers could read differently are
//! refused before anything is decided about them.

use axum::http::Method;

/// Longest path with query. Longer ones are mistakes or attacks; no client of the shop needs a tenth of it.
const URI_BYTES_MAX: usize = 4_096;

/// What there is below `/api/v1`; each has its own template in the router, and so in metrics and the access log.
pub(crate) const RESOURCES: [&str; 7] = [
    "auth",
    "users",
    "products",
    "inventory",
    "orders",
    "payments",
    "notifications",
];

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Name of the upstream service.
    pub(crate) upstream: &'static str,
    /// Who may come.
    pub(crate) access: Access,
}

/// Who may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// Anybody, under the stricter limit of password hashing.
    Credentials,
    /// Users with a valid token.
    Authenticated,
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// Nothing is there.
    Unknown,
    /// Another version of the API than the one that exists.
    UnknownVersion,
    /// Could be read in two ways.
    Ambiguous,
    /// Longer than any real one.
    TooLong,
}

/// Looks a request up.
pub(crate) fn find(method: &Method, path: &str, uri_bytes: usize) -> Result<Route, NoRoute> {
    if uri_bytes > URI_BYTES_MAX {
        return Err(NoRoute::TooLong);
    }
    if is_ambiguous(path) {
        return Err(NoRoute::Ambiguous);
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments[..] {
        [".well-known", "jwks.json" | "openid-configuration"] => Ok(public("user")),
        ["api", "v1", resource, ref rest @ ..] => resource_route(method, resource, rest),
        ["api", version, ..] if version != "v1" => Err(NoRoute::UnknownVersion),
        _ => Err(NoRoute::Unknown),
    }
}

fn resource_route(method: &Method, resource: &str, rest: &[&str]) -> Result<Route, NoRoute> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let posts = *method == Method::POST;
    let route = match (resource, rest) {
        _ if is_internal(resource, rest, posts) => return Err(NoRoute::Unknown),
        ("auth", ["register" | "login" | "refresh" | "verify-email"]) if posts => Route {
            upstream: "user",
            access: Access::Credentials,
        },
        ("auth" | "users", _) => authenticated("user"),
        ("products", _) if reads => public("product"),
        ("products", ["batch"]) if posts => public("product"),
        ("products", _) => authenticated("product"),
        ("inventory", ["batch"]) if posts => public("inventory"),
        ("inventory", [_]) if reads => public("inventory"),
        ("inventory", _) => authenticated("inventory"),
        ("orders", _) => authenticated("order"),
        ("payments", _) => authenticated("payment"),
        ("notifications", _) => authenticated("notification"),
        _ => return Err(NoRoute::Unknown),
    };
    Ok(route)
}

/// For services alone. They call each other directly; to everybody else it does not exist.
fn is_internal(resource: &str, rest: &[&str], posts: bool) -> bool {
    match (resource, rest) {
        ("inventory", ["reservations", ..]) => true,
        ("payments", [.., "confirm" | "void"]) => true,
        ("payments", [] | [""]) => posts,
        _ => false,
    }
}

fn public(upstream: &'static str) -> Route {
    Route {
        upstream,
        access: Access::Public,
    }
}

fn authenticated(upstream: &'static str) -> Route {
    Route {
        upstream,
        access: Access::Authenticated,
    }
}

/// Dot segments, empty segments, and anything encoded: what one side sees as another path than the other is how
/// authorisation is walked around. Ids and names of the API need no character outside RFC 3986's unreserved ones.
fn is_ambiguous(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    !path.chars().all(plain)
        || path.contains("//")
        || path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, path: &str) -> Result<Route, NoRoute> {
        super::find(&method.parse().unwrap(), path, path.len())
    }

    #[test]
    fn each_resource_leads_to_its_service_and_asks_for_a_token_unless_listed() {
        use Access::{Authenticated, Credentials, Public};
        for (method, path, upstream, access) in [
            ("POST", "/api/v1/auth/register", "user", Credentials),
            ("POST", "/api/v1/auth/logout", "user", Authenticated),
            ("GET", "/api/v1/auth/login", "user", Authenticated),
            ("GET", "/api/v1/users/me", "user", Authenticated),
            ("GET", "/api/v1/products", "product", Public),
            ("GET", "/api/v1/products/1", "product", Public),
            ("POST", "/api/v1/products/batch", "product", Public),
            ("POST", "/api/v1/products", "product", Authenticated),
            ("DELETE", "/api/v1/products/1", "product", Authenticated),
            ("GET", "/api/v1/inventory/1", "inventory", Public),
            (
                "POST",
                "/api/v1/inventory/1/restock",
                "inventory",
                Authenticated,
            ),
            ("GET", "/api/v1/orders", "order", Authenticated),
            ("GET", "/api/v1/payments", "payment", Authenticated),
            ("GET", "/api/v1/payments/order/1", "payment", Authenticated),
            (
                "POST",
                "/api/v1/payments/1/refunds",
                "payment",
                Authenticated,
            ),
            (
                "GET",
                "/api/v1/notifications",
                "notification",
                Authenticated,
            ),
            ("GET", "/.well-known/jwks.json", "user", Public),
        ] {
            assert_eq!(
                find(method, path),
                Ok(Route { upstream, access }),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn what_is_not_in_the_table_leads_nowhere() {
        for path in [
            "/",
            "/api",
            "/api/v1",
            "/api/v1/",
            "/api/v1/secrets",
            "/webhooks/psp",
            "/x",
        ] {
            assert_eq!(find("GET", path), Err(NoRoute::Unknown), "{path}");
        }
        assert_eq!(find("GET", "/api/v2/orders"), Err(NoRoute::UnknownVersion));
    }

    #[test]
    fn what_services_say_to_each_other_is_not_routed() {
        for (method, path) in [
            ("GET", "/api/v1/inventory/reservations"),
            ("PUT", "/api/v1/inventory/reservations/1"),
            ("POST", "/api/v1/inventory/reservations/1/commit"),
            ("POST", "/api/v1/payments"),
            ("POST", "/api/v1/payments/"),
            ("POST", "/api/v1/payments/1/confirm"),
            ("POST", "/api/v1/payments/order/1/void"),
        ] {
            assert_eq!(find(method, path), Err(NoRoute::Unknown), "{method} {path}");
        }
    }

    #[test]
    fn paths_that_could_be_read_in_two_ways_are_refused() {
        for path in [
            "/api/v1/products/../orders",
            "/api/v1/products/%2e%2e/orders",
            "/api/v1/products/%2E./orders",
            "/api/v1/products/..%2forders",
            "/api/v1//orders",
            "/api/v1/products/./x",
            "/api/v1/products\\..\\orders",
            "/api/v1/products/%00",
            "/api/v1/inventory/%72eservations/1",
            "/api/v1/orders/1;admin=true",
            "/api/v1/orders/1%20",
        ] {
            assert_eq!(find("GET", path), Err(NoRoute::Ambiguous), "{path}");
        }
        let long = format!("/api/v1/products/{}", "x".repeat(5_000));
        assert_eq!(find("GET", &long), Err(NoRoute::TooLong));
    }
}
