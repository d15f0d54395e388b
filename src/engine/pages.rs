//! What the pages for people keep in a browser: sealed, so that the browser can neither read nor change it.

use super::{answers::Repeatable, fault};
use crate::{
    domain::{
        client::{Client, Clients},
        digest::Digest,
        keyring::KeyId,
        refusal::Refusal,
        sealed::{Place, Sealed, open, seal},
        secret::{ExposeSecret as _, Secret},
        time::Timestamp,
    },
    ports::{clock::Clock, entropy::Entropy, keys::Keys},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;
use zeroize::Zeroizing;

/// What the desk works with.
pub struct PageParts {
    /// Sealing keys and the index key.
    pub keys: Arc<dyn Keys>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where nonces and names of devices come from.
    pub entropy: Arc<dyn Entropy>,
    /// The registered client applications.
    pub clients: Arc<Clients>,
}

/// Seals and opens what a browser keeps, and tells the pages the time.
pub struct PageDesk {
    parts: PageParts,
}

/// A value and the time until which it counts, whatever the browser does with it.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    until: i64,
    value: T,
}

impl PageDesk {
    /// A desk of the parts.
    #[must_use]
    pub const fn new(parts: PageParts) -> Self {
        Self { parts }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// A name for a browser that has none yet.
    #[must_use]
    pub fn new_device_id(&self) -> String {
        self.parts.entropy.uuid().to_string()
    }

    /// A registered client application; the default where the name is empty.
    #[must_use]
    pub fn client(&self, client_id: &str) -> Option<&Client> {
        self.parts.clients.find(client_id)
    }

    /// Every URI that a client application may be led back to.
    pub fn redirect_uris(&self) -> impl Iterator<Item = &str> {
        self.parts.clients.redirect_uris()
    }

    /// Seals `value` for `lifetime` under the newest sealing key, each with a key of its own: it is derived for `name` and
    /// for a random mark that the text carries. What was sealed under one name or mark does not open under another. The text
    /// is of `A-Z a-z 0-9 - _ .`.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the value cannot be written.
    pub fn seal(&self, name: &'static str, value: &impl Serialize, lifetime: Duration) -> Result<String, Refusal> {
        let kept = Kept { until: self.now().after(lifetime).micros(), value };
        let plain = Zeroizing::new(serde_json::to_vec(&kept).map_err(|_| Refusal::Internal)?);
        let mark = self.parts.entropy.bytes16();
        let place = Place { column: name, row: &mark };
        let Sealed { key_id, bytes } = seal(&self.parts.keys.sealing(), place, self.parts.entropy.nonce(), &plain)
            .map_err(|fault| fault::seal(&fault))?;
        Ok([key_id.as_str().as_bytes(), &mark, &bytes].map(|part| URL_SAFE_NO_PAD.encode(part)).join("."))
    }

    /// Opens what was sealed under `name`; `None` for anything else, for what is too old, and where its key is gone.
    #[must_use]
    pub fn open<T: DeserializeOwned>(&self, name: &'static str, text: &str) -> Option<T> {
        let mut parts = text.splitn(3, '.').map(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let [key_id, mark, bytes] = [(); 3].map(|()| parts.next().flatten());
        let key_id = KeyId::new(&String::from_utf8(key_id?).ok()?)?;
        let mark: [u8; 16] = mark?.try_into().ok()?;
        let place = Place { column: name, row: &mark };
        let plain = open(&self.parts.keys.sealing(), place, &Sealed { key_id, bytes: bytes? }).ok()?;
        let kept: Kept<T> = serde_json::from_slice(plain.expose_secret()).ok()?;
        (self.now() < Timestamp::from_micros(kept.until)).then_some(kept.value)
    }

    /// The id of a call that is the same call each time it says the same: a form that is sent twice is answered alike.
    #[must_use]
    pub fn call_id(&self, said: &[&[u8]]) -> Uuid {
        let digest = Digest::hmac(&self.parts.keys.index(), &[&[&b"identity.v1 page call"[..]], said].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.bytes()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// What makes a form repeatable, of everything that it says.
    #[must_use]
    pub fn repeatable(&self, said: &[&[u8]]) -> Repeatable {
        Repeatable { request_id: self.call_id(said), encoded: Secret::new(Box::new(said.concat())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        client::{Client, ClientId},
        keyring::KeyRing,
        secret::{Secret32, secret32},
    };
    use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

    struct Fake {
        now: AtomicI64,
        draws: AtomicU8,
        ring: Arc<KeyRing>,
    }

    impl Clock for Fake {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(self.now.load(Ordering::Relaxed))
        }
    }

    impl Entropy for Fake {
        fn bytes32(&self) -> [u8; 32] {
            [self.draws.fetch_add(1, Ordering::Relaxed); 32]
        }

        fn below(&self, _: u64) -> u64 {
            0
        }

        fn uuid(&self) -> Uuid {
            Uuid::from_u128(1)
        }
    }

    impl Keys for Fake {
        fn peppers(&self) -> Arc<KeyRing> {
            Arc::clone(&self.ring)
        }

        fn sealing(&self) -> Arc<KeyRing> {
            Arc::clone(&self.ring)
        }

        fn refresh(&self) -> Arc<KeyRing> {
            Arc::clone(&self.ring)
        }

        fn index(&self) -> Arc<Secret32> {
            Arc::new(secret32([3; 32]))
        }
    }

    fn desk() -> (Arc<Fake>, PageDesk) {
        let ring = KeyRing::new([(KeyId::new("1").unwrap(), secret32([1; 32]))].into()).unwrap();
        let fake = Arc::new(Fake { now: AtomicI64::new(100), draws: AtomicU8::new(0), ring: Arc::new(ring) });
        let client = Client {
            client_id: ClientId::new("shop").unwrap(),
            display_name: "Shop".to_owned(),
            audiences: vec!["shop".to_owned()],
            redirect_uris: Vec::new(),
        };
        let clients = Arc::new(Clients::new(vec![client]).unwrap());
        let parts = PageParts { keys: fake.clone(), clock: fake.clone(), entropy: fake.clone(), clients };
        (fake, PageDesk::new(parts))
    }

    #[test]
    fn what_is_kept_opens_under_its_name_in_its_time_and_unchanged() {
        let (fake, desk) = desk();
        let text = desk.seal("page sign-in", &"hello", Duration::from_secs(10)).unwrap();
        assert!(text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c)), "{text}");
        assert_eq!(desk.open::<String>("page sign-in", &text).as_deref(), Some("hello"));
        assert_eq!(desk.open::<String>("page session", &text), None, "another name");
        assert_eq!(desk.open::<u32>("page sign-in", &text), None, "another form");
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(desk.open::<String>("page sign-in", &forged), None, "{at}");
        }
        fake.now.store(110, Ordering::Relaxed);
        assert_eq!(desk.open::<String>("page sign-in", &text), None, "too old");
    }

    #[test]
    fn parts_of_one_text_open_in_no_other() {
        let (_, desk) = desk();
        let seal = |name, value: &str| desk.seal(name, &value, Duration::from_secs(10)).unwrap();
        let [one, other, session] =
            [seal("page sign-in", "one"), seal("page sign-in", "other"), seal("page session", "one")];
        let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (whose, marked) in [(&one, &other), (&other, &one), (&session, &one), (&one, &session)] {
            let (whose, marked) = (parts(whose), parts(marked));
            assert_eq!((whose.len(), whose[1] == marked[1]), (3, false), "each has a mark of its own");
            let swapped = format!("{}.{}.{}", whose[0], marked[1], whose[2]);
            for name in ["page sign-in", "page session"] {
                assert_eq!(desk.open::<String>(name, &swapped), None, "{name}");
            }
        }
        let short = parts(&one);
        for text in ["", ".", "..", &short[..2].join("."), &format!("{one}.{}", short[2])] {
            assert_eq!(desk.open::<String>("page sign-in", text), None, "{text}");
        }
    }

    #[test]
    fn the_same_form_is_the_same_call() {
        let (_, desk) = desk();
        assert_eq!(desk.call_id(&[b"a", b"b"]), desk.call_id(&[b"a", b"b"]));
        assert_ne!(desk.call_id(&[b"a", b"b"]), desk.call_id(&[b"ab"]));
    }
}
