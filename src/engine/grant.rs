//! Sign-in for client applications on the pages: a one-time code in a redirect, exchanged for the tokens of a session
//! (OAuth 2.1 authorization code with PKCE; RFC 6749 section 4.1, RFC 7636, RFC 9700).

use super::{
    fault,
    guesses::Guesses,
    otp::SignedIn,
    token::{SignOut, TokenIssuer, Tokens},
};
use crate::{
    domain::{
        audit::{Act, AuditEvent},
        client::{Client, ClientId, Clients},
        digest::Digest,
        id::EventId,
        refresh_token::RefreshToken,
        refusal::Refusal,
        sealed::{Place, open, seal},
        secret::{ExposeSecret as _, SecretString},
        session::Origin,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        store::{NewGrant, Redemption, RedemptionOutcome, Store},
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{sync::Arc, time::Duration};

/// How long a code is good for: the time that a redirect takes, and a slow network.
const LIFETIME: Duration = Duration::from_mins(1);

/// How every code begins, so that it is recognised where it does not belong.
const PREFIX: &str = "idg_";

/// The column that holds the sealed refresh token of a grant.
const GRANT_TOKEN: &str = "grants.token";

/// The lengths that a verifier may have (RFC 7636 section 4.1).
const VERIFIER: std::ops::RangeInclusive<usize> = 43..=128;

/// What grants work with.
pub struct GrantParts {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Sealing and refresh keys.
    pub keys: Arc<dyn Keys>,
    /// The clock that codes are judged by.
    pub clock: Arc<dyn Clock>,
    /// Where codes come from.
    pub entropy: Arc<dyn Entropy>,
    /// The registered client applications.
    pub clients: Arc<Clients>,
    /// Who issues the tokens.
    pub tokens: Arc<TokenIssuer>,
    /// Who counts and records wrong codes.
    pub guesses: Arc<Guesses>,
}

/// Gives client applications one-time codes, and tokens for these.
pub struct GrantEngine {
    parts: GrantParts,
}

/// A client application that may be led back to, and what only it can show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The client application.
    pub client_id: ClientId,
    /// Where the code goes: one of those registered.
    pub redirect_uri: String,
    /// SHA-256 of the verifier that it keeps.
    pub verifier_hash: Digest,
}

/// A sign-in that has come to its end.
#[derive(Debug)]
pub struct Concluded {
    /// The sign-in.
    pub signed_in: SignedIn,
    /// The code for the client application, where one asked; or why there is none, and the session has been ended.
    pub code: Option<Result<SecretString, Refusal>>,
}

/// A code presented for tokens, in the client's words.
#[derive(Debug)]
pub struct Redeem {
    /// The code.
    pub code: SecretString,
    /// Who presents it.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The verifier whose hash the sign-in began with.
    pub code_verifier: SecretString,
}

/// Why no tokens are given.
#[derive(Debug)]
pub enum NotRedeemed {
    /// There is no such client application.
    UnknownClient,
    /// The code is not good, or not with this client, redirect or verifier.
    Invalid,
    /// A fault.
    Fault(Refusal),
}

impl GrantEngine {
    /// An engine of the parts.
    #[must_use]
    pub const fn new(parts: GrantParts) -> Self {
        Self { parts }
    }

    /// The client application of that very name which may be led back to that very URI; `None` for any other pair.
    #[must_use]
    pub fn client(&self, client_id: &str, redirect_uri: &str) -> Option<&Client> {
        self.registered(client_id).filter(|client| client.may_redirect_to(redirect_uri))
    }

    /// What a sign-in comes to: the session itself, or a code for the client application that asked. To be done in one piece
    /// with the sign-in, so that whoever hangs up leaves no session whose tokens nobody gets.
    pub async fn conclude(&self, signed_in: SignedIn, asker: Option<&Asker>, origin: &Origin) -> Concluded {
        let code = match asker {
            Some(asker) => Some(self.give(asker, &signed_in, origin).await),
            None => None,
        };
        Concluded { signed_in, code }
    }

    /// A code for the session of a sign-in. Where none can be given nobody will hold the session's tokens, and it is ended.
    ///
    /// # Errors
    /// Faults.
    pub async fn give(&self, asker: &Asker, signed_in: &SignedIn, origin: &Origin) -> Result<SecretString, Refusal> {
        let given = self.keep(asker, signed_in).await;
        if given.is_err() {
            let refresh_token = Some(signed_in.tokens.refresh_token.clone());
            let end = SignOut { refresh_token, access_token: None, all_sessions: false };
            // What went wrong first is what is told; a session that nobody can use ends by itself.
            let _ = self.parts.tokens.sign_out(end, origin).await;
        }
        given
    }

    async fn keep(&self, asker: &Asker, signed_in: &SignedIn) -> Result<SecretString, Refusal> {
        let now = self.parts.clock.now();
        let code = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.parts.entropy.bytes32()));
        let code_hash = hash(&code);
        let place = Place { column: GRANT_TOKEN, row: code_hash.bytes() };
        let token = signed_in.tokens.refresh_token.expose_secret().as_bytes();
        let token = seal(&self.parts.keys.sealing(), place, self.parts.entropy.nonce(), token)
            .map_err(|fault| fault::seal(&fault))?;
        let grant = NewGrant {
            code_hash,
            client_id: asker.client_id.clone(),
            redirect_uri: asker.redirect_uri.clone(),
            verifier_hash: asker.verifier_hash,
            session_id: signed_in.session.session_id,
            token,
            expire_time: now.after(LIFETIME),
        };
        self.parts.store.keep_grant(grant).await.map_err(|fault| fault::store(&fault))?;
        Ok(SecretString::from(code))
    }

    /// Exchanges a code for the tokens of its session, once. A code that was used ends the session that it gave. A signer
    /// that is full refuses before the code is used up: who comes again is no replay then.
    ///
    /// # Errors
    /// [`NotRedeemed`].
    pub async fn redeem(&self, request: Redeem, origin: &Origin) -> Result<Tokens, NotRedeemed> {
        let client = self.registered(&request.client_id).ok_or(NotRedeemed::UnknownClient)?;
        self.parts.tokens.may_issue().map_err(NotRedeemed::Fault)?;
        let now = self.parts.clock.now();
        // It may have been registered when the code was given, and not be any more.
        let is_registered = client.may_redirect_to(&request.redirect_uri);
        let mut event = AuditEvent::new(EventId::new(self.parts.entropy.uuid()), now, Act::GrantRedeemed, origin);
        event.client_id = Some(client.client_id.clone());
        let code_hash = hash(request.code.expose_secret());
        let redemption = Redemption {
            code_hash,
            client_id: client.client_id.clone(),
            redirect_uri: request.redirect_uri,
            verifier_hash: verifier_hash(request.code_verifier.expose_secret()).ok_or(NotRedeemed::Invalid)?,
            now,
            redeemed: event.clone(),
            reused: event.clone().failed("GRANT_REUSED"),
            refused: event.failed("GRANT_INVALID"),
        };
        let fault = NotRedeemed::Fault;
        if !is_registered {
            self.parts.guesses.wrong(&redemption.refused).await.map_err(fault)?;
            return Err(NotRedeemed::Invalid);
        }
        let place = self.parts.tokens.reserve().map_err(fault)?;
        let outcome = self.parts.store.redeem_grant(redemption).await;
        match outcome.map_err(|error| fault(fault::store(&error)))? {
            RedemptionOutcome::Redeemed { token, live } => {
                let column = Place { column: GRANT_TOKEN, row: code_hash.bytes() };
                let opened = open(&self.parts.keys.sealing(), column, &token);
                let opened = opened.map_err(|error| fault(fault::seal(&error)))?;
                let text = std::str::from_utf8(opened.expose_secret()).map_err(|_| fault(Refusal::Internal))?;
                let presented = RefreshToken::parse(text, &self.parts.keys.refresh()).ok_or(NotRedeemed::Invalid)?;
                self.parts.tokens.issue_at(place, &live, &presented.token).await.map_err(fault)
            }
            RedemptionOutcome::Reused { ended } => {
                self.parts.tokens.note_ended(&ended);
                Err(NotRedeemed::Invalid)
            }
            RedemptionOutcome::Refused(event) => {
                self.parts.guesses.wrong(&event).await.map_err(fault)?;
                Err(NotRedeemed::Invalid)
            }
        }
    }

    /// The client application of that very name: here none is the default.
    fn registered(&self, client_id: &str) -> Option<&Client> {
        self.parts.clients.find(client_id).filter(|client| client.client_id.as_str() == client_id)
    }
}

impl Asker {
    /// Reads a challenge of the method S256 (RFC 7636 section 4.2); `None` where it has another form.
    #[must_use]
    pub fn verifier_hash(code_challenge: &str) -> Option<Digest> {
        let bytes = URL_SAFE_NO_PAD.decode(code_challenge).ok()?;
        Some(Digest::from_bytes(bytes.try_into().ok()?))
    }
}

fn hash(code: &str) -> Digest {
    Digest::sha256(&[b"identity.v1 grant", code.as_bytes()])
}

/// The hash of a verifier; `None` where it is none (RFC 7636 section 4.1).
fn verifier_hash(verifier: &str) -> Option<Digest> {
    let permitted = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
    let sound = VERIFIER.contains(&verifier.len()) && verifier.bytes().all(permitted);
    sound.then(|| Digest::of_file(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn a_verifier_fits_its_challenge() {
        let challenge = Asker::verifier_hash("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert_eq!(verifier_hash("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), Some(challenge));
        assert_ne!(verifier_hash("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"), Some(challenge));
    }

    #[test]
    fn nothing_else_is_a_challenge_or_a_verifier() {
        for wrong in ["", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"] {
            assert_eq!(Asker::verifier_hash(wrong), None, "{wrong}");
        }
        let long = "a".repeat(129);
        for wrong in ["", "short", &"a".repeat(42), long.as_str(), &format!("{}ä", "a".repeat(43)), &" ".repeat(43)] {
            assert_eq!(verifier_hash(wrong), None, "{wrong}");
        }
    }
}
