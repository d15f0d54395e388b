//! Magic links: what is drawn for one, and which link a token is.

mod base;
mod collect;
mod inspect;
mod redeem;
mod reject;

pub use base::LinkBase;
pub use collect::CompleteSignIn;
pub use inspect::InspectedLink;
pub use redeem::{RedeemLink, Redeemed};
pub use reject::RejectLink;

use super::{OtpEngine, SendOtp};
use crate::{
    domain::{
        audit::Act,
        challenge::{Challenge, LiveCode, Scope},
        client::Client,
        link::{Asker, Completion, Link, LinkState, LinkToken, MatchNumber},
        refusal::{FieldReason, FieldViolation, Refusal},
        secret::{ExposeSecret as _, SecretString, secret32},
        session::Origin,
        time::Timestamp,
    },
    engine::fault,
};
use std::time::Duration;
use zeroize::Zeroizing;

/// The link that a request wants.
#[derive(Clone, Debug)]
pub struct WantedLink {
    /// Which device gets the session.
    pub completion: Completion,
    /// Where its landing page leads on to; empty for nowhere.
    pub redirect_uri: String,
    /// Whether it comes without a code.
    pub alone: bool,
}

impl WantedLink {
    /// # Errors
    /// [`Refusal::Invalid`] where the client application has not registered that redirect.
    pub(super) fn check(&self, client: &Client) -> Result<(), Refusal> {
        match unregistered(client, &self.redirect_uri) {
            Some(objection) => Err(Refusal::Invalid(vec![objection])),
            None => Ok(()),
        }
    }
}

/// The objection to a redirect that the client application has not registered.
pub(super) fn unregistered(client: &Client, redirect_uri: &str) -> Option<FieldViolation> {
    if redirect_uri.is_empty() || client.may_redirect_to(redirect_uri) {
        return None;
    }
    let description = "is not one of the client application's registered redirect_uris, to the letter".to_owned();
    Some(FieldViolation { field: "redirect_uri", description, reason: FieldReason::RedirectUri })
}

/// A link that is good: its challenge, and what is known of it.
struct Presented {
    challenge: Challenge,
    link: Box<Link>,
}

/// What a link is presented for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// To sign in by it, approve it, or see what it is for: until it is used, and while its redirect is registered.
    Use,
    /// To say "this was not me": it leads nowhere, and takes an approval back.
    Rejection,
}

impl Wanted {
    const fn takes(self, state: LinkState) -> bool {
        matches!(
            (self, state),
            (Self::Use | Self::Rejection, LinkState::Pending) | (Self::Rejection, LinkState::Approved)
        )
    }
}

impl OtpEngine {
    /// Draws a link for `scope`: its URL, and what is stored of it.
    pub(super) fn draw_link(
        &self,
        scope: &Scope,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<(Zeroizing<String>, LiveCode), Refusal> {
        let token = LinkToken { challenge_id: scope.challenge_id, secret: secret32(self.parts.entropy.bytes32()) };
        let peppers = self.parts.keys.peppers();
        let live = LiveCode {
            mac: scope.link_mac(peppers.newest(), &token.secret),
            pepper_id: peppers.newest_id().clone(),
            expire_time: now.after(lifetime),
        };
        Ok((self.parts.links.url(&token, &self.parts.keys.index())?, live))
    }

    /// The link of a new challenge, as it is stored.
    pub(super) fn begin_link(
        &self,
        wanted: &WantedLink,
        first: LiveCode,
        request: &SendOtp,
        origin: &Origin,
    ) -> Box<Link> {
        let compared = wanted.completion == Completion::AskingDevice;
        let drawn = compared.then(|| self.parts.entropy.below(MatchNumber::COUNT));
        Box::new(Link {
            completion: wanted.completion,
            state: LinkState::Pending,
            redirect_uri: wanted.redirect_uri.clone(),
            match_number: drawn.and_then(MatchNumber::from_draw),
            asker: Asker { device: request.device.clone(), address: origin.address },
            sent: vec![first],
        })
    }

    /// The link of a token, where it can be `wanted` and has not expired.
    ///
    /// The token is compared at once, and a wrong one costs nothing but an event, of which an address has so many: nobody
    /// guesses 256 bits, and to charge it would let whoever learns of a challenge lock its owner out.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`] for a wrong, old, used, rejected or unknown one alike; faults.
    async fn presented(
        &self,
        token: &SecretString,
        wanted: Wanted,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Presented, Refusal> {
        let nameless = |reason| self.nameless_event(now, Act::LinkRefused, origin).failed(reason);
        let Some(token) = LinkToken::parse(token.expose_secret(), &self.parts.keys.index()) else {
            return Err(self.guessed(nameless("LINK_MALFORMED"), Refusal::LinkInvalid).await);
        };
        let found = self.parts.store.challenge(token.challenge_id).await.map_err(|fault| fault::store(&fault))?;
        let Some(mut challenge) = found else {
            return Err(self.guessed(nameless("CHALLENGE_NOT_FOUND"), Refusal::LinkInvalid).await);
        };
        let link = challenge.link.take();
        let expire_time = link.as_ref().and_then(|link| self.expiry(&challenge.scope, link, &token));
        let reason = match (&link, expire_time) {
            (Some(link), Some(expire_time)) => match link.state {
                LinkState::Rejected => "LINK_REJECTED",
                _ if challenge.used => "LINK_USED",
                _ if expire_time <= now => "LINK_EXPIRED",
                state if !wanted.takes(state) => "LINK_APPROVED",
                _ if wanted == Wanted::Use && !self.may_lead_on(&challenge.scope, link) => "REDIRECT_URI_NOT_ALLOWED",
                _ => "",
            },
            _ => "LINK_INVALID",
        };
        if let Some(link) = link.filter(|_| reason.is_empty()) {
            return Ok(Presented { challenge, link });
        }
        let event = self.event(now, Act::LinkRefused, origin, &challenge.scope, "").failed(reason);
        Err(self.guessed(event, Refusal::LinkInvalid).await)
    }

    /// Whether a link leads where its client application may be led to now: the configuration may have changed since it was
    /// asked for.
    fn may_lead_on(&self, scope: &Scope, link: &Link) -> bool {
        let client = self.parts.clients.find(scope.client_id.as_str());
        link.redirect_uri.is_empty() || client.is_some_and(|client| client.may_redirect_to(&link.redirect_uri))
    }

    /// When the link of a token expires; `None` where the token is none of the challenge's. Each is compared in constant
    /// time, and all of them are.
    fn expiry(&self, scope: &Scope, link: &Link, token: &LinkToken) -> Option<Timestamp> {
        let peppers = self.parts.keys.peppers();
        link.sent.iter().fold(None, |found, sent| {
            let right =
                peppers.get(&sent.pepper_id).is_some_and(|pepper| scope.link_mac(pepper, &token.secret) == sent.mac);
            if right { Some(sent.expire_time) } else { found }
        })
    }
}
