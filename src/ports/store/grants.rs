//! Grants: one-time codes by which a client application gets the tokens of a session.

use super::StoreFault;
use crate::domain::{
    audit::AuditEvent, client::ClientId, digest::Digest, id::SessionId, sealed::Sealed, session::LiveSession,
    time::Timestamp,
};
use async_trait::async_trait;

/// A grant to keep.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// SHA-256 of its code.
    pub code_hash: Digest,
    /// The client application that may redeem it.
    pub client_id: ClientId,
    /// Where its code is sent.
    pub redirect_uri: String,
    /// SHA-256 of the verifier that the client keeps.
    pub verifier_hash: Digest,
    /// The session whose tokens it gives.
    pub session_id: SessionId,
    /// The session's refresh token, sealed.
    pub token: Sealed,
    /// From this time on it is no longer good.
    pub expire_time: Timestamp,
}

/// A code presented for the tokens of its session.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// SHA-256 of the code.
    pub code_hash: Digest,
    /// The client application that presents it.
    pub client_id: ClientId,
    /// Where the client says that it got the code.
    pub redirect_uri: String,
    /// SHA-256 of the verifier that it shows.
    pub verifier_hash: Digest,
    /// When.
    pub now: Timestamp,
    /// One event for each way it may end; the store fills in user and session. What changes something is written with the
    /// change, the others are given back.
    pub redeemed: AuditEvent,
    /// It was redeemed before; written where that ends the session, with an event of that end, given back where it had ended.
    pub reused: AuditEvent,
    /// Anything else; given back.
    pub refused: AuditEvent,
}

/// What became of a redemption.
#[derive(Clone, Debug)]
pub enum RedemptionOutcome {
    /// The grant is used up.
    Redeemed {
        /// The session's refresh token, as it was sealed.
        token: Sealed,
        /// The session.
        live: Box<LiveSession>,
    },
    /// The code had been used: the session that it gave has been ended (RFC 6749 section 4.1.2).
    Reused {
        /// The session.
        ended: Vec<SessionId>,
    },
    /// No such grant, not this client's, not this redirect or verifier, too old, or its session has ended. Nothing has
    /// changed, and the event is for the caller to record.
    Refused(Box<AuditEvent>),
}

/// Grants, from the sign-in to their one use.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Keeps a grant.
    async fn keep_grant(&self, grant: NewGrant) -> Result<(), StoreFault>;

    /// Redeems a grant. Of any number of redemptions of one code at most one is `Redeemed`; once one was, the next by
    /// the same client application ends the session. A redemption that is refused leaves the grant as it is.
    async fn redeem_grant(&self, redemption: Redemption) -> Result<RedemptionOutcome, StoreFault>;
}
