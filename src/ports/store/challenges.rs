//! Challenges: begin, resend, charge an attempt, complete a sign-in.

use super::links::{Approval, LinkOutcome, RejectOutcome, Rejection};
use super::{Notice, StoreFault, TextMessage, Withheld};
use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    challenge::{Challenge, ChargedAttempt, LiveCode},
    contact::IdentifierKey,
    device_token::KnownDevice,
    digest::Digest,
    id::{ChallengeId, UserId},
    link::LinkState,
    lockout::Lockout,
    message::NewMessage,
    progress::Standing,
    session::Session,
    time::Timestamp,
    user::{Role, SealedContact},
};
use async_trait::async_trait;
use std::sync::Arc;
use uuid::Uuid;

/// A challenge to begin: written together with its message, its event and its recorded answer, or not at all.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// The challenge; nothing has been charged. Where it has a link, its first is the only one in `sent`.
    pub challenge: Challenge,
    /// Its first code; of a challenge with a link alone the same as the link.
    pub code: LiveCode,
    /// The message that carries the code or link.
    pub message: NewMessage,
    /// What the audit log says.
    pub event: AuditEvent,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
    /// Where the message is a text message: what it counts on.
    pub text: Option<TextMessage>,
}

/// Whether a challenge has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginOutcome {
    /// It has.
    Begun,
    /// It has, and its text message is not sent: nobody will know the code.
    Withheld(Withheld),
    /// A call with the same request id was faster; nothing was written.
    AlreadyAnswered,
}

/// A further code of a challenge.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// When.
    pub now: Timestamp,
    /// The code; of four, the oldest is dropped. Of a challenge with a link alone the same as the link.
    pub code: LiveCode,
    /// The link, where the challenge has any; of four, the oldest is dropped.
    pub link: Option<LiveCode>,
    /// From this time on the next may be sent.
    pub resend_time: Timestamp,
    /// The message that carries the code.
    pub message: NewMessage,
    /// What the audit log says.
    pub event: AuditEvent,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
    /// Where the message is a text message: what it counts on.
    pub text: Option<TextMessage>,
}

/// Whether a further code was added.
#[derive(Clone, Debug)]
pub enum ResendOutcome {
    /// It was.
    Added,
    /// It was, and its text message is not sent.
    Withheld(Withheld),
    /// Another resend was faster: not before this time.
    TooSoon(Timestamp),
    /// The challenge is used, expired, or out of attempts.
    Ended,
    /// A call with the same request id was faster; nothing was written.
    AlreadyAnswered,
}

/// An attempt to charge.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// On which challenge.
    pub challenge_id: ChallengeId,
    /// When.
    pub now: Timestamp,
    /// What wrong codes in a row bring.
    pub lockout: Arc<Lockout>,
    /// Whether it is made with a link, whose time and state decide then, instead of the code's.
    pub by_link: bool,
    /// The device that makes it, where it proves to have signed in before, and the key of its own counter. It is used
    /// where the challenge is of the same identifier and the device has not been revoked since.
    pub device: Option<(KnownDevice, Digest)>,
}

/// What became of charging an attempt. Only `Charged` may be compared.
#[derive(Clone, Debug)]
pub enum ChargeOutcome {
    /// Charged to the challenge and to the identifier, and committed.
    Charged(Box<ChargedAttempt>),
    /// Not charged: its counter waits until then.
    Locked {
        /// Until when; [`Timestamp::NEVER`] where time does not end it.
        until: Timestamp,
        /// How many failures in a row it counts.
        failures: u32,
        /// The challenge, for the event.
        challenge: Box<Challenge>,
    },
    /// Not charged: the challenge has used up its attempts.
    Exhausted(Box<Challenge>),
    /// Not charged: the challenge was used, or its newest code has expired; by a link, if that is no longer pending, or
    /// the newest has expired.
    Ended(Box<Challenge>),
    /// There is no such challenge.
    Unknown,
}

/// An attempt that was charged and did not succeed: its events.
#[derive(Clone, Debug)]
pub struct FailedAttempt {
    /// The failed attempt and, where it reached a rung, the lock.
    pub events: Vec<AuditEvent>,
    /// Where it reached a rung: what the person is told of it.
    pub notice: Option<LockNotice>,
    /// Where what was presented was right: what is taken back of the charge.
    pub pardon: Option<Pardon>,
}

/// What is taken back of a charge whose code, link or number was right and opened no session.
#[derive(Clone, Copy, Debug)]
pub struct Pardon {
    /// The counter whose failures are forgotten, as by a sign-in.
    pub counter_key: Digest,
    /// The challenge that gets its attempt back, where the service was at fault.
    pub challenge_id: Option<ChallengeId>,
}

/// What a person is told of a lock, unless they have been told of one of the same counter within the last hour.
#[derive(Clone, Debug)]
pub struct LockNotice {
    /// The counter.
    pub counter_key: Digest,
    /// When.
    pub now: Timestamp,
    /// The message.
    pub message: NewMessage,
}

/// Who signs in.
#[derive(Clone, Debug)]
pub enum SignInUser {
    /// The user that the charge found, with the roles that the access token is about to name.
    Existing {
        /// The user.
        user_id: UserId,
        /// The roles, as they were seen.
        roles: Vec<Role>,
    },
    /// Nobody yet: the user to create.
    New(NewUser),
}

/// A user to create.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The user's id.
    pub user_id: UserId,
    /// How the user is reached, sealed for the new row.
    pub contact: SealedContact,
    /// When.
    pub create_time: Timestamp,
    /// The language that the code was asked for in; empty where none was named. Later notices are written in it.
    pub locale: String,
}

/// A session to open; `session.refresh_hash` is of its first refresh token and `session.counter` is 0.
pub type NewSession = Session;

/// A sign-in to complete: the challenge is consumed, the user created where there is none, the session opened, the
/// identifier's failures forgotten and the events written, all of it or nothing.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The challenge to consume.
    pub challenge_id: ChallengeId,
    /// The identifier.
    pub identifier_key: IdentifierKey,
    /// The counter whose failures are forgotten. Where it is a device's own, that lifts the lock at the last of the
    /// identifier's failures too: the device proves that the address is still its owner's.
    pub counter_key: Digest,
    /// The device that becomes known.
    pub device_key: Uuid,
    /// When: a challenge whose newest code, or newest link, has expired by then is not consumed.
    pub now: Timestamp,
    /// Where it is by a link: the state that this has to be in. `None` for a code.
    pub link: Option<LinkState>,
    /// Who.
    pub user: SignInUser,
    /// The session.
    pub session: NewSession,
    /// What the user is told of it.
    pub notice: Option<Notice>,
    /// Where every other session of the user ends, and no other device of theirs is known any more: what the audit log says,
    /// once for each session that is ended.
    pub revoke: Option<AuditEvent>,
    /// What the audit log says.
    pub events: Vec<AuditEvent>,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
}

/// What became of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The person is signed in.
    SignedIn,
    /// The challenge had been used, or had ended; nothing was written.
    Spent,
    /// The user came to be, was disabled or changed roles meanwhile; nothing was written. Look again.
    UserChanged,
}

/// Challenges, from the request for a code to its use.
#[async_trait]
pub trait ChallengeStore: Send + Sync {
    /// Begins a challenge: one statement.
    async fn begin_challenge(&self, new: NewChallenge) -> Result<BeginOutcome, StoreFault>;

    /// Reads a challenge.
    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, StoreFault>;

    /// Adds a further code, if the challenge still lives and its cool-down is over.
    async fn add_code(&self, code: NewCode) -> Result<ResendOutcome, StoreFault>;

    /// Charges an attempt and commits it before anyone compares: the challenge's attempts and the identifier's
    /// consecutive failures, or those of the known device, each rise by one, and it waits as the lockout says.
    async fn charge_attempt(&self, attempt: Attempt) -> Result<ChargeOutcome, StoreFault>;

    /// Whether a device's token has not been revoked: its user exists, and has not ended all sessions or this device's
    /// since it was given out.
    async fn device_stands(&self, device: KnownDevice) -> Result<bool, StoreFault>;

    /// Forgets the failures of an identifier and of every device known to it, with its event and its recorded answer.
    /// `false`: a call with the same request id was faster; nothing was written.
    async fn unlock(
        &self,
        key: IdentifierKey,
        now: Timestamp,
        event: AuditEvent,
        answer: Option<RecordedAnswer>,
    ) -> Result<bool, StoreFault>;

    /// Records that a charged attempt failed.
    async fn record_failure(&self, failure: FailedAttempt) -> Result<(), StoreFault>;

    /// Reads several challenges at once, as those who watch them are told: in no order, and without those that are no more.
    async fn standings(&self, ids: &[ChallengeId]) -> Result<Vec<(ChallengeId, Standing)>, StoreFault>;

    /// Approves a pending link, whose attempt has been charged: the failures of its counter are forgotten.
    async fn approve_link(&self, approval: Approval) -> Result<LinkOutcome, StoreFault>;

    /// Ends a challenge by its link, with all sessions of its user where that is asked.
    async fn reject_link(&self, rejection: Rejection) -> Result<RejectOutcome, StoreFault>;

    /// Completes a sign-in.
    async fn complete_sign_in(&self, sign_in: SignIn) -> Result<SignInOutcome, StoreFault>;

    /// Counts the text messages of a challenge as used: somebody signed in by one of them. Once; nothing where there
    /// were none.
    async fn note_text_message_use(&self, id: ChallengeId) -> Result<(), StoreFault>;

    /// The user of an identifier, looked up again after `UserChanged`.
    async fn user_of(&self, key: IdentifierKey) -> Result<Option<crate::domain::user::User>, StoreFault>;
}
