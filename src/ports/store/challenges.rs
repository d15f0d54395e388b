//! Challenges: begin, resend, charge an attempt, complete a sign-in.

use super::StoreFault;
use crate::domain::{
    answer::RecordedAnswer,
    audit::AuditEvent,
    challenge::{Challenge, ChargedAttempt, LiveCode},
    contact::IdentifierKey,
    id::{ChallengeId, UserId},
    lockout::Ladder,
    message::NewMessage,
    sealed::Sealed,
    session::Session,
    time::Timestamp,
    user::Role,
};
use async_trait::async_trait;

/// A challenge to begin: written together with its message, its event and its recorded answer, or not at all.
#[derive(Clone, Debug)]
pub struct NewChallenge {
    /// The challenge; nothing has been charged.
    pub challenge: Challenge,
    /// Its first code.
    pub code: LiveCode,
    /// The message that carries the code.
    pub message: NewMessage,
    /// What the audit log says.
    pub event: AuditEvent,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
}

/// Whether a challenge has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginOutcome {
    /// It has.
    Begun,
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
    /// The code; of four, the oldest is dropped.
    pub code: LiveCode,
    /// From this time on the next may be sent.
    pub resend_time: Timestamp,
    /// The message that carries the code.
    pub message: NewMessage,
    /// What the audit log says.
    pub event: AuditEvent,
    /// The answer under the caller's request id, where there is one.
    pub answer: Option<RecordedAnswer>,
}

/// Whether a further code was added.
#[derive(Clone, Debug)]
pub enum ResendOutcome {
    /// It was.
    Added,
    /// Another resend was faster: not before this time.
    TooSoon(Timestamp),
    /// The challenge is used, expired, or out of attempts.
    Ended,
    /// A call with the same request id was faster; nothing was written.
    AlreadyAnswered,
}

/// What became of charging an attempt. Only `Charged` may be compared.
#[derive(Clone, Debug)]
pub enum ChargeOutcome {
    /// Charged to the challenge and to the identifier, and committed.
    Charged(Box<ChargedAttempt>),
    /// Not charged: the identifier is locked until then.
    Locked {
        /// Until when.
        until: Timestamp,
        /// The challenge, for the event.
        challenge: Box<Challenge>,
    },
    /// Not charged: the challenge has used up its attempts.
    Exhausted(Box<Challenge>),
    /// Not charged: the challenge was used, or its newest code has expired.
    Ended(Box<Challenge>),
    /// There is no such challenge.
    Unknown,
}

/// An attempt that was charged and did not succeed: its events.
#[derive(Clone, Debug)]
pub struct FailedAttempt {
    /// The failed attempt and, where it reached a rung, the lock.
    pub events: Vec<AuditEvent>,
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
    /// The address, sealed in the place `USER_EMAIL` of the new row.
    pub email: Sealed,
    /// When.
    pub create_time: Timestamp,
}

/// A session to open; `session.refresh_hash` is of its first refresh token and `session.counter` is 0.
pub type NewSession = Session;

/// A sign-in to complete: the challenge is consumed, the user created where there is none, the session opened, the
/// identifier's failures forgotten and the events written, all of it or nothing.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The challenge to consume.
    pub challenge_id: ChallengeId,
    /// Whose failures are forgotten.
    pub identifier_key: IdentifierKey,
    /// When: a challenge whose newest code has expired by then is not consumed.
    pub now: Timestamp,
    /// Who.
    pub user: SignInUser,
    /// The session.
    pub session: NewSession,
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
    /// consecutive failures each rise by one, and the identifier is locked where `ladder` says so.
    async fn charge_attempt(
        &self,
        id: ChallengeId,
        now: Timestamp,
        ladder: &Ladder,
    ) -> Result<ChargeOutcome, StoreFault>;

    /// Records that a charged attempt failed.
    async fn record_failure(&self, failure: FailedAttempt) -> Result<(), StoreFault>;

    /// Completes a sign-in.
    async fn complete_sign_in(&self, sign_in: SignIn) -> Result<SignInOutcome, StoreFault>;

    /// The user of an identifier, looked up again after `UserChanged`.
    async fn user_of(&self, key: IdentifierKey) -> Result<Option<crate::domain::user::User>, StoreFault>;
}
