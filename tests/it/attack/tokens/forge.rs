//! Tokens that the service did not make. Some are signed with its own key, so that only what is attacked can refuse
//! them.

use std::fs;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::support::world::World;

/// A right token and the means to make others of it.
pub(super) struct Forge {
    own: KeyPair,
    foreign: KeyPair,
    /// The key's name.
    pub(super) kid: String,
    /// What the right token says.
    pub(super) claims: Map<String, Value>,
    /// The right token.
    pub(super) token: String,
}

impl Forge {
    /// Signs `email` in and takes its token and the service's key.
    pub(super) async fn new(world: &World, email: &str) -> Self {
        let token = world.server.sign_in(email).await.tokens.unwrap().access_token;
        let parts: Vec<&str> = token.split('.').collect();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
        let Value::Object(claims) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap() else {
            panic!("claims are no object");
        };
        Self {
            own: KeyPair::from_pkcs8(&der(world)).unwrap(),
            foreign: KeyPair::generate(KeySize::Rsa2048).unwrap(),
            kid: header["kid"].as_str().unwrap().to_owned(),
            claims,
            token,
        }
    }

    /// The three parts of the right token.
    pub(super) fn parts(&self) -> [&str; 3] {
        self.token.split('.').collect::<Vec<_>>().try_into().unwrap()
    }

    /// The right header, as a value.
    pub(super) fn header(&self) -> Value {
        json!({"alg": "RS256", "typ": "at+jwt", "kid": self.kid})
    }

    /// The right claims under another header, signed with the service's own key.
    pub(super) fn with_header(&self, header: &str) -> String {
        sign(&self.own, header, &Value::Object(self.claims.clone()).to_string())
    }

    /// Other claims under the right header, signed with the service's own key.
    pub(super) fn with_claims(&self, change: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        sign(&self.own, &self.header().to_string(), &Value::Object(claims).to_string())
    }

    /// Any payload under the right header, signed with the service's own key.
    pub(super) fn with_payload(&self, payload: &str) -> String {
        sign(&self.own, &self.header().to_string(), payload)
    }

    /// The right token, signed with a key that the service does not know.
    pub(super) fn by_a_foreign_key(&self) -> String {
        sign(&self.foreign, &self.header().to_string(), &Value::Object(self.claims.clone()).to_string())
    }
}

fn sign(key: &KeyPair, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn der(world: &World) -> Vec<u8> {
    let pem = fs::read_to_string(world.settings.secrets().join("signing-keys/1.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}
