//! Keyed and plain hashes over length-prefixed fields, so that no two lists of fields hash alike.

use super::secret::{ExposeSecret, Secret32};
use aws_lc_rs::{constant_time, digest, hmac};
use std::{
    fmt,
    hash::{Hash, Hasher},
};

/// 256 bits of SHA-256 or HMAC-SHA-256.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps the bytes of a digest, such as one read from a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the fields.
    #[must_use]
    pub fn sha256(fields: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for_each_part(fields, |part| context.update(part));
        Self::from_slice(context.finish().as_ref())
    }

    /// SHA-256 of the bytes alone, as `sha256sum` tells it of a file.
    #[must_use]
    pub fn of_file(bytes: &[u8]) -> Self {
        Self::from_slice(digest::digest(&digest::SHA256, bytes).as_ref())
    }

    /// HMAC-SHA-256 of the fields under `key`.
    #[must_use]
    pub fn hmac(key: &Secret32, fields: &[&[u8]]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret());
        let mut context = hmac::Context::with_key(&key);
        for_each_part(fields, |part| context.update(part));
        Self::from_slice(context.sign().as_ref())
    }

    /// Lower-case hexadecimal, 64 characters.
    #[must_use]
    pub fn hex(&self) -> String {
        // Several are written for each request of a code, and the formatter takes a microsecond for one.
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    fn from_slice(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(bytes);
        Self(out)
    }
}

impl PartialEq for Digest {
    /// Takes the same time wherever the first difference is.
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

fn for_each_part(fields: &[&[u8]], mut update: impl FnMut(&[u8])) {
    for field in fields {
        update(&(field.len() as u64).to_be_bytes());
        update(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::secret32;

    #[test]
    fn hexadecimal_is_lower_case_and_whole() {
        let bytes: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 8 + 7).unwrap());
        let hex = Digest::from_bytes(bytes).hex();
        assert_eq!(hex, "070f171f272f373f474f575f676f777f878f979fa7afb7bfc7cfd7dfe7eff7ff");
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let key = secret32([7; 32]);
        assert_ne!(Digest::hmac(&key, &[b"ab", b"c"]), Digest::hmac(&key, &[b"a", b"bc"]));
        assert_ne!(Digest::sha256(&[b"ab"]), Digest::sha256(&[b"ab", b""]));
    }
}
