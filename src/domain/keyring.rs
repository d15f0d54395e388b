//! Keys that rotate: the newest makes, all of them check.

use super::{
    digest::Digest,
    secret::{ExposeSecret as _, Secret32},
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Names a key within its ring: the file's name, 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// Takes a name of 1 to 64 of the permitted characters; `None` for any other.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let permitted = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_' | b'.');
        ((1..=64).contains(&name.len()) && name.bytes().all(permitted)).then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of 256-bit keys by name. The last name in byte order is the newest, which is why files are named by date.
#[derive(Debug)]
pub struct KeyRing {
    newest: KeyId,
    keys: BTreeMap<KeyId, Secret32>,
}

/// Whether two keys differ.
#[must_use]
pub fn is_another(one: &Secret32, other: &Secret32) -> bool {
    let print = |key: &Secret32| Digest::sha256(&[key.expose_secret()]);
    print(one) != print(other)
}

impl KeyRing {
    /// A ring of the keys; `None` where there is none.
    #[must_use]
    pub fn new(keys: BTreeMap<KeyId, Secret32>) -> Option<Self> {
        let newest = keys.last_key_value()?.0.clone();
        Some(Self { newest, keys })
    }

    /// The name of the key that makes new values.
    #[must_use]
    pub const fn newest_id(&self) -> &KeyId {
        &self.newest
    }

    /// The key that makes new values.
    #[must_use]
    pub fn newest(&self) -> &Secret32 {
        &self.keys[&self.newest]
    }

    /// A key by name; `None` where it has been retired.
    #[must_use]
    pub fn get(&self, id: &KeyId) -> Option<&Secret32> {
        self.keys.get(id)
    }

    /// The names under which `later` holds another key than this ring. A name that only one of them has is none.
    pub fn replaced_in<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = &'a KeyId> {
        let replaced = move |id: &KeyId, key| later.get(id).is_some_and(|now| is_another(now, key));
        self.keys.iter().filter(move |(id, key)| replaced(id, key)).map(|(id, _)| id)
    }

    /// Every key, newest first.
    pub fn iter(&self) -> impl Iterator<Item = (&KeyId, &Secret32)> {
        self.keys.iter().rev()
    }
}
