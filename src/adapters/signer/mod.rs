//! Signing with keys that are parsed once, on threads of their own.

mod header;
mod keys;
mod pace;
mod pool;
mod provider;

pub use keys::{KeyFault, SigningKeys, generate_pem};

use crate::{
    domain::{
        claims::AccessClaims,
        secret::{ExposeSecret, SecretString},
    },
    ports::signer::{OpenedToken, Opening, PublicKey, Signer, SignerFault, SigningPlace, TokenFlaw},
};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pace::Pace;
use pool::{Check, SigningPool, TakenPlace};
use std::{io, num::NonZeroUsize, sync::Arc};
use tokio::sync::oneshot;

/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 8 * 1024;

/// Signs access tokens as RS256 and checks them.
pub struct TokenSigner {
    keys: Arc<SigningKeys>,
    pool: SigningPool,
    pace: Pace,
}

impl TokenSigner {
    /// A signer with `threads` threads of its own; at most `waiting` tokens wait for them, the next is refused. The
    /// threads end with the signer.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(keys: SigningKeys, threads: NonZeroUsize, waiting: usize) -> io::Result<Self> {
        Ok(Self { keys: Arc::new(keys), pool: SigningPool::start(threads, waiting)?, pace: Pace::new() })
    }
}

#[async_trait]
impl Signer for TokenSigner {
    async fn sign(&self, claims: &AccessClaims) -> Result<SecretString, SignerFault> {
        self.pool.reserve(Arc::clone(self.keys.active()))?.sign(&written(claims)?).await
    }

    fn reserve(&self) -> Result<Box<dyn SigningPlace>, SignerFault> {
        Ok(Box::new(self.pool.reserve(Arc::clone(self.keys.active()))?))
    }

    fn open(&self, token: &str) -> Result<OpenedToken, TokenFlaw> {
        let opened = open(&self.keys, token);
        self.pace.step();
        opened
    }

    fn open_beside(&self, token: &str) -> Option<Opening> {
        if token.len() > MAX_TOKEN || !self.pace.step() {
            return None;
        }
        let (answer, opened) = oneshot::channel();
        let check = || {
            let (keys, token) = (Arc::clone(&self.keys), SecretString::from(token));
            Box::new(move || {
                // A caller that has hung up asks for nothing.
                if !answer.is_closed() {
                    let _ = answer.send(open(&keys, token.expose_secret()));
                }
            }) as Check
        };
        self.pool.check(check).then(|| Box::pin(async move { opened.await.ok() }) as Opening)
    }

    fn public_keys(&self) -> Arc<[PublicKey]> {
        self.keys.public()
    }
}

#[async_trait]
impl SigningPlace for TakenPlace {
    async fn sign(self: Box<Self>, claims: &AccessClaims) -> Result<SecretString, SignerFault> {
        (*self).sign(&written(claims)?).await
    }
}

fn open(keys: &SigningKeys, token: &str) -> Result<OpenedToken, TokenFlaw> {
    if token.len() > MAX_TOKEN {
        return Err(TokenFlaw::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenFlaw::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenFlaw::Malformed)?;
    if payload.contains('.') {
        return Err(TokenFlaw::Malformed);
    }
    // This service's own tokens have the header that it writes; it need not be read to know what it says.
    let key = if let Some(key) = keys.of_header(header) {
        key
    } else {
        let kid = header::key_id(header).ok_or(TokenFlaw::Malformed)?;
        keys.published(&kid).ok_or(TokenFlaw::Signature)?
    };
    if !key.verifies(message.as_bytes(), signature) {
        return Err(TokenFlaw::Signature);
    }
    // From here on the bytes are this service's own.
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenFlaw::Malformed)?;
    let claims = serde_json::from_slice(&payload).map_err(|_| TokenFlaw::Malformed)?;
    Ok(OpenedToken { key_id: Arc::clone(key.id()), claims })
}

fn written(claims: &AccessClaims) -> Result<Vec<u8>, SignerFault> {
    serde_json::to_vec(claims).map_err(|_| SignerFault::Failed)
}

#[cfg(test)]
mod tests;
