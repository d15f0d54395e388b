//! The OTP engine: send, resend, verify.

mod events;
mod proof;
mod resend;
mod send;
mod verify;
mod view;

pub use proof::ProofParts;
pub use resend::ResendOtp;
pub use send::{SendOtp, Sent};
pub use verify::{SignedIn, VerifyOtp};
pub use view::ChallengeView;

use crate::{
    domain::{
        challenge::{Code, LiveCode, Scope},
        client::Clients,
        contact::EmailAddress,
        digest::Digest,
        id::{EventId, MessageId},
        message::{Content, NewMessage},
        network,
        policy::{OtpPolicy, RequestLimits, SessionPolicy},
        refusal::Refusal,
        secret::Secret32,
        session::Origin,
        time::Timestamp,
        window::{Standing, tightest},
    },
    engine::{
        answers::Answers,
        delivery::{WakeUp, sealed_message},
        fault,
        token::TokenIssuer,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        limiter::{Admission, Layer, LayerKind, Limiter},
        store::Store,
    },
};
use proof::Proving;
use std::sync::Arc;
use tracing::Instrument as _;

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
    /// Figures of codes.
    pub otp: Arc<OtpPolicy>,
    /// Figures of request limits.
    pub limits: Arc<RequestLimits>,
    /// What is to be proved before a code is sent.
    pub proof: ProofParts,
    /// Figures of sessions.
    pub sessions: Arc<SessionPolicy>,
    /// Who issues the tokens of a sign-in.
    pub tokens: Arc<TokenIssuer>,
    /// Rouses the workers when a message has been accepted.
    pub wake_up: WakeUp,
}

/// Signs people in by one-time codes.
pub struct OtpEngine {
    parts: OtpParts,
    answers: Answers,
}

impl OtpEngine {
    /// An engine of the parts.
    #[must_use]
    pub fn new(parts: OtpParts) -> Self {
        let answers = Answers::new(parts.store.clone(), parts.keys.clone(), parts.entropy.clone());
        Self { parts, answers }
    }

    fn event_id(&self) -> EventId {
        EventId::new(self.parts.entropy.uuid())
    }

    /// Asks the limiter whether one more code may be sent to `email` from `origin`, given what was proved.
    async fn admit(
        &self,
        email: &EmailAddress,
        origin: &Origin,
        index: &Secret32,
        proving: Proving,
    ) -> Result<Standing, Refusal> {
        let limits = &self.parts.limits;
        let layer = |kind, key, windows: &Arc<_>| Layer { kind, key, windows: Arc::clone(windows) };
        let mut layers = vec![
            layer(LayerKind::Identifier, email.abuse_key(index).0, &limits.identifier),
            layer(LayerKind::Address, network::address_key(origin.address, index), &limits.address),
            layer(LayerKind::All, Digest::hmac(index, &[b"identity.v1 everyone"]), &limits.all),
        ];
        layers.extend_from_slice(proving.layers());
        let span = tracing::info_span!("limiter", outcome = tracing::field::Empty);
        let admission = self.parts.limiter.admit(&layers).instrument(span.clone()).await;
        match admission.map_err(|fault| fault::limiter(&fault))? {
            // How much of the common budget others have spent is not the caller's to know until it is refused by it.
            Admission::Admitted(standings) => {
                Ok(standings[..2].iter().copied().reduce(tightest).unwrap_or(standings[0]))
            }
            Admission::Refused { kind, standing, retry_after } => {
                span.record("outcome", "refused");
                let limited = Refusal::RateLimited { layer: kind.as_str(), standing, retry_after };
                Err(proving.refusal(kind).unwrap_or(limited))
            }
        }
    }

    /// Draws a code for `scope`: what is stored of it, and the message that carries it.
    fn draw_code(&self, scope: &Scope, draft: &CodeDraft<'_>) -> Result<(LiveCode, NewMessage), Refusal> {
        let &CodeDraft { email, client_name, locale, origin, length, now } = draft;
        let code = Code::from_draw(self.parts.entropy.below(10_u64.pow(u32::from(length))), length);
        let peppers = self.parts.keys.peppers();
        let expire_time = now.after(self.parts.otp.code_lifetime);
        let live =
            LiveCode { mac: scope.mac(peppers.newest(), &code), pepper_id: peppers.newest_id().clone(), expire_time };
        let content = Content::Code {
            destination: email.as_str().to_owned(),
            code: code.digits().to_owned(),
            client_name: client_name.to_owned(),
            minutes: u32::try_from(self.parts.otp.code_lifetime.as_secs().div_ceil(60)).unwrap_or(u32::MAX),
            locale: locale.to_owned(),
            address: origin.address.map(|address| address.to_string()).unwrap_or_default(),
            asked_at: now.micros(),
        };
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
    email: &'a EmailAddress,
    client_name: &'a str,
    locale: &'a str,
    origin: &'a Origin,
    length: u8,
    now: Timestamp,
}
