//! The token bucket: holds one minute's worth of tokens and refills evenly.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// Whose bucket, and how large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Key in Redis and in the local map.
    pub(crate) key: String,
    /// For metrics: anonymous, standard, premium, auth.
    pub(crate) tier: &'static str,
    /// Tokens a minute, and the size.
    pub(crate) per_minute: NonZeroU32,
}

/// What the bucket says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether there was a token.
    pub(crate) allowed: bool,
    /// Size of the bucket.
    pub(crate) limit: u32,
    /// Whole tokens left.
    pub(crate) remaining: u32,
    /// Until the next token when refused, until the bucket is full when allowed.
    pub(crate) reset: Duration,
}

impl Bucket {
    /// A bucket for `who` in a tier.
    pub(crate) fn new(
        tier: &'static str,
        who: impl std::fmt::Display,
        per_minute: NonZeroU32,
    ) -> Self {
        Self {
            key: format!("rl:{tier}:{who}"),
            tier,
            per_minute,
        }
    }
}

/// Whom an address stands for. Whoever has one IPv6 address has a /64 full of them, so the network is what counts.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// KEYS: bucket, revocation of the token, of its session. ARGV: tokens a minute. Returns revoked, allowed, remaining,
/// reset in ms. Redis runs a script alone, so the count is exact however many gateways ask at once; its own clock spares
/// us from comparing ours.
pub(super) const SCRIPT: &str = r"
local size = tonumber(ARGV[1])
local per_ms = size / 60000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(state[1]) or size
local at = tonumber(state[2]) or now
tokens = math.min(size, tokens + math.max(0, now - at) * per_ms)
local allowed = 0
local reset
if tokens >= 1 then
  allowed = 1
  tokens = tokens - 1
  reset = (size - tokens) / per_ms
else
  reset = (1 - tokens) / per_ms
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', now)
redis.call('PEXPIRE', KEYS[1], 61000)
return { math.min(1, redis.call('EXISTS', KEYS[2], KEYS[3])), allowed, math.floor(tokens), math.ceil(reset) }
";

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let network = |text: &str| super::network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:10.0.0.1"), "10.0.0.1");
        assert_eq!(network("10.0.0.1"), "10.0.0.1");
    }
}
