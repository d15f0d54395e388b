//! What providers make of messages.

/// What a provider made of a message. A reason is short and fixed, such as `PROVIDER_UNREACHABLE`, and has nothing of the
/// provider's own text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// Accepted, with the provider's own id for it where it gives one.
    Accepted {
        /// The provider's id for the message; empty where it gives none.
        provider_message_id: String,
    },
    /// This recipient or this message is refused for good: no provider would take it, however often it is tried.
    Refused {
        /// Such as `RECIPIENT_REFUSED`.
        reason: &'static str,
    },
    /// This provider does not carry messages to this recipient, such as to a number of a country that it does not serve.
    /// The provider is well, and another may carry it.
    Unserved {
        /// Such as `DESTINATION_NOT_SERVED`.
        reason: &'static str,
    },
    /// Certainly not accepted now: worth another try, here or with another provider.
    Deferred {
        /// Such as `PROVIDER_UNREACHABLE`.
        reason: &'static str,
    },
    /// The message was on its way, and the answer was lost or cannot be read: the provider may send it. Another try may
    /// make a second message.
    Unanswered {
        /// Such as `PROVIDER_TIMED_OUT`.
        reason: &'static str,
    },
    /// Certainly not accepted, because of our own settings, such as a wrong password: no message would be. Worth another
    /// try, since an operator may put it right before the message expires.
    Misconfigured {
        /// Such as `LOGIN_REFUSED`.
        reason: &'static str,
    },
}

impl Handover {
    /// How it went, in a fixed word for logs and metrics.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::Unserved { .. } => "unserved",
            Self::Deferred { .. } => "deferred",
            Self::Unanswered { .. } => "unanswered",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }

    /// Why it was not accepted; empty where it was.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "",
            Self::Refused { reason }
            | Self::Unserved { reason }
            | Self::Deferred { reason }
            | Self::Unanswered { reason }
            | Self::Misconfigured { reason } => reason,
        }
    }
}
