//! What the device that asked may watch: where the message is, and how the sign-in stands.

use super::{link::LinkState, receipt::Receipt, suppression::Suppressed, time::Timestamp};

/// Where the newest message of a challenge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits to be handed to a provider, or to be tried again.
    Queued,
    /// A provider has accepted it.
    Sent,
    /// The provider says that it arrived.
    Delivered,
    /// It does not arrive: refused for good, now or later, or it expired before a provider took it.
    Bounced,
    /// It was not sent, as an earlier message of the same challenge bounced.
    Suppressed,
}

impl DeliveryState {
    /// What those who watch are told of a message of which this is kept: whether a provider accepted it, once it is
    /// settled; why it was dropped; and what was told of it. They may have named somebody else's address: of what befell it
    /// before they asked they learn nothing. An address that bounced before is told as one that bounces now, and the
    /// message that a complaint holds back as one that was sent.
    #[must_use]
    pub fn of(accepted: Option<bool>, reason: &str, receipt: Option<Receipt>) -> Self {
        match (receipt, accepted) {
            (Some(Receipt::Delivered | Receipt::Complained), _) => Self::Delivered,
            (Some(Receipt::Failed | Receipt::Bounced), _) => Self::Bounced,
            (Some(Receipt::Deferred), _) | (None, Some(true)) => Self::Sent,
            (None, None) => Self::Queued,
            (None, Some(false)) => match Suppressed::named(reason) {
                Some(Suppressed::Complained) => Self::Sent,
                Some(Suppressed::BouncedHere) => Self::Suppressed,
                Some(Suppressed::Bounced) | None => Self::Bounced,
            },
        }
    }

    /// Whether nobody need wait for it.
    #[must_use]
    pub const fn is_undelivered(self) -> bool {
        matches!(self, Self::Bounced | Self::Suppressed)
    }
}

/// How a sign-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// Neither a code nor a link has been used.
    Pending,
    /// The person has approved on another device; the asking device may collect the session.
    Approved,
    /// The person has said that it was somebody else.
    Rejected,
    /// A code or link has been used, or the session was collected.
    Completed,
    /// Its time was over before.
    Expired,
}

impl ApprovalState {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Rejected | Self::Completed | Self::Expired)
    }
}

/// A challenge as its store tells it to those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether a code or link has been used, or the challenge was ended.
    pub used: bool,
    /// How far its link has come, where it has one.
    pub link: Option<LinkState>,
    /// When its newest code and its newest link have both expired.
    pub expire_time: Timestamp,
    /// Where its newest message is.
    pub delivery: DeliveryState,
}

/// What whoever watches is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where the message is.
    pub delivery: DeliveryState,
    /// How the sign-in stands.
    pub approval: ApprovalState,
}

impl Standing {
    /// What is told at `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Progress {
        let approval = match (self.used, self.link) {
            (_, Some(LinkState::Rejected)) => ApprovalState::Rejected,
            (true, _) => ApprovalState::Completed,
            (false, _) if self.expire_time <= now => ApprovalState::Expired,
            (false, Some(LinkState::Approved)) => ApprovalState::Approved,
            (false, _) => ApprovalState::Pending,
        };
        Progress { delivery: self.delivery, approval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_message_is_told_what_happened_since_it_was_asked_for() {
        use DeliveryState::{Bounced, Delivered, Queued, Sent, Suppressed};
        for (accepted, reason, receipt, told) in [
            (None, "", None, Queued),
            (Some(true), "", None, Sent),
            (Some(false), "EXPIRED", None, Bounced),
            (Some(false), "SUPPRESSED_BOUNCED", None, Bounced),
            (Some(false), "SUPPRESSED_BOUNCED_HERE", None, Suppressed),
            (Some(false), "SUPPRESSED_COMPLAINED", None, Sent),
            (Some(true), "", Some(Receipt::Deferred), Sent),
            (Some(true), "", Some(Receipt::Delivered), Delivered),
            (Some(true), "", Some(Receipt::Failed), Bounced),
            (Some(true), "", Some(Receipt::Bounced), Bounced),
            (Some(true), "", Some(Receipt::Complained), Delivered),
            // A provider's word comes before its hand-over has been written down, or after that was given up.
            (None, "", Some(Receipt::Delivered), Delivered),
            (Some(false), "UNANSWERED", Some(Receipt::Delivered), Delivered),
        ] {
            assert_eq!(DeliveryState::of(accepted, reason, receipt), told, "{accepted:?} {reason} {receipt:?}");
        }
    }

    #[test]
    fn the_end_is_told_before_what_led_to_it() {
        let (now, later) = (Timestamp::from_seconds(10), Timestamp::from_seconds(11));
        let stands = |used, link, expire_time| {
            let standing = Standing { used, link, expire_time, delivery: DeliveryState::Sent };
            standing.at(now).approval
        };
        let (pending, approved, rejected) =
            (Some(LinkState::Pending), Some(LinkState::Approved), Some(LinkState::Rejected));
        assert_eq!(stands(false, None, later), ApprovalState::Pending);
        assert_eq!(stands(false, pending, later), ApprovalState::Pending);
        assert_eq!(stands(false, approved, later), ApprovalState::Approved);
        assert_eq!(stands(false, approved, now), ApprovalState::Expired);
        assert_eq!(stands(true, approved, now), ApprovalState::Completed);
        assert_eq!(stands(true, None, later), ApprovalState::Completed);
        assert_eq!(stands(true, rejected, later), ApprovalState::Rejected);
    }
}
