mod beside;
mod corpus;
mod keys;
mod pool;

use super::{SigningKeys, TokenSigner, generate_pem};
use crate::{
    domain::{
        claims::AccessClaims,
        secret::{ExposeSecret, SecretString},
    },
    ports::signer::Signer as _,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{num::NonZeroUsize, sync::LazyLock};

/// One key for all of these tests: making one takes a moment.
static PEM: LazyLock<SecretString> = LazyLock::new(|| generate_pem().unwrap());

fn keys(pems: &[(&str, &SecretString)]) -> SigningKeys {
    SigningKeys::from_pems(pems.iter().map(|(name, pem)| ((*name).to_owned(), (*pem).clone())).collect()).unwrap()
}

fn signer(keys: SigningKeys) -> TokenSigner {
    TokenSigner::start(keys, NonZeroUsize::new(2).unwrap(), 64).unwrap()
}

fn claims() -> AccessClaims {
    AccessClaims {
        iss: "https://identity.example".to_owned(),
        sub: "018f0000-0000-7000-8000-000000000001".to_owned(),
        aud: vec!["https://api.example".to_owned()],
        exp: 1_900_000_900,
        iat: 1_900_000_000,
        nbf: 1_900_000_000,
        jti: "018f0000-0000-7000-8000-000000000002".to_owned(),
        client_id: "default".to_owned(),
        session_id: "018f0000-0000-7000-8000-000000000003".to_owned(),
        device_id: "phone".to_owned(),
        roles: vec!["viewer".to_owned()],
        amr: vec!["otp".to_owned()],
        acr: "aal1".to_owned(),
        auth_time: 1_900_000_000,
    }
}

async fn token(signer: &TokenSigner) -> String {
    signer.sign(&claims()).await.unwrap().expose_secret().to_owned()
}

fn encoded(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}
