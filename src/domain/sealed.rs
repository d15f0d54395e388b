//! Values at rest, encrypted with AES-256-GCM and bound to the row that holds them.

use super::{
    digest::Digest,
    keyring::{KeyId, KeyRing},
    secret::{Secret, Secret32},
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// A sealed value: which key sealed it, and nonce ‖ ciphertext ‖ tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The key of the sealing ring.
    pub key_id: KeyId,
    /// 12 bytes of nonce, the ciphertext, 16 bytes of tag.
    pub bytes: Vec<u8>,
}

/// The value cannot be opened: its key is gone, or it is not the value that was sealed for this place.
#[derive(Debug, thiserror::Error)]
#[error("sealed value cannot be opened in this place")]
pub struct CannotOpen;

/// The place a sealed value belongs to: the column, and the row's id. A value copied elsewhere does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Table and column, such as `users.email`.
    pub column: &'a str,
    /// The row's primary key.
    pub row: &'a [u8],
}

/// Seals `plain` for `place` under the ring's newest key. `nonce` is fresh randomness.
///
/// Each place has a key of its own, derived from the ring's, so that the number of values sealed under one key stays
/// far from the 2^32 at which random nonces of 96 bits become doubtful (NIST SP 800-38D section 8.3).
///
/// # Errors
/// Where the cipher refuses the length (over 64 GiB).
pub fn seal(ring: &KeyRing, place: Place<'_>, nonce: [u8; 12], plain: &[u8]) -> Result<Sealed, CannotOpen> {
    let key = place_key(ring.newest(), place)?;
    let mut bytes = Vec::with_capacity(12 + plain.len() + 16);
    bytes.extend_from_slice(&nonce);
    let mut body = plain.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut body)
        .map_err(|_| CannotOpen)?;
    bytes.extend_from_slice(&body);
    Ok(Sealed { key_id: ring.newest_id().clone(), bytes })
}

/// Opens a value that was sealed for `place`.
///
/// # Errors
/// Where the key has been retired, or the bytes were not sealed for this place.
pub fn open(ring: &KeyRing, place: Place<'_>, sealed: &Sealed) -> Result<Secret<Vec<u8>>, CannotOpen> {
    let key = place_key(ring.get(&sealed.key_id).ok_or(CannotOpen)?, place)?;
    let (nonce, body) = sealed.bytes.split_first_chunk::<12>().ok_or(CannotOpen)?;
    let mut body = body.to_vec();
    let plain =
        key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut body).map_err(|_| CannotOpen)?.len();
    body.truncate(plain);
    Ok(Secret::new(Box::new(body)))
}

fn place_key(key: &Secret32, place: Place<'_>) -> Result<LessSafeKey, CannotOpen> {
    let derived = Digest::hmac(key, &[b"identity.v1 seal", place.column.as_bytes(), place.row]);
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, derived.bytes()).map_err(|_| CannotOpen)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::{ExposeSecret, secret32};

    #[test]
    fn opens_only_in_its_place() {
        let ring = KeyRing::new([(KeyId::new("a").unwrap(), secret32([1; 32]))].into()).unwrap();
        let place = Place { column: "users.email", row: b"1" };
        let sealed = seal(&ring, place, [9; 12], b"ada@example.com").unwrap();
        assert_eq!(open(&ring, place, &sealed).unwrap().expose_secret(), b"ada@example.com");
        assert!(open(&ring, Place { column: "users.email", row: b"2" }, &sealed).is_err());
        let mut changed = sealed;
        changed.bytes[14] ^= 1;
        assert!(open(&ring, place, &changed).is_err());
    }
}
