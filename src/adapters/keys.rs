//! Symmetric keys that were read from files, and are replaced whole when the files change.

use crate::{
    domain::{
        keyring::{KeyId, KeyRing, is_another},
        secret::Secret32,
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

/// A key that is another one than before under the same name: what the earlier one made would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplacedKey {
    /// The index key: every row would become unreachable.
    Index,
    /// A key of the ring by the name of its folder, such as `sealing`.
    InRing(&'static str, KeyId),
}

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

    /// Puts other keys in force, for the requests that begin from now on. Gives the names of those that came and went, such
    /// as `+peppers/2` and `-peppers/1`.
    ///
    /// # Errors
    /// Every key that differs under its name; the earlier keys then stay in force.
    pub fn replace(&self, material: KeyMaterial) -> Result<Vec<String>, Vec<ReplacedKey>> {
        let held = self.0.load();
        let rings = [
            ("peppers", &held.peppers, &material.peppers),
            ("sealing", &held.sealing, &material.sealing),
            ("refresh", &held.refresh, &material.refresh),
        ];
        let in_rings = rings
            .into_iter()
            .flat_map(|(ring, held, read)| held.replaced_in(read).map(move |id| ReplacedKey::InRing(ring, id.clone())));
        let index = is_another(&material.index, &held.index).then_some(ReplacedKey::Index);
        let replaced: Vec<_> = in_rings.chain(index).collect();
        if !replaced.is_empty() {
            return Err(replaced);
        }
        let changes = rings.into_iter().flat_map(|(ring, held, read)| changes(ring, held, read)).collect();
        self.0.store(Arc::new(Held::from(material)));
        Ok(changes)
    }
}

/// The names of the keys of a ring that came and went.
fn changes(ring: &'static str, held: &KeyRing, read: &KeyRing) -> impl Iterator<Item = String> {
    let only_in = |one: &KeyRing, other: &KeyRing, sign: char| -> Vec<String> {
        let ids = one.iter().filter(|(id, _)| other.get(id).is_none());
        ids.map(|(id, _)| format!("{sign}{ring}/{id}")).collect()
    };
    only_in(read, held, '+').into_iter().chain(only_in(held, read, '-'))
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
        digest::Digest,
        id::ChallengeId,
        secret::{ExposeSecret as _, secret32},
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

        let changes = keys.replace(material(&[("2026-01", 1), ("2026-02", 2)], 9)).unwrap();
        assert_eq!(changes, ["+peppers/2026-02"]);
        assert_eq!(keys.peppers().newest_id().as_str(), "2026-02");
        assert_eq!(scope.mac(keys.peppers().get(&pepper_id).unwrap(), &code), mac);
        assert_ne!(scope.mac(keys.peppers().newest(), &code), mac);
        // Whoever began earlier goes on with what it has.
        assert_eq!(before.newest_id(), &pepper_id);
    }

    #[test]
    fn another_key_under_the_same_name_changes_nothing() {
        let keys = FileKeys::new(material(&[("1", 1)], 9));
        assert_eq!(keys.replace(material(&[("2", 2)], 8)), Err(vec![ReplacedKey::Index]));
        let mut read = material(&[("1", 7), ("2", 2)], 9);
        read.refresh = ring(&[("1", 7)]);
        let replaced = ["peppers", "refresh"].map(|ring| ReplacedKey::InRing(ring, KeyId::new("1").unwrap()));
        assert_eq!(keys.replace(read), Err(replaced.into()));
        assert_eq!(keys.peppers().newest_id().as_str(), "1");
        assert_eq!(keys.peppers().newest().expose_secret(), &[1; 32]);
        assert_eq!(keys.index().expose_secret(), &[9; 32]);
    }
}
