//! A signer that takes no more: what it would have to sign for stays as good as it was.

use crate::contract::store::{
    Given,
    given::{NOW, at, origin},
    on_both,
};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use identity::{
    adapters::{
        keys::{FileKeys, KeyMaterial},
        memory::MemoryLimiter,
        policy::SwappedPolicy,
        system::SystemEntropy,
    },
    domain::{
        claims::AccessClaims,
        client::{Client, ClientId, Clients},
        digest::Digest,
        keyring::{KeyId, KeyRing},
        policy::{PolicyInForce, SessionPolicy, Template},
        redirect_uri::RedirectUri,
        refusal::Refusal,
        secret::{ExposeSecret as _, SecretString, secret32},
        session::{LiveSession, Session},
        time::Timestamp,
        user::{Contact, SealedContact, User},
    },
    engine::{
        account::UserView,
        grant::{Asker, GrantEngine, GrantParts, NotRedeemed, Redeem},
        guesses::{GuessParts, Guesses},
        otp::SignedIn,
        token::{TokenIssuer, TokenParts},
    },
    ports::{
        clock::Clock,
        signer::{OpenedToken, PublicKey, Signer, SignerFault, SigningPlace, TokenFlaw},
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

on_both!(a_code_that_could_not_be_exchanged_is_not_used_up);

const REDIRECT: &str = "https://shop.example.com/in";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A signer that is full or not, as a test says.
#[derive(Default)]
pub(super) struct Narrow(pub(super) AtomicBool);

struct Room;

#[async_trait]
impl Signer for Narrow {
    async fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignerFault> {
        self.reserve()?.sign(claims).await
    }

    fn reserve(&self) -> Result<Box<dyn SigningPlace>, SignerFault> {
        if self.0.load(Ordering::SeqCst) { Err(SignerFault::Overloaded) } else { Ok(Box::new(Room)) }
    }

    fn open(&self, _: &str) -> Result<OpenedToken, TokenFlaw> {
        Err(TokenFlaw::Malformed)
    }

    fn public_keys(&self) -> Arc<[PublicKey]> {
        Arc::new([])
    }
}

#[async_trait]
impl SigningPlace for Room {
    async fn sign(self: Box<Self>, claims: &AccessClaims) -> Result<SecretString, SignerFault> {
        Ok(SecretString::from(claims.sub.clone()))
    }
}

/// A clock that stands a second after the sign-in.
pub(super) struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        at(1)
    }
}

fn ring(byte: u8) -> KeyRing {
    KeyRing::new([(KeyId::new("2026-01").unwrap(), secret32([byte; 32]))].into()).unwrap()
}

/// What engines share.
pub(super) struct Parts {
    pub(super) keys: Arc<FileKeys>,
    pub(super) clients: Arc<Clients>,
    pub(super) policies: Arc<SwappedPolicy>,
    pub(super) guesses: Arc<Guesses>,
    pub(super) tokens: Arc<TokenIssuer>,
}

/// Parts over a store, for one client application.
pub(super) fn parts(given: &Given, client_id: ClientId, signer: Arc<Narrow>) -> Parts {
    let material = KeyMaterial { peppers: ring(1), sealing: ring(2), refresh: ring(3), index: secret32([4; 32]) };
    let keys = Arc::new(FileKeys::new(material));
    let client = Client {
        client_id,
        display_name: "Shop".to_owned(),
        audiences: vec!["shop".to_owned()],
        redirect_uris: vec![RedirectUri::new(REDIRECT).unwrap()],
    };
    let clients = Arc::new(Clients::new(vec![client]).unwrap());
    let policies = Arc::new(SwappedPolicy::new(PolicyInForce::of_template(Template::Standard, NOW)));
    let guesses = Arc::new(Guesses::new(GuessParts {
        ledger: given.store.clone(),
        limiter: Arc::new(MemoryLimiter::new(Arc::new(Stopped), 16)),
        keys: keys.clone(),
        entropy: Arc::new(SystemEntropy),
        policies: policies.clone(),
    }));
    let tokens = Arc::new(TokenIssuer::new(TokenParts {
        signer,
        store: given.store.clone(),
        keys: keys.clone(),
        clock: Arc::new(Stopped),
        entropy: Arc::new(SystemEntropy),
        clients: clients.clone(),
        policies: policies.clone(),
        policy: Arc::new(SessionPolicy::for_issuer("https://id.example.com".to_owned())),
        guesses: guesses.clone(),
    }));
    Parts { keys, clients, policies, guesses, tokens }
}

/// Grants over a store, and the issuer of their tokens.
fn grants(given: &Given, session: &Session, signer: Arc<Narrow>) -> (Arc<TokenIssuer>, GrantEngine) {
    let Parts { keys, clients, guesses, tokens, .. } = parts(given, session.client_id.clone(), signer);
    let engine = GrantEngine::new(GrantParts {
        store: given.store.clone(),
        clock: Arc::new(Stopped),
        entropy: Arc::new(SystemEntropy),
        clients,
        tokens: tokens.clone(),
        guesses,
        keys,
    });
    (tokens, engine)
}

async fn signed_in(tokens: &TokenIssuer, session: &Session) -> SignedIn {
    let live = LiveSession { session: session.clone(), roles: Vec::new() };
    let first = tokens.first_token(session.session_id);
    let user = User {
        user_id: session.user_id,
        contact: SealedContact { email: None, phone: None },
        roles: Vec::new(),
        create_time: NOW,
        disabled: false,
    };
    SignedIn {
        tokens: tokens.issue(&live, &first).await.unwrap(),
        user: UserView::new(&user, Contact::default()),
        session: session.clone(),
        new_user: true,
        device_token: SecretString::from(""),
    }
}

async fn a_code_that_could_not_be_exchanged_is_not_used_up(given: &Given) {
    let session = given.signed_in("ada@example.com", NOW).await;
    let signer = Arc::new(Narrow::default());
    let (tokens, engine) = grants(given, &session, signer.clone());
    let signed_in = signed_in(&tokens, &session).await;
    let challenge = URL_SAFE_NO_PAD.encode(Digest::of_file(VERIFIER.as_bytes()).bytes());
    let asker = Asker {
        client_id: session.client_id.clone(),
        redirect_uri: REDIRECT.to_owned(),
        verifier_hash: Asker::verifier_hash(&challenge).unwrap(),
    };
    let code = engine.give(&asker, &signed_in, &origin()).await.unwrap();
    let exchange = async || {
        let redeem = Redeem {
            code: code.clone(),
            client_id: session.client_id.as_str().to_owned(),
            redirect_uri: REDIRECT.to_owned(),
            code_verifier: SecretString::from(VERIFIER),
        };
        engine.redeem(redeem, &origin()).await
    };
    signer.0.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let refused = exchange().await;
        assert!(matches!(refused, Err(NotRedeemed::Fault(Refusal::Overloaded))), "{refused:?}");
    }
    signer.0.store(false, Ordering::SeqCst);
    let got = exchange().await.unwrap();
    assert_eq!(got.refresh_token.expose_secret(), signed_in.tokens.refresh_token.expose_secret());
    let sessions = given.store.sessions(session.user_id, None, 10, at(2)).await.unwrap().sessions;
    assert_eq!(sessions.len(), 1, "nobody was taken for a thief");
    // Once it has been exchanged, it is in two hands when it comes again.
    assert!(matches!(exchange().await, Err(NotRedeemed::Invalid)));
    assert!(given.store.sessions(session.user_id, None, 10, at(2)).await.unwrap().sessions.is_empty());
}
