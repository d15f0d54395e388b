//! What becomes of a message.

use crate::domain::funnel::Step;

/// What becomes of a message.
pub(super) enum End {
    Delivered {
        provider_message_id: String,
    },
    Dropped {
        reason: &'static str,
    },
    /// It is for nobody. Whoever watches its challenge does not tell it from one that was sent.
    ToNobody,
    Expired,
    Later,
}

impl End {
    /// The step of the funnel that it is, and its outcome; `None` where it is no end, or the message was for nobody.
    pub(super) const fn told(&self) -> Option<(Step, &'static str)> {
        match self {
            Self::Delivered { .. } => Some((Step::Delivered, "accepted")),
            Self::Dropped { reason } => Some((Step::Failed, *reason)),
            Self::Expired => Some((Step::Failed, "EXPIRED")),
            Self::Later | Self::ToNobody => None,
        }
    }
}
