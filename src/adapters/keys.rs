//! Symmetric keys that were read from files, and are replaced whole when the files change.

use crate::{
    domain::{
        digest::Digest,
        keyring::KeyRing,
        secret::{ExposeSecret as _, Secret32},
    },
    ports::keys::Keys,
};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// The keys of one reading.
#[derive(Debug)]
pub struct KeyMaterial {
    /// Peppers of code hashes.
    pub peppers: KeyRing,
    /// Keys that seal values at rest.
    pub sealing: KeyRing,
    /// Keys that derive the children of refresh tokens.
    pub refresh: KeyRing,
    /// The key of the blind index.
    pub index: Secret32,
}

/// The new index key is another one: every row would become unreachable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the index key cannot change: it is the key to every row; put the earlier one back")]
pub struct IndexKeyChanged;

/// Keys in force, replaced while requests run. A request that began keeps the keys it began with.
pub struct FileKeys(ArcSwap<Held>);

struct Held {
    peppers: Arc<KeyRing>,
    sealing: Arc<KeyRing>,
    refresh: Arc<KeyRing>,
    index: Arc<Secret32>,
}

impl FileKeys {
    /// Puts the keys in force.
    #[must_use]
    pub fn new(material: KeyMaterial) -> Self {
        Self(ArcSwap::from_pointee(Held::from(material)))
    }

    /// Puts other keys in force, for the requests that begin from now on.
    ///
    /// # Errors
    /// Where the index key differs; the earlier keys then stay in force.
    pub fn replace(&self, material: KeyMaterial) -> Result<(), IndexKeyChanged> {
        let print = |key: &Secret32| Digest::sha256(&[key.expose_secret()]);
        if print(&material.index) != print(&self.0.load().index) {
            return Err(IndexKeyChanged);
        }
        self.0.store(Arc::new(Held::from(material)));
        Ok(())
    }
}

impl From<KeyMaterial> for Held {
    fn from(KeyMaterial { peppers, sealing, refresh, index }: KeyMaterial) -> Self {
        Self {
            peppers: Arc::new(peppers),
            sealing: Arc::new(sealing),
            refresh: Arc::new(refresh),
            index: Arc::new(index),
        }
    }
}

impl Keys for FileKeys {
    fn peppers(&self) -> Arc<KeyRing> {
        self.0.load().peppers.clone()
    }

    fn sealing(&self) -> Arc<KeyRing> {
        self.0.load().sealing.clone()
    }

    fn refresh(&self) -> Arc<KeyRing> {
        self.0.load().refresh.clone()
    }

    fn index(&self) -> Arc<Secret32> {
        self.0.load().index.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        challenge::{Code, Purpose, Scope},
        client::ClientId,
        contact::{Channel, IdentifierKey},
        id::ChallengeId,
        keyring::KeyId,
        secret::secret32,
    };

    fn ring(keys: &[(&str, u8)]) -> KeyRing {
        KeyRing::new(keys.iter().map(|(id, byte)| (KeyId::new(id).unwrap(), secret32([*byte; 32]))).collect()).unwrap()
    }

    fn material(peppers: &[(&str, u8)], index: u8) -> KeyMaterial {
        KeyMaterial {
            peppers: ring(peppers),
            sealing: ring(&[("1", 1)]),
            refresh: ring(&[("1", 2)]),
            index: secret32([index; 32]),
        }
    }

    /// OTP-4: a code made before the rotation is checked by the pepper that its row names.
    #[test]
    fn a_new_pepper_makes_codes_at_once_and_the_old_one_still_checks() {
        let keys = FileKeys::new(material(&[("2026-01", 1)], 9));
        let scope = Scope {
            purpose: Purpose::SignIn,
            channel: Channel::Email,
            client_id: ClientId::new("default").unwrap(),
            identifier_key: IdentifierKey(Digest::from_bytes([5; 32])),
            challenge_id: ChallengeId::new(uuid::Uuid::from_u128(7)),
            salt: [3; 16],
        };
        let code = Code::parse("012345").unwrap();
        let before = keys.peppers();
        let (pepper_id, mac) = (before.newest_id().clone(), scope.mac(before.newest(), &code));

        keys.replace(material(&[("2026-01", 1), ("2026-02", 2)], 9)).unwrap();
        assert_eq!(keys.peppers().newest_id().as_str(), "2026-02");
        assert_eq!(scope.mac(keys.peppers().get(&pepper_id).unwrap(), &code), mac);
        assert_ne!(scope.mac(keys.peppers().newest(), &code), mac);
        // Whoever began earlier goes on with what it has.
        assert_eq!(before.newest_id(), &pepper_id);
    }

    #[test]
    fn another_index_key_changes_nothing() {
        let keys = FileKeys::new(material(&[("1", 1)], 9));
        assert_eq!(keys.replace(material(&[("2", 2)], 8)), Err(IndexKeyChanged));
        assert_eq!(keys.peppers().newest_id().as_str(), "1");
        assert_eq!(keys.index().expose_secret(), &[9; 32]);
    }
}
