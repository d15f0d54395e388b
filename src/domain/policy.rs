//! The figures that configuration may choose, each with its bounds and default.

use super::{lockout::Ladder, window::Window};
use std::{sync::Arc, time::Duration};

/// One-time codes.
#[derive(Clone, Debug)]
pub struct OtpPolicy {
    /// Digits of a code, 6 to 10.
    pub code_length: u8,
    /// How long a code lives, at most 5 minutes.
    pub code_lifetime: Duration,
    /// How many codes are evaluated per challenge, 1 to 5.
    pub max_attempts: u32,
    /// How long after a code the next may be sent on the same challenge.
    pub resend_cooldown: Duration,
    /// The lockout ladder.
    pub ladder: Ladder,
}

impl Default for OtpPolicy {
    fn default() -> Self {
        Self {
            code_length: 6,
            code_lifetime: Duration::from_mins(5),
            max_attempts: 5,
            resend_cooldown: Duration::from_secs(30),
            ladder: Ladder::default(),
        }
    }
}

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
    /// The defaults for an issuer.
    #[must_use]
    pub fn for_issuer(issuer: String) -> Self {
        Self {
            issuer,
            access_token_lifetime: Duration::from_mins(15),
            idle_lifetime: Duration::from_hours(7 * 24),
            absolute_lifetime: Duration::from_hours(30 * 24),
            refresh_grace: Duration::from_secs(10),
            refresh_retry: Duration::from_mins(5),
            clock_skew: Duration::from_secs(5),
            max_feed_age: Duration::from_secs(5),
        }
    }
}

/// How many codes may be asked for.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// Per identifier.
    pub identifier: Arc<[Window]>,
    /// Per client address (IPv6: per /64).
    pub address: Arc<[Window]>,
    /// All together.
    pub all: Arc<[Window]>,
}

impl Default for RequestLimits {
    fn default() -> Self {
        let window = |limit, seconds| Window { limit, span: Duration::from_secs(seconds) };
        Self {
            identifier: [window(3, 300), window(5, 3600), window(10, 86_400)].into(),
            address: [window(20, 300), window(100, 3600)].into(),
            all: [window(1000, 60)].into(),
        }
    }
}
