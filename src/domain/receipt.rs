//! What a provider tells of a message after it took it, and which word counts where it tells several.

use super::suppression::Cause;
use std::cmp::Ordering;

/// What became of a message that a provider took, in the provider's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// It has not been taken yet where it goes; the provider tries again.
    Deferred,
    /// It arrived.
    Delivered,
    /// The provider has given it up, for a reason that says nothing lasting of the recipient.
    Failed,
    /// The recipient does not exist, or takes nothing for good.
    Bounced,
    /// It arrived, and the recipient called it unwanted.
    Complained,
}

impl Receipt {
    /// All of them, each of more weight than the one before.
    pub const ALL: [Self; 5] = [Self::Deferred, Self::Delivered, Self::Failed, Self::Bounced, Self::Complained];

    /// Its name in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deferred => "DEFERRED",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
            Self::Bounced => "BOUNCED",
            Self::Complained => "COMPLAINED",
        }
    }

    /// Its weight, as stores keep it: 0 stands for no receipt. A receipt takes the place of those of less weight, so
    /// that receipts may come in any order and any number of times and end in the same: what bounced after it was
    /// delivered has bounced, and what is told late changes nothing.
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Deferred => 10,
            Self::Delivered => 20,
            Self::Failed => 30,
            Self::Bounced => 40,
            Self::Complained => 50,
        }
    }

    /// The receipt of that weight.
    #[must_use]
    pub fn weighing(weight: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|receipt| receipt.weight() == weight)
    }

    /// The one of two that counts.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    /// Whether it is bad news.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Bounced | Self::Complained)
    }

    /// Why its recipient gets nothing for a while, where that follows.
    #[must_use]
    pub const fn suppresses(self) -> Option<Cause> {
        match self {
            Self::Bounced => Some(Cause::Bounced),
            Self::Complained => Some(Cause::Complained),
            Self::Deferred | Self::Delivered | Self::Failed => None,
        }
    }
}

impl PartialOrd for Receipt {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Receipt {
    fn cmp(&self, other: &Self) -> Ordering {
        self.weight().cmp(&other.weight())
    }
}

#[cfg(test)]
mod tests {
    use super::{Receipt::*, *};

    #[test]
    fn the_heavier_word_counts_whichever_comes_first() {
        let rows = [
            // Deferred, Delivered, Failed, Bounced, Complained
            (Deferred, [Deferred, Delivered, Failed, Bounced, Complained]),
            (Delivered, [Delivered, Delivered, Failed, Bounced, Complained]),
            (Failed, [Failed, Failed, Failed, Bounced, Complained]),
            (Bounced, [Bounced, Bounced, Bounced, Bounced, Complained]),
            (Complained, [Complained, Complained, Complained, Complained, Complained]),
        ];
        for (one, row) in rows {
            for (other, wanted) in Receipt::ALL.into_iter().zip(row) {
                assert_eq!((one.or(other), other.or(one)), (wanted, wanted), "{one:?} and {other:?}");
                assert_eq!(one.or(other).or(other), wanted, "twice is as once");
            }
        }
    }

    #[test]
    fn weights_are_told_apart_and_read_back() {
        for receipt in Receipt::ALL {
            assert_eq!(Receipt::weighing(receipt.weight()), Some(receipt));
            assert_eq!(receipt.as_str(), format!("{receipt:?}").to_uppercase());
        }
        assert!(Receipt::ALL.is_sorted() && Receipt::weighing(0).is_none());
        let suppressing: Vec<_> = Receipt::ALL.into_iter().filter(|receipt| receipt.suppresses().is_some()).collect();
        assert_eq!(suppressing, [Bounced, Complained]);
    }
}
