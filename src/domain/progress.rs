//! What the device that asked may watch: where the message is, and how the sign-in stands.

use super::{link::LinkState, time::Timestamp};

/// Where the newest message of a challenge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It waits to be handed to a provider, or to be tried again.
    Queued,
    /// A provider has accepted it.
    Sent,
    /// It was given up: refused for good, or it expired before a provider took it.
    Bounced,
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
