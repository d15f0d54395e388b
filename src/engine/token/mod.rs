//! The token issuer: issue, refresh, revoke, validate.

mod outage;
mod refresh;
mod revoked;
mod sign_out;
mod validate;
mod verified;

pub use crate::ports::signer::PublicKey;
pub use refresh::Refresh;
pub use sign_out::SignOut;
pub(in crate::engine) use validate::Leaving;
pub use validate::{Inactive, Validation};

use crate::{
    domain::{
        claims::AccessClaims,
        client::Clients,
        id::{EventId, SessionId},
        policy::SessionPolicy,
        refresh_token::RefreshToken,
        refusal::Refusal,
        revocation::FeedPlace,
        secret::{SecretString, secret32},
        session::LiveSession,
        time::Timestamp,
    },
    engine::{clocks::Clocks, fault, guesses::Guesses},
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        policy::Policies,
        signer::{Signer, SignerFault, SigningPlace},
        store::{SessionStore, StoreFault},
    },
};
use outage::Outages;
use revoked::RevokedSessions;
use std::{sync::Arc, time::Duration};
use verified::VerifiedTokens;

/// Tokens for a client.
#[derive(Debug)]
pub struct Tokens {
    /// A signed JWT (RFC 9068).
    pub access_token: SecretString,
    /// When the access token expires, in whole seconds.
    pub access_token_expire_time: Timestamp,
    /// How long from now that is, in whole seconds.
    pub expires_in: Duration,
    /// The secret for the next refresh.
    pub refresh_token: SecretString,
    /// When the refresh token expires if it is not used before.
    pub refresh_token_expire_time: Timestamp,
}

impl Tokens {
    /// How long it is from `now` to the end of an access token, in whole seconds; zero after it.
    pub(super) fn expires_in(access_token_expire_time: Timestamp, now: Timestamp) -> Duration {
        access_token_expire_time.since(Timestamp::from_seconds(now.seconds()))
    }
}

/// What the token issuer works with.
pub struct TokenParts {
    /// Who signs and checks access tokens.
    pub signer: Arc<dyn Signer>,
    /// Where sessions are kept.
    pub store: Arc<dyn SessionStore>,
    /// Refresh, sealing and index keys.
    pub keys: Arc<dyn Keys>,
    /// The clock that tokens are judged by.
    pub clock: Arc<dyn Clock>,
    /// Where secrets and ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// The registered client applications.
    pub clients: Arc<Clients>,
    /// The policy in force: what is done about unusual use.
    pub policies: Arc<dyn Policies>,
    /// Figures of sessions.
    pub policy: Arc<SessionPolicy>,
    /// Who records refresh tokens that are not good.
    pub guesses: Arc<Guesses>,
}

/// Issues, rotates, checks and revokes tokens.
pub struct TokenIssuer {
    parts: TokenParts,
    revoked: RevokedSessions,
    verified: VerifiedTokens,
    outages: Outages,
    clocks: Arc<Clocks>,
}

impl TokenIssuer {
    /// An issuer of the parts. It calls no token active before [`TokenIssuer::poll_revocations`] has succeeded.
    #[must_use]
    pub fn new(parts: TokenParts) -> Self {
        let revoked = RevokedSessions::new(&parts.policy);
        let outages = Outages::none(parts.policy.refresh_grace);
        Self { parts, revoked, verified: VerifiedTokens::new(), outages, clocks: Arc::default() }
    }

    /// Whether this process goes by the same time as the store.
    #[must_use]
    pub fn clocks(&self) -> Arc<Clocks> {
        self.clocks.clone()
    }

    /// Refuses whoever wants something that is judged by the time, while nobody knows which clock is right.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] then.
    pub(super) fn may_issue(&self) -> Result<(), Refusal> {
        self.clocks.may_issue()
    }

    /// The first refresh token of a session's family: place 0, 256 random bits.
    #[must_use]
    pub fn first_token(&self, session_id: SessionId) -> RefreshToken {
        RefreshToken { session_id, counter: 0, secret: secret32(self.parts.entropy.bytes32()) }
    }

    /// Signs an access token for the session as it stands and puts it beside the refresh token. The same session in
    /// the same state gets the same access token, to the letter, for as long as the signing key stays.
    ///
    /// # Errors
    /// [`Refusal::RefreshTokenInvalid`] where the session's client application is no longer registered;
    /// [`Refusal::Overloaded`] where too many signatures are waiting; faults.
    pub async fn issue(&self, live: &LiveSession, refresh: &RefreshToken) -> Result<Tokens, Refusal> {
        let claims = self.claims(live)?;
        let signed = self.parts.signer.sign(&claims).await;
        self.beside(&claims, signed, live, refresh)
    }

    /// A place at the signer for tokens whose session is known later.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] where too many signatures are waiting.
    pub(super) fn reserve(&self) -> Result<Box<dyn SigningPlace>, Refusal> {
        self.parts.signer.reserve().map_err(|fault| fault::signer(&fault))
    }

    /// The same as [`TokenIssuer::issue`], at a place that was taken before.
    ///
    /// # Errors
    /// As there, but for [`Refusal::Overloaded`].
    pub(super) async fn issue_at(
        &self,
        place: Box<dyn SigningPlace>,
        live: &LiveSession,
        refresh: &RefreshToken,
    ) -> Result<Tokens, Refusal> {
        let claims = self.claims(live)?;
        let signed = place.sign(&claims).await;
        self.beside(&claims, signed, live, refresh)
    }

    fn claims(&self, live: &LiveSession) -> Result<AccessClaims, Refusal> {
        let client = self.parts.clients.find(live.session.client_id.as_str()).ok_or(Refusal::RefreshTokenInvalid)?;
        let policy = &self.parts.policy;
        Ok(AccessClaims::of(live, &policy.issuer, &client.audiences, policy.access_token_lifetime))
    }

    /// The access token and the refresh token beside it.
    fn beside(
        &self,
        claims: &AccessClaims,
        signed: Result<SecretString, SignerFault>,
        live: &LiveSession,
        refresh: &RefreshToken,
    ) -> Result<Tokens, Refusal> {
        let session = &live.session;
        let access_token = signed.map_err(|fault| fault::signer(&fault))?;
        let access_token_expire_time = Timestamp::from_seconds(claims.exp);
        Ok(Tokens {
            access_token,
            access_token_expire_time,
            expires_in: Tokens::expires_in(access_token_expire_time, self.parts.clock.now()),
            refresh_token: refresh.to_text(self.parts.keys.refresh().newest()),
            refresh_token_expire_time: session.idle_expire_time.min(session.absolute_expire_time),
        })
    }

    /// The keys that access tokens can be checked with now.
    #[must_use]
    pub fn public_keys(&self) -> Arc<[PublicKey]> {
        self.parts.signer.public_keys()
    }

    /// Ends sessions in this process at once: to be called after every step of the store that ended some. Other
    /// processes learn it from the feed.
    pub fn note_ended(&self, sessions: &[SessionId]) {
        self.revoked.note(sessions, self.parts.clock.now());
    }

    /// Reads what has been revoked since the last call; the first call reads everything that still matters. To be
    /// called every 250 ms, and once before the first token is checked.
    ///
    /// # Errors
    /// Where the store does not answer; the next call then reads what this one could not.
    pub async fn poll_revocations(&self) -> Result<(), StoreFault> {
        let now = self.parts.clock.now();
        let mut place = FeedPlace::before(self.revoked.since(now));
        let mut found = 0;
        // By pages: however many have ended, none of them keeps the store or a thread for long.
        loop {
            let page = self.parts.store.revocations(place, revoked::PAGE).await;
            let page = page.inspect_err(|_| self.outages.note(self.parts.clock.now()))?;
            self.revoked.learn(&page, now);
            found += page.len();
            match page.last() {
                Some(last) if page.len() >= revoked::PAGE as usize => place = FeedPlace::behind(last),
                _ => break,
            }
        }
        self.revoked.note_read(found, now);
        Ok(())
    }

    /// Whether the feed of revocations is fresh enough to call a token active.
    #[must_use]
    pub fn feed_is_fresh(&self) -> bool {
        self.revoked.is_fresh(self.parts.clock.now())
    }

    fn event_id(&self) -> EventId {
        EventId::new(self.parts.entropy.uuid())
    }
}

#[cfg(test)]
mod tests;
