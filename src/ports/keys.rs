//! The symmetric keys, which may be replaced while the service runs.

use crate::domain::{keyring::KeyRing, secret::Secret32};
use std::sync::Arc;

/// Gives the keys that are in force now. A caller keeps what it got for one request only.
pub trait Keys: Send + Sync {
    /// Peppers of code hashes.
    fn peppers(&self) -> Arc<KeyRing>;

    /// Keys that seal values at rest.
    fn sealing(&self) -> Arc<KeyRing>;

    /// Keys that derive the children of refresh tokens.
    fn refresh(&self) -> Arc<KeyRing>;

    /// The key of the blind index over identifiers; it cannot rotate without rewriting the index.
    fn index(&self) -> Arc<Secret32>;
}
