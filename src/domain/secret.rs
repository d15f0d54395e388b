//! Values that must not be seen: wiped when dropped, without `Display` or `Serialize`, and redacted in `Debug`.

pub use secrecy::{ExposeSecret, SecretBox as Secret, SecretString};

/// A secret of 256 bits: a key, or the hidden part of a token.
pub type Secret32 = Secret<[u8; 32]>;

/// Wraps 32 bytes so that they are wiped on drop.
#[must_use]
pub fn secret32(bytes: [u8; 32]) -> Secret32 {
    Secret::new(Box::new(bytes))
}
