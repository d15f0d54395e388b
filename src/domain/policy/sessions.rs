//! `[sessions]` of the configuration: how long tokens and sessions live.

use std::time::Duration;

/// Sessions and tokens.
#[derive(Clone, Debug)]
pub struct SessionPolicy {
    /// The `iss` claim: an absolute URL.
    pub issuer: String,
    /// How long an access token lives, at most 15 minutes.
    pub access_token_lifetime: Duration,
    /// How long a session lives without being used.
    pub idle_lifetime: Duration,
    /// How long a session lives at most.
    pub absolute_lifetime: Duration,
    /// How long the direct parent of an unused refresh token is answered once more with that token.
    pub refresh_grace: Duration,
    /// The same, for a retry under the request id of the first call.
    pub refresh_retry: Duration,
    /// How far clocks may differ when an access token is checked.
    pub clock_skew: Duration,
    /// Past this age of the revocation feed no token is called active.
    pub max_feed_age: Duration,
}

impl SessionPolicy {
    /// The longest that an access token may live.
    pub const LONGEST_ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(15);

    /// The greatest difference of clocks that may be allowed for.
    pub const LONGEST_CLOCK_SKEW: Duration = Duration::from_mins(1);

    /// The defaults for an issuer.
    #[must_use]
    pub fn for_issuer(issuer: String) -> Self {
        Self {
            issuer,
            access_token_lifetime: Self::LONGEST_ACCESS_TOKEN_LIFETIME,
            idle_lifetime: Duration::from_hours(7 * 24),
            absolute_lifetime: Duration::from_hours(30 * 24),
            refresh_grace: Duration::from_secs(10),
            refresh_retry: Duration::from_mins(5),
            clock_skew: Duration::from_secs(5),
            max_feed_age: Duration::from_secs(5),
        }
    }
}
