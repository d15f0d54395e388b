//! Proof of work: a challenge that needs no storage, and a law that a caller can follow with SHA-256 alone.
//!
//! A challenge is `pow1.<difficulty>.<expiry>.<nonce>.<mac>`; a proof is a challenge, a full stop and a number, whose
//! SHA-256 begins with as many zero bits as the difficulty says. `docs/proof-of-work.md` tells it to clients.

use super::Difficulty;
use crate::domain::{
    client::ClientId,
    contact::IdentifierKey,
    digest::Digest,
    secret::{Secret32, secret32},
    time::Timestamp,
};
use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;

/// How long a challenge may be answered.
pub const LIFETIME: Duration = Duration::from_mins(2);

/// What every challenge begins with: the version of this law.
const VERSION: &str = "pow1.";

/// The key that challenges are made with, derived from a key file.
pub struct WorkKey(Secret32);

impl WorkKey {
    /// Derives it.
    #[must_use]
    pub fn derive(from: &Secret32) -> Self {
        Self(secret32(*Digest::hmac(from, &[b"identity.v1 proof of work key"]).bytes()))
    }
}

/// Whom a challenge is for: it is worth nothing for another identifier or client application.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The identifier, in its canonical spelling, by keyed hash.
    pub identifier: IdentifierKey,
    /// The client application.
    pub client: &'a ClientId,
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProven {
    /// It has not the form.
    Malformed,
    /// Its challenge is not ours, or for someone else.
    Foreign,
    /// Its challenge has expired.
    Expired,
    /// Its hash has too few zero bits.
    TooLittle,
}

/// A challenge of `nonce`, which is to be drawn at random.
#[must_use]
pub fn challenge(
    key: &WorkKey,
    subject: Subject<'_>,
    difficulty: Difficulty,
    nonce: [u8; 16],
    now: Timestamp,
) -> String {
    let (bits, expiry) = (difficulty.bits(), now.after(LIFETIME).seconds());
    let told = format!("{VERSION}{bits}.{expiry}.{}", URL_SAFE_NO_PAD.encode(nonce));
    let mac = URL_SAFE_NO_PAD.encode(mac(key, subject, &told).bytes());
    format!("{told}.{mac}")
}

/// Whether a text is meant as a proof of work, good or not.
#[must_use]
pub fn is_meant(proof: &str) -> bool {
    proof.starts_with(VERSION)
}

/// Checks a proof; gives what names its challenge, by which its second use is told.
///
/// # Errors
/// Why it does not hold. Whoever has no challenge of ours costs one MAC.
pub fn check(key: &WorkKey, subject: Subject<'_>, proof: &str, now: Timestamp) -> Result<Digest, NotProven> {
    let (challenge, counter) = proof.rsplit_once('.').ok_or(NotProven::Malformed)?;
    let (told, given) = challenge.rsplit_once('.').ok_or(NotProven::Malformed)?;
    let mut fields = told.strip_prefix(VERSION).ok_or(NotProven::Malformed)?.split('.');
    let (Some(bits), Some(expiry), Some(_), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
        return Err(NotProven::Malformed);
    };
    if !is_counter(counter) {
        return Err(NotProven::Malformed);
    }
    let given = URL_SAFE_NO_PAD.decode(given).ok().and_then(|bytes| bytes.try_into().ok());
    if mac(key, subject, told) != Digest::from_bytes(given.ok_or(NotProven::Malformed)?) {
        return Err(NotProven::Foreign);
    }
    // From here on the challenge is one that was given out as it stands.
    let (bits, expiry): (u32, i64) = (number(bits)?, number(expiry)?);
    if now >= Timestamp::from_seconds(expiry) {
        return Err(NotProven::Expired);
    }
    if zero_bits(proof) < bits {
        return Err(NotProven::TooLittle);
    }
    Ok(Digest::sha256(&[b"identity.v1 proof of work", challenge.as_bytes()]))
}

/// How many zero bits the SHA-256 of a text begins with.
#[must_use]
pub fn zero_bits(text: &str) -> u32 {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let zeros = hash.as_ref().iter().take_while(|byte| **byte == 0).count();
    let rest = hash.as_ref().get(zeros).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(zeros).unwrap_or(0) * 8 + rest
}

/// A number has one spelling, so that a challenge has one proof for each number.
fn is_counter(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok_and(|count| count.to_string() == text)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, NotProven> {
    text.parse().map_err(|_| NotProven::Malformed)
}

fn mac(key: &WorkKey, subject: Subject<'_>, told: &str) -> Digest {
    let client = subject.client.as_str().as_bytes();
    let fields: [&[u8]; 4] = [b"identity.v1 proof of work", told.as_bytes(), subject.identifier.0.bytes(), client];
    Digest::hmac(&key.0, &fields)
}

#[cfg(test)]
mod tests;
