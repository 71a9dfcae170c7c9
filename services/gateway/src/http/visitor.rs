//! Who stands at the door (a user, a program with a key, or somebody), and whose tokens the request uses up.

use std::net::SocketAddr;

use chassis::{
    Problem,
    auth::{AuthError, Caller, User, bearer},
};
use http::{HeaderMap, HeaderName, header};

use crate::{
    admission::{Bucket, network},
    app::AppState,
    config::{ApiKey, RateLimits},
    routes::{Access, Route},
};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Somebody who may come in, as far as credentials go.
pub(super) struct Visitor {
    pub(super) user: Option<User>,
    pub(super) bucket: Bucket,
}

/// The bucket of somebody of whom only the address is known. Whoever comes with bad credentials uses it up, too.
pub(super) fn stranger(limits: &RateLimits, peer: SocketAddr) -> Bucket {
    Bucket::new("anonymous", network(peer.ip()), limits.anonymous)
}

/// Whoever comes with a token or a key must come with a good one, also where none is needed: a client should learn
/// that its session is over.
pub(super) async fn identify(
    state: &AppState,
    route: Route,
    headers: &HeaderMap,
    peer: SocketAddr,
) -> Result<Visitor, Problem> {
    let user = user(state, route, headers).await?;
    let key = api_key(state, headers)?;
    let limits = &state.config.limits;
    let bucket = match (route.access, key, &user) {
        (Access::Credentials, _, _) => Bucket::new("auth", network(peer.ip()), limits.auth),
        (_, Some(key), _) => of_key(limits, key),
        (_, None, Some(user)) => of_user(limits, user),
        (_, None, None) => stranger(limits, peer),
    };
    Ok(Visitor { user, bucket })
}

/// Tokens of services are for inside.
async fn user(
    state: &AppState,
    route: Route,
    headers: &HeaderMap,
) -> Result<Option<User>, Problem> {
    // Of two tokens this side might check the one and that side the other.
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
        return Err(AuthError::Invalid(anyhow::anyhow!("more than one token")).into());
    }
    let Some(token) = bearer(headers) else {
        return match route.access {
            Access::Authenticated => Err(AuthError::Missing.into()),
            Access::Public | Access::Credentials => Ok(None),
        };
    };
    match state.verifier.verify(token).await? {
        Caller::User(user) => Ok(Some(user)),
        Caller::Service(_) => {
            Err(AuthError::Invalid(anyhow::anyhow!("a service token from outside")).into())
        }
    }
}

/// A key gives a program a bucket of its own. It stands for no user.
fn api_key<'a>(state: &'a AppState, headers: &HeaderMap) -> Result<Option<&'a ApiKey>, Problem> {
    let Some(key) = headers.get(X_API_KEY) else {
        return Ok(None);
    };
    let known = key.to_str().ok().and_then(|key| state.config.api_key(key));
    known
        .map(Some)
        .ok_or_else(|| Problem::unauthorized("api_key_invalid", "The API key is not known."))
}

fn of_key(limits: &RateLimits, key: &ApiKey) -> Bucket {
    let who = format_args!("key:{}", key.name);
    if key.premium {
        Bucket::new("premium", who, limits.premium)
    } else {
        Bucket::new("standard", who, limits.standard)
    }
}

fn of_user(limits: &RateLimits, user: &User) -> Bucket {
    if user.tier == "premium" {
        Bucket::new("premium", user.id, limits.premium)
    } else {
        Bucket::new("standard", user.id, limits.standard)
    }
}
