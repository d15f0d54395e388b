//! Messages to people, from the outbox to a provider.

mod handover;

pub use handover::Handover;

use super::{
    contact::{Channel, EmailAddress, Identifier, PhoneNumber},
    id::{ChallengeId, MessageId, UserId},
    sealed::Sealed,
    time::Timestamp,
    user::SealedContact,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The column that holds a message's sealed content.
pub const OUTBOX_CONTENT: &str = "outbox.content";

/// What a message says, before a template puts it into words. Sealed while it waits.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A one-time code, a magic link, or both.
    Code {
        /// The address or number that the code goes to, in its canonical spelling.
        destination: String,
        /// The digits; empty where there is a link alone.
        code: String,
        /// The magic link; empty where there is a code alone.
        #[serde(default)]
        link: String,
        /// The client application's display name.
        client_name: String,
        /// Whole minutes that the code lives.
        minutes: u32,
        /// Whole minutes that the link lives; 0 for as long as the code.
        #[serde(default)]
        link_minutes: u32,
        /// The person's language.
        locale: String,
        /// The network address that asked, as text; empty where unknown.
        address: String,
        /// When it was asked for, microseconds since the Unix epoch.
        asked_at: i64,
    },
    /// Too many wrong codes in a row: for a while none is evaluated.
    IdentifierLocked {
        /// The address or number that is told, in its canonical spelling.
        destination: String,
        /// The language that the code was asked for in.
        #[serde(default)]
        locale: String,
        /// The network address of the last attempt, as text; empty where unknown.
        address: String,
        /// When, microseconds since the Unix epoch.
        noticed_at: i64,
        /// Until when, microseconds since the Unix epoch; absent where time does not end it.
        until: Option<i64>,
    },
    /// Nothing, as the code of a review account is known where it is wanted: the message is dropped unsent. It waits
    /// and is settled like any other, so that nothing outside tells such a challenge from another.
    #[serde(rename = "withheld")]
    ToNobody {
        /// The channel that it would go by; empty in one that waits since before it said so.
        #[serde(default)]
        channel: String,
    },
    /// An old refresh token was used again, and its session has been ended.
    RefreshTokenReused {
        /// The network address that presented it, as text; empty where unknown.
        address: String,
        /// When, microseconds since the Unix epoch.
        noticed_at: i64,
        /// Whether all sessions have been ended.
        #[serde(default = "everywhere")]
        everywhere: bool,
    },
    /// A refresh token was used by another device than its own, and its session has been ended.
    DeviceMismatch {
        /// The network address that presented it, as text; empty where unknown.
        address: String,
        /// When, microseconds since the Unix epoch.
        noticed_at: i64,
        /// Whether all sessions have been ended.
        everywhere: bool,
    },
    /// Somebody signed in on a device that was not known.
    NewDevice {
        /// The network address that it came from, as text; empty where unknown.
        address: String,
        /// When, microseconds since the Unix epoch.
        noticed_at: i64,
        /// Whether all other sessions have been ended.
        everywhere: bool,
    },
}

impl Content {
    /// The channel that the message of a challenge goes by; `None` for a notice, whose user's addresses decide.
    #[must_use]
    pub fn channel(&self) -> Option<Channel> {
        match self {
            Self::Code { destination, .. } => Identifier::stored(destination).map(|to| to.channel()),
            Self::ToNobody { channel } => Channel::named(channel),
            _ => None,
        }
    }

    /// The network address that a notice tells of, as text, empty where unknown; `None` for what is no notice.
    #[must_use]
    pub fn noticed_from(&self) -> Option<&str> {
        match self {
            Self::Code { .. } | Self::ToNobody { .. } => None,
            Self::IdentifierLocked { address, .. }
            | Self::RefreshTokenReused { address, .. }
            | Self::DeviceMismatch { address, .. }
            | Self::NewDevice { address, .. } => Some(address),
        }
    }
}

/// What holds for a notice that waits since before it said so.
const fn everywhere() -> bool {
    true
}

/// To whom a message goes.
#[derive(Clone, Debug)]
pub enum Recipient {
    /// To the destination in its own content.
    InContent,
    /// To a user: by email where the user has an address, else by SMS.
    User {
        /// The user.
        user_id: UserId,
        /// How the user is reached, sealed.
        contact: SealedContact,
        /// The language that the user first signed in with; empty where unknown.
        locale: String,
    },
}

/// A message to be accepted into the outbox in the transaction of what it tells.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// The message's id; also part of its Message-ID header, so that a duplicate can be recognised.
    pub message_id: MessageId,
    /// The challenge whose code it carries.
    pub challenge_id: Option<ChallengeId>,
    /// The content, sealed in the place `OUTBOX_CONTENT` of its row.
    pub content: Sealed,
    /// When it was accepted.
    pub create_time: Timestamp,
    /// After this time it is not sent any more.
    pub expire_time: Timestamp,
    /// Where the worker of this process has taken it on already: until when no other worker gets it.
    pub lease_end: Option<Timestamp>,
}

impl NewMessage {
    /// Whether it is accepted as claimed.
    #[must_use]
    pub const fn is_claimed(&self) -> bool {
        self.lease_end.is_some()
    }

    /// From when on a worker may claim it.
    #[must_use]
    pub fn due_time(&self) -> Timestamp {
        self.lease_end.unwrap_or(self.create_time)
    }
}

/// A message that a worker has claimed.
#[derive(Clone, Debug)]
pub struct ClaimedMessage {
    /// The message's id.
    pub message_id: MessageId,
    /// The challenge whose code it carries.
    pub challenge_id: Option<ChallengeId>,
    /// To whom it goes.
    pub recipient: Recipient,
    /// The sealed content.
    pub content: Sealed,
    /// How many times it has been claimed, this one included.
    pub attempts: u32,
    /// How often it may have been sent without an answer.
    pub unanswered: u32,
    /// When it was accepted.
    pub create_time: Timestamp,
    /// After this time it is not sent any more.
    pub expire_time: Timestamp,
}

/// An email in words, ready for a provider. It has no `Debug`: it carries a code and an address.
pub struct Envelope {
    /// The message's id.
    pub message_id: MessageId,
    /// To whom.
    pub to: EmailAddress,
    /// The subject line: one line without control characters.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// When it was accepted.
    pub create_time: Timestamp,
    /// After this time nobody is to get it any more.
    pub expire_time: Timestamp,
}

/// An SMS in words, ready for a provider. It has no `Debug`: it carries a code and a number.
pub struct SmsEnvelope {
    /// The message's id.
    pub message_id: MessageId,
    /// To whom.
    pub to: PhoneNumber,
    /// The text; its last line binds a code to a domain.
    pub text: String,
    /// When it was accepted.
    pub create_time: Timestamp,
    /// After this time nobody is to get it any more.
    pub expire_time: Timestamp,
}

/// A message as the mailbox of development keeps it. It has no `Debug`: it carries a code and an address.
pub struct MailboxMessage {
    /// The message's id.
    pub message_id: MessageId,
    /// When it was accepted.
    pub time: Timestamp,
    /// To whom.
    pub to: String,
    /// The subject line of an email; empty for an SMS.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part of an email, as it was sent: a page that shows it keeps it in a frame without rights. An SMS has
    /// none.
    pub html: Option<String>,
}
