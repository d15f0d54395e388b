//! Signing and checking access tokens.

use crate::domain::{claims::AccessClaims, secret::SecretString};
use async_trait::async_trait;
use std::{future::Future, pin::Pin, sync::Arc};

/// The signer cannot sign.
#[derive(Debug, thiserror::Error)]
pub enum SignerFault {
    /// More tokens are waiting than the queue holds.
    #[error("the signing queue is full")]
    Overloaded,
    /// The key does not sign.
    #[error("signing failed")]
    Failed,
}

/// A public key as a JSON Web Key (RFC 7517); private members do not exist here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PublicKey {
    /// Key type.
    pub kty: &'static str,
    /// Use.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// Algorithm.
    pub alg: &'static str,
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// RSA modulus, base64url without padding.
    pub n: String,
    /// RSA exponent, base64url without padding.
    pub e: String,
}

/// Why a token's header, signature or form does not hold. Claims are judged by the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFlaw {
    /// Not a JWT of the pinned header: other algorithm or type, remote key members, `crit`, not UTF-8, too long.
    Malformed,
    /// Not signed by a published key, or changed since.
    Signature,
}

/// A token whose header and signature hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedToken {
    /// The `kid` of the key that signed it.
    pub key_id: Arc<str>,
    /// What it says.
    pub claims: AccessClaims,
}

/// What [`Signer::open`] gives, later; nothing where the thread that was to open the token has ended.
pub type Opening = Pin<Box<dyn Future<Output = Option<Result<OpenedToken, TokenFlaw>>> + Send>>;

/// Signs and checks access tokens with keys that it holds parsed.
#[async_trait]
pub trait Signer: Send + Sync {
    /// A compact JWS (RFC 7515) of the claims with `typ` `at+jwt`, signed off the asynchronous threads.
    /// Where too many are waiting this is told when the future is first asked; what was taken on then is signed without
    /// its being asked again.
    async fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignerFault>;

    /// A place among those that wait for a signature, for claims that are known later: taken before a step that cannot
    /// be undone, so that no want of room is told after it.
    ///
    /// # Errors
    /// [`SignerFault::Overloaded`] where too many are waiting.
    fn reserve(&self) -> Result<Box<dyn SigningPlace>, SignerFault>;

    /// A token whose header and signature hold, opened. No I/O, whatever the header says.
    ///
    /// # Errors
    /// The flaw.
    fn open(&self, token: &str) -> Result<OpenedToken, TokenFlaw>;

    /// The same beside the caller's thread, where many ask at once and another has nothing to do; else nothing is begun.
    fn open_beside(&self, _token: &str) -> Option<Opening> {
        None
    }

    /// The keys that are published, and so accepted, now.
    fn public_keys(&self) -> Arc<[PublicKey]>;
}

/// A place that waits for its claims. Dropped, it is free again.
#[async_trait]
pub trait SigningPlace: Send {
    /// What [`Signer::sign`] gives, by the key that was active when the place was taken. There is room for it.
    async fn sign(self: Box<Self>, claims: &AccessClaims) -> Result<SecretString, SignerFault>;
}
