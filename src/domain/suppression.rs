//! Addresses that get no message for a while: those that bounced, and those whose people called a message unwanted.

use super::{
    id::{ChallengeId, MessageId},
    time::Timestamp,
};
use std::time::Duration;

/// Why an address gets no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A message to it bounced for good.
    Bounced,
    /// Whoever reads it called a message unwanted.
    Complained,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Bounced, Self::Complained];

    /// The name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }

    /// The cause of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == name)
    }

    /// Its name in the audit log: the same as the receipt's.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Bounced => "BOUNCED",
            Self::Complained => "COMPLAINED",
        }
    }

    /// How long the address gets nothing: a mailbox that was not there may be set up again within days, and who cannot
    /// be written to cannot sign in.
    #[must_use]
    pub const fn lasts(self) -> Duration {
        match self {
            Self::Bounced => Duration::from_hours(7 * 24),
            Self::Complained => Duration::from_hours(30 * 24),
        }
    }
}

/// That an address gets no message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Why.
    pub cause: Cause,
    /// The provider that said so.
    pub provider: String,
    /// The message of which it said so.
    pub message_id: MessageId,
    /// The challenge whose code that carried.
    pub challenge_id: Option<ChallengeId>,
    /// Since when.
    pub create_time: Timestamp,
    /// Until when.
    pub expire_time: Timestamp,
}

/// Why a message was not handed to any provider, as it is kept with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// Its address bounced before.
    Bounced,
    /// Its address bounced on an earlier message of the same challenge: whoever watches that knows so already.
    BouncedHere,
    /// The person had called a message unwanted.
    Complained,
}

impl Suppressed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bounced, Self::BouncedHere, Self::Complained];

    /// The reason in stores and in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "SUPPRESSED_BOUNCED",
            Self::BouncedHere => "SUPPRESSED_BOUNCED_HERE",
            Self::Complained => "SUPPRESSED_COMPLAINED",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Why a message of `challenge_id` to the address is held back.
    #[must_use]
    pub fn of(suppression: &Suppression, challenge_id: Option<ChallengeId>) -> Self {
        match suppression.cause {
            Cause::Complained => Self::Complained,
            Cause::Bounced if challenge_id.is_some() && suppression.challenge_id == challenge_id => Self::BouncedHere,
            Cause::Bounced => Self::Bounced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_bounce_is_told_apart_by_its_challenge() {
        let challenge = |number| Some(ChallengeId::new(Uuid::from_u128(number)));
        let suppression = |cause, challenge_id| Suppression {
            cause,
            provider: "sendgrid".to_owned(),
            message_id: MessageId::new(Uuid::nil()),
            challenge_id,
            create_time: Timestamp::from_seconds(1),
            expire_time: Timestamp::from_seconds(2),
        };
        let of = |cause, theirs, own| Suppressed::of(&suppression(cause, theirs), own);
        assert_eq!(of(Cause::Bounced, challenge(1), challenge(1)), Suppressed::BouncedHere);
        assert_eq!(of(Cause::Bounced, challenge(1), challenge(2)), Suppressed::Bounced);
        assert_eq!(of(Cause::Bounced, None, None), Suppressed::Bounced, "two notices are of no challenge");
        assert_eq!(of(Cause::Complained, challenge(1), challenge(1)), Suppressed::Complained);
    }

    #[test]
    fn names_are_read_back() {
        for cause in Cause::ALL {
            assert_eq!(Cause::named(cause.as_str()), Some(cause));
        }
        for reason in Suppressed::ALL {
            assert_eq!(Suppressed::named(reason.as_str()), Some(reason));
        }
        assert_eq!(Suppressed::named("EXPIRED"), None);
    }
}
