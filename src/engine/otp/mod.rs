//! The OTP engine: send, resend, verify; magic links.

mod devices;
mod events;
mod guard;
mod limits;
mod link;
mod look;
mod proof;
mod recorded;
mod resend;
mod responses;
mod review;
mod rules;
mod send;
mod sign_in;
mod text_messages;
mod verify;
mod view;
mod watch;

pub use link::{CompleteSignIn, InspectedLink, LinkBase, RedeemLink, Redeemed, RejectLink, WantedLink};
pub use look::Look;
pub use proof::ProofParts;
pub use resend::ResendOtp;
pub(in crate::engine) use send::unknown_client;
pub use send::{SendOtp, Sent};
pub use sign_in::SignedIn;
pub use verify::VerifyOtp;
pub use view::ChallengeView;
pub use watch::Watching;

use crate::{
    domain::{
        challenge::{Code, LiveCode, Scope},
        client::Clients,
        contact::{Channel, Identifier},
        id::{EventId, MessageId},
        message::{Content, NewMessage},
        policy::SessionPolicy,
        refusal::{FieldViolation, Refusal},
        review_account::ReviewAccount,
        session::Origin,
        time::Timestamp,
    },
    engine::{
        answers::Answers,
        delivery::{Handoff, SuppressedAddresses, sealed_message},
        fault,
        funnel::Funnel,
        guesses::Guesses,
        token::TokenIssuer,
    },
    ports::{
        clock::Clock, entropy::Entropy, keys::Keys, limiter::Limiter, policy::Policies, review::ReviewList,
        store::Store,
    },
};
use guard::Guard;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use watch::Watchers;

/// What the OTP engine works with.
pub struct OtpParts {
    /// Where challenges, users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// Who decides on requests for codes.
    pub limiter: Arc<dyn Limiter>,
    /// Peppers, sealing keys and the index key.
    pub keys: Arc<dyn Keys>,
    /// The clock that codes are judged by.
    pub clock: Arc<dyn Clock>,
    /// Where codes, salts and ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// The registered client applications.
    pub clients: Arc<Clients>,
    /// The policy in force: figures of codes, lockout and request limits.
    pub policies: Arc<dyn Policies>,
    /// What is to be proved before a code is sent.
    pub proof: ProofParts,
    /// The accounts whose codes are given instead of drawn.
    pub review: Arc<dyn ReviewList>,
    /// Figures of sessions.
    pub sessions: Arc<SessionPolicy>,
    /// Who issues the tokens of a sign-in.
    pub tokens: Arc<TokenIssuer>,
    /// The way of accepted messages to the worker.
    pub handoff: Handoff,
    /// Who counts the funnel of signing in.
    pub funnel: Funnel,
    /// Whether there is a provider for SMS.
    pub sms: bool,
    /// Where the pages of magic links are.
    pub links: Arc<LinkBase>,
    /// Who counts and records wrong guesses.
    pub guesses: Arc<Guesses>,
    /// Who gets no message for a while: a code that came through ends that.
    pub suppressed: Arc<SuppressedAddresses>,
}

/// Signs people in by one-time codes and magic links.
pub struct OtpEngine {
    parts: OtpParts,
    answers: Answers,
    guard: Guard,
    watchers: Watchers,
    /// Whether the store was away when somebody last looked.
    store_is_away: AtomicBool,
}

impl OtpEngine {
    /// An engine of the parts.
    #[must_use]
    pub fn new(parts: OtpParts) -> Self {
        let answers = Answers::new(parts.store.clone(), parts.keys.clone(), parts.entropy.clone());
        let (guard, watchers, store_is_away) = (Guard::default(), Watchers::default(), AtomicBool::default());
        Self { parts, answers, guard, watchers, store_is_away }
    }

    /// Takes note of whether the store is there. While it is not, nobody is counted for asking in vain.
    pub fn note_store(&self, is_there: bool) {
        self.store_is_away.store(!is_there, Ordering::Relaxed);
    }

    /// Refuses what would be counted and could not be written: where the store was away, it is asked whether it is back.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] while the store is away.
    async fn before_counting(&self) -> Result<(), Refusal> {
        if self.store_is_away.load(Ordering::Relaxed) {
            self.parts.store.ping().await.map_err(|fault| fault::store(&fault))?;
            self.note_store(true);
        }
        Ok(())
    }

    /// What speaks against a client application and a redirect of it, before anything is done with them.
    #[must_use]
    pub fn objections(&self, client_id: &str, redirect_uri: Option<&str>) -> Vec<FieldViolation> {
        match (self.parts.clients.find(client_id), redirect_uri) {
            (None, _) => vec![unknown_client()],
            (Some(client), Some(uri)) => link::unregistered(client, uri).into_iter().collect(),
            (Some(_), None) => Vec::new(),
        }
    }

    /// Whether codes can be sent by `channel`.
    #[must_use]
    pub const fn offers(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => true,
            Channel::Sms => self.parts.sms,
        }
    }

    /// Where the pages of links are, where the configuration leaves it to the listener. To be called once that is bound,
    /// and before the first request.
    pub fn links_lead_to(&self, url: &str) {
        self.parts.links.set(url);
    }

    fn event_id(&self) -> EventId {
        EventId::new(self.parts.entropy.uuid())
    }

    /// Draws a code, a link or both for `scope`: what is stored of them, and the message that carries them.
    fn draw(&self, scope: &Scope, draft: &Draft<'_>) -> Result<Drawn, Refusal> {
        let code = draft.code.map(|of| self.draw_code(scope, of, draft));
        let link = draft.link.map(|lifetime| self.draw_link(scope, lifetime, draft.now)).transpose()?;
        // A message promises no longer life than there is, but for the one minute that is the least it can say.
        let minutes = |lifetime: Duration| u32::try_from(lifetime.as_secs() / 60).unwrap_or(u32::MAX).max(1);
        let content = match draft.review {
            Some(_) => Content::ToNobody { channel: scope.channel.as_str().to_owned() },
            None => Content::Code {
                destination: draft.destination.as_str().to_owned(),
                code: code.as_ref().map(|(code, _)| code.digits().to_owned()).unwrap_or_default(),
                link: link.as_ref().map(|(url, _)| url.to_string()).unwrap_or_default(),
                client_name: draft.client_name.to_owned(),
                minutes: draft.code.map(|of| of.lifetime).or(draft.link).map_or(0, minutes),
                link_minutes: draft.link.map_or(0, minutes),
                locale: draft.locale.to_owned(),
                address: draft.origin.address.map(|address| address.to_string()).unwrap_or_default(),
                asked_at: draft.now.micros(),
            },
        };
        let link = link.map(|(_, live)| live);
        let Some(code) = code.map(|(_, live)| live).or_else(|| link.clone()) else { return Err(Refusal::Internal) };
        let message_id = MessageId::new(self.parts.entropy.uuid());
        let message = sealed_message(
            &self.parts.keys.sealing(),
            self.parts.entropy.nonce(),
            message_id,
            Some(scope.challenge_id),
            &content,
            &draft.origin.trace_id,
            draft.now,
            code.expire_time,
        )
        .map_err(|fault| fault::seal(&fault))?;
        Ok(Drawn { code, link, message })
    }

    fn draw_code(&self, scope: &Scope, of: Digits, draft: &Draft<'_>) -> (Code, LiveCode) {
        let drawn = Code::from_draw(self.parts.entropy.below(10_u64.pow(u32::from(of.length))), of.length);
        let code = draft.review.and_then(|account| Code::parse(account.code.digits())).unwrap_or(drawn);
        let peppers = self.parts.keys.peppers();
        let live = LiveCode {
            mac: scope.mac(peppers.newest(), &code),
            pepper_id: peppers.newest_id().clone(),
            expire_time: draft.now.after(of.lifetime),
        };
        (code, live)
    }
}

/// What a message says, and what of it is to be drawn: a code, a link, or both.
struct Draft<'a> {
    destination: &'a Identifier,
    /// The account that gives the code, where it is not drawn; its message goes to nobody.
    review: Option<&'a ReviewAccount>,
    client_name: &'a str,
    locale: &'a str,
    origin: &'a Origin,
    code: Option<Digits>,
    /// How long the link lives.
    link: Option<Duration>,
    now: Timestamp,
}

/// What a code is to be like.
#[derive(Clone, Copy)]
struct Digits {
    length: u8,
    lifetime: Duration,
}

/// What was drawn.
struct Drawn {
    /// The code; where there is none, what the link has.
    code: LiveCode,
    link: Option<LiveCode>,
    message: NewMessage,
}
