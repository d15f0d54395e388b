//! The OTP engine: send, resend, verify.

mod devices;
mod events;
mod guard;
mod limits;
mod look;
mod proof;
mod resend;
mod responses;
mod review;
mod rules;
mod send;
mod text_messages;
mod verify;
mod view;

pub use proof::ProofParts;
pub use resend::ResendOtp;
pub(in crate::engine) use send::unknown_client;
pub use send::{SendOtp, Sent};
pub use verify::{SignedIn, VerifyOtp};
pub use view::ChallengeView;

use crate::{
    domain::{
        challenge::{Code, LiveCode, Scope},
        client::Clients,
        contact::{Channel, Identifier},
        id::{EventId, MessageId},
        message::{Content, NewMessage},
        policy::SessionPolicy,
        refusal::Refusal,
        review_account::ReviewAccount,
        session::Origin,
        time::Timestamp,
    },
    engine::{
        answers::Answers,
        delivery::{Handoff, sealed_message},
        fault,
        token::TokenIssuer,
    },
    ports::{
        clock::Clock, entropy::Entropy, keys::Keys, limiter::Limiter, policy::Policies, review::ReviewList,
        store::Store,
    },
};
use guard::Guard;
use std::{sync::Arc, time::Duration};

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
    /// Whether there is a provider for SMS.
    pub sms: bool,
}

/// Signs people in by one-time codes.
pub struct OtpEngine {
    parts: OtpParts,
    answers: Answers,
    guard: Guard,
}

impl OtpEngine {
    /// An engine of the parts.
    #[must_use]
    pub fn new(parts: OtpParts) -> Self {
        let answers = Answers::new(parts.store.clone(), parts.keys.clone(), parts.entropy.clone());
        Self { parts, answers, guard: Guard::default() }
    }

    /// Whether codes can be sent by `channel`.
    #[must_use]
    pub const fn offers(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => true,
            Channel::Sms => self.parts.sms,
        }
    }

    fn event_id(&self) -> EventId {
        EventId::new(self.parts.entropy.uuid())
    }

    /// Draws a code for `scope`: what is stored of it, and the message that carries it.
    fn draw_code(&self, scope: &Scope, draft: &CodeDraft<'_>) -> Result<(LiveCode, NewMessage), Refusal> {
        let &CodeDraft { destination, review, client_name, locale, origin, length, lifetime, now } = draft;
        let drawn = Code::from_draw(self.parts.entropy.below(10_u64.pow(u32::from(length))), length);
        let code = review.map_or(&drawn, |account| &account.code);
        let peppers = self.parts.keys.peppers();
        let expire_time = now.after(lifetime);
        let live =
            LiveCode { mac: scope.mac(peppers.newest(), code), pepper_id: peppers.newest_id().clone(), expire_time };
        let in_words = || Content::Code {
            destination: destination.as_str().to_owned(),
            code: code.digits().to_owned(),
            link: String::new(),
            client_name: client_name.to_owned(),
            minutes: u32::try_from(lifetime.as_secs().div_ceil(60)).unwrap_or(u32::MAX),
            link_minutes: 0,
            locale: locale.to_owned(),
            address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
            asked_at: now.micros(),
        };
        let content = if review.is_some() { Content::ToNobody } else { in_words() };
        let message_id = MessageId::new(self.parts.entropy.uuid());
        let message = sealed_message(
            &self.parts.keys.sealing(),
            self.parts.entropy.nonce(),
            message_id,
            Some(scope.challenge_id),
            &content,
            now,
            expire_time,
        )
        .map_err(|fault| fault::seal(&fault))?;
        Ok((live, message))
    }
}

/// What a code's message says beside the code.
struct CodeDraft<'a> {
    destination: &'a Identifier,
    /// The account that gives the code, where it is not drawn.
    review: Option<&'a ReviewAccount>,
    client_name: &'a str,
    locale: &'a str,
    origin: &'a Origin,
    length: u8,
    lifetime: Duration,
    now: Timestamp,
}
