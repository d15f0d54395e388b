//! Access tokens that the server has never seen, signed with its own key: to ask about each of them once takes more than
//! it can give out in the same time.

use std::thread;

use anyhow::Context as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

/// So many tokens like `sample`, each with an id of its own.
pub(crate) fn like(sample: &str, key_pem: &str, count: usize) -> anyhow::Result<Vec<String>> {
    let body: String = key_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = KeyPair::from_pkcs8(&STANDARD.decode(body)?).ok().context("the signing key cannot be read")?;
    let mut parts = sample.split('.');
    let header = parts.next().context("the sample is no token")?;
    let claims = URL_SAFE_NO_PAD.decode(parts.next().context("the sample is no token")?)?;
    let claims: Value = serde_json::from_slice(&claims)?;
    let make = |range: std::ops::Range<usize>| -> Vec<String> {
        range.map(|number| one(&key, header, claims.clone(), number)).collect()
    };
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(|| make(count / 2..count));
        (make(0..count / 2), other.join().unwrap())
    });
    Ok([first, second].concat())
}

fn one(key: &KeyPair, header: &str, mut claims: Value, number: usize) -> String {
    claims["jti"] = Value::from(format!("{number:08x}-0000-7000-8000-000000000000"));
    let mut token = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut signature = [0; 256];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature).unwrap();
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}
