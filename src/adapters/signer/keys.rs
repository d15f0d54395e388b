//! Signing keys: read, named, published.

use super::{
    header,
    provider::{self, ParsedKey},
};
use crate::{
    domain::secret::{ExposeSecret, SecretString},
    ports::signer::PublicKey,
};
use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, crypto,
    jwk::{AlgorithmParameters, Jwk, ThumbprintHash},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use std::{collections::HashMap, sync::Arc};
use zeroize::{Zeroize as _, Zeroizing};

/// Signing keys that cannot be used. The text names the key's file and the remedy, never what is in it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyFault {
    /// There is no key at all.
    #[error("there is no signing key; make one with `{MAKE}`")]
    None,
    /// The file is of another form.
    #[error(
        "{0}: not exactly one private key in PKCS#8 PEM (`BEGIN PRIVATE KEY`); convert a key of another form with \
         `openssl pkcs8 -topk8 -nocrypt -in <file>`"
    )]
    Form(String),
    /// The key is of another kind or strength.
    #[error("{0}: not an RSA key of 2048 to 8192 bits; make one with `{MAKE}`")]
    Kind(String),
    /// Two files hold the same key.
    #[error("{0} and {1} hold the same key; delete one of them")]
    Twice(String, String),
    /// The cryptography refuses.
    #[error("the process's cryptography of jsonwebtoken was chosen elsewhere; nothing else may install a provider")]
    Provider,
    /// No key could be made.
    #[error("no signing key could be generated")]
    Generate,
}

const MAKE: &str = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out <file>";

/// The keys that access tokens are signed with and checked by: all of them are published, the newest signs.
pub struct SigningKeys {
    active: Arc<SigningKey>,
    keys: HashMap<Arc<str>, Arc<SigningKey>>,
    public: Arc<[PublicKey]>,
}

impl SigningKeys {
    /// The keys of PKCS#8 PEM texts, each with the name of its file. The last name in byte order is the newest, which
    /// is why files are named by date.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub fn from_pems(mut pems: Vec<(String, SecretString)>) -> Result<Self, KeyFault> {
        if !provider::install() {
            return Err(KeyFault::Provider);
        }
        pems.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut keys: Vec<(String, Arc<SigningKey>)> = Vec::with_capacity(pems.len());
        for (name, pem) in pems {
            let key = Arc::new(SigningKey::from_pem(&name, &pem)?);
            if let Some((earlier, _)) = keys.iter().find(|(_, other)| other.public.kid == key.public.kid) {
                return Err(KeyFault::Twice(earlier.clone(), name));
            }
            keys.push((name, key));
        }
        let (_, active) = keys.last().ok_or(KeyFault::None)?;
        Ok(Self {
            active: Arc::clone(active),
            public: keys.iter().rev().map(|(_, key)| key.public.clone()).collect(),
            keys: keys.into_iter().map(|(_, key)| (Arc::clone(&key.id), key)).collect(),
        })
    }

    /// The key that signs.
    pub(super) const fn active(&self) -> &Arc<SigningKey> {
        &self.active
    }

    /// The published key of that thumbprint.
    pub(super) fn published(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.get(kid).map(Arc::as_ref)
    }

    /// The key whose tokens have that header, to the letter.
    pub(super) fn of_header(&self, header: &str) -> Option<&SigningKey> {
        self.keys.values().map(Arc::as_ref).find(|key| key.header == header)
    }

    /// The public keys, the one that signs first.
    pub(super) fn public(&self) -> Arc<[PublicKey]> {
        Arc::clone(&self.public)
    }
}

/// One key.
pub(super) struct SigningKey {
    id: Arc<str>,
    header: String,
    public: PublicKey,
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// Held so that the provider finds it.
    _parsed: Arc<ParsedKey>,
}

impl SigningKey {
    fn from_pem(name: &str, pem: &SecretString) -> Result<Self, KeyFault> {
        let form = || KeyFault::Form(name.to_owned());
        let unfit = || KeyFault::Kind(name.to_owned());
        let mut found = PrivatePkcs8KeyDer::pem_slice_iter(pem.expose_secret().as_bytes());
        let mut der = found.next().ok_or_else(form)?.map_err(|_| form())?;
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der());
        der.zeroize();
        if let Some(another) = found.next() {
            another.map_err(|_| form())?.zeroize();
            return Err(form());
        }
        let pair = pair.map_err(|_| unfit())?;
        let der = pair.public_key().as_ref();
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| unfit())?;
        let jwk =
            Jwk::from_decoding_key(&DecodingKey::from_rsa_der(der), Some(Algorithm::RS256)).map_err(|_| unfit())?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| unfit())?;
        let AlgorithmParameters::RSA(parts) = jwk.algorithm else { return Err(unfit()) };
        let parsed = provider::register(&kid, ParsedKey { pair, public: parsed });
        Ok(Self {
            id: Arc::from(kid.as_str()),
            header: header::encode(&kid).map_err(|_| unfit())?,
            encoding: EncodingKey::from_rsa_der(kid.as_bytes()),
            decoding: DecodingKey::from_rsa_der(kid.as_bytes()),
            public: PublicKey { kty: "RSA", usage: "sig", alg: "RS256", kid, n: parts.n, e: parts.e },
            _parsed: parsed,
        })
    }

    /// The key's thumbprint (RFC 7638).
    pub(super) const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// The encoded header of the tokens that it signs.
    pub(super) fn header(&self) -> &str {
        &self.header
    }

    /// The encoded signature of `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Option<String> {
        crypto::sign(message, &self.encoding, Algorithm::RS256).ok()
    }

    /// Whether `signature`, in base64url without padding, is this key's of `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        crypto::verify(signature, message, &self.decoding, Algorithm::RS256).unwrap_or(false)
    }
}

/// A new RSA key of 2048 bits in PKCS#8 PEM. It takes up to a few hundred milliseconds of one processor.
///
/// # Errors
/// [`KeyFault::Generate`].
pub fn generate_pem() -> Result<SecretString, KeyFault> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyFault::Generate)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyFault::Generate)?;
    let body = Zeroizing::new(STANDARD.encode(der.as_ref()));
    let mut pem = String::with_capacity(body.len() + body.len() / 64 + 64);
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(SecretString::from(pem))
}
