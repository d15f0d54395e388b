//! Names of things: UUIDs in time order (RFC 9562, version 7), each kind a type of its own.

use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The 16 bytes of the UUID.
            #[must_use]
            pub const fn bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// Reads the hyphenated form; nothing else is one of our ids.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                if text.len() == 36 { Uuid::parse_str(text).ok().map(Self) } else { None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )*};
}

ids! {
    /// Names a challenge.
    ChallengeId
    /// Names a user; the `sub` claim.
    UserId
    /// Names a session and its family of refresh tokens.
    SessionId
    /// Names a message in the outbox.
    MessageId
    /// Names an audit event.
    EventId
}

impl ChallengeId {
    /// When it was drawn, to the millisecond; `None` for a UUID of another version, which is none of ours.
    #[must_use]
    pub fn create_time(self) -> Option<super::time::Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))?;
        Some(super::time::Timestamp::from_micros(micros))
    }
}

impl EventId {
    /// The first id of that millisecond: what happened before has a smaller one.
    #[must_use]
    pub fn first_at(time: super::time::Timestamp) -> Self {
        let milliseconds = u128::try_from(time.micros().max(0) / 1000).unwrap_or(0);
        Self(Uuid::from_u128(milliseconds << 80))
    }
}
