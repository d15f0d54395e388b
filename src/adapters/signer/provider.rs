//! The cryptography of `jsonwebtoken`, with keys that stay parsed.
//!
//! `jsonwebtoken` parses an RSA key at each signature, which costs more than the signature itself. So its keys are
//! only names here (the key's thumbprint), and the signer and verifier that it asks for find the parsed key by name.
//! A key that has no such name goes the crate's own way.

use arc_swap::ArcSwap;
use aws_lc_rs::{
    rand::SystemRandom,
    rsa,
    signature::{ParsedPublicKey, RSA_PKCS1_SHA256},
};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{self, CryptoProvider, JwtSigner, JwtVerifier},
    errors::{ErrorKind, Result},
    signature::{Error, Signer, Verifier},
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Weak},
};

/// A key, parsed.
pub(super) struct ParsedKey {
    /// Makes signatures.
    pub(super) pair: rsa::KeyPair,
    /// Checks them.
    pub(super) public: ParsedPublicKey,
}

/// Parsed keys by name. A key that nobody holds any more is gone from here too.
type Parsed = HashMap<Box<[u8]>, Weak<ParsedKey>>;

static PARSED: LazyLock<ArcSwap<Parsed>> = LazyLock::new(ArcSwap::default);

static INSTALLED: LazyLock<bool> = LazyLock::new(|| PROVIDER.install_default().is_ok());

static PROVIDER: LazyLock<CryptoProvider> = LazyLock::new(|| CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: crypto::aws_lc::DEFAULT_PROVIDER.key_utils.clone(),
});

/// Makes this the process's cryptography of `jsonwebtoken`; false where something else was faster.
pub(super) fn install() -> bool {
    *INSTALLED
}

/// Makes a parsed key known by its name, and gives the one to hold: the key that is known by that name already, where
/// there is one, so that whoever lets go first does not take it from the other.
pub(super) fn register(name: &str, key: ParsedKey) -> Arc<ParsedKey> {
    let key = Arc::new(key);
    loop {
        PARSED.rcu(|known| {
            let mut known: Parsed = Parsed::clone(known);
            known.retain(|_, key| key.strong_count() > 0);
            known.entry(name.as_bytes().into()).or_insert_with(|| Arc::downgrade(&key));
            known
        });
        // The other holder may let go between the two steps; then the next round puts this key in its place.
        if let Some(known) = find(name.as_bytes()) {
            return known;
        }
    }
}

fn find(name: &[u8]) -> Option<Arc<ParsedKey>> {
    PARSED.load().get(name)?.upgrade()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "jsonwebtoken gives the signature")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if key.family() != AlgorithmFamily::Rsa {
        return (crypto::aws_lc::DEFAULT_PROVIDER.signer_factory)(algorithm, key);
    }
    match (find(key.as_bytes()), algorithm) {
        (Some(key), Algorithm::RS256) => Ok(Box::new(Rs256(key))),
        (Some(_), _) => Err(ErrorKind::InvalidAlgorithm.into()),
        (None, _) => (crypto::aws_lc::DEFAULT_PROVIDER.signer_factory)(algorithm, key),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "jsonwebtoken gives the signature")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let kept = match key.try_get_as_bytes() {
        Ok(name) if key.family() == AlgorithmFamily::Rsa => find(name),
        _ => None,
    };
    match (kept, algorithm) {
        (Some(key), Algorithm::RS256) => Ok(Box::new(Rs256(key))),
        (Some(_), _) => Err(ErrorKind::InvalidAlgorithm.into()),
        (None, _) => (crypto::aws_lc::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
    }
}

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
struct Rs256(Arc<ParsedKey>);

impl Signer<Vec<u8>> for Rs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.0.pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| Error::new())?;
        Ok(signature)
    }
}

impl Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.0.public.verify_sig(message, signature).map_err(|_| Error::new())
    }
}

impl JwtSigner for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
