//! One request for a code: its scope, its codes, its end.

use super::{
    client::ClientId,
    contact::{Channel, IdentifierKey},
    digest::Digest,
    id::ChallengeId,
    keyring::KeyId,
    link::{Link, LinkState},
    sealed::Sealed,
    secret::{ExposeSecret, Secret32, SecretString},
    time::Timestamp,
    user::User,
};

/// The column that holds a challenge's sealed destination.
pub const CHALLENGE_DESTINATION: &str = "challenges.destination";

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Signing in.
    SignIn,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::SignIn];

    /// The name in stores, audit and hashes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
        }
    }
}

/// A one-time code: decimal digits, leading zeros kept.
#[derive(Debug)]
pub struct Code(SecretString);

impl Code {
    /// The code for a number drawn uniformly below 10^`length`.
    #[must_use]
    pub fn from_draw(number: u64, length: u8) -> Self {
        Self(SecretString::from(format!("{number:0width$}", width = usize::from(length))))
    }

    /// Reads what a person typed; `None` unless it is 6 to 10 ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ((6..=10).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit()))
            .then(|| Self(text.to_owned().into()))
    }

    /// The digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Everything a code is bound to: it matches under this scope alone.
#[derive(Clone, Debug)]
pub struct Scope {
    /// What the code is good for.
    pub purpose: Purpose,
    /// How it travelled.
    pub channel: Channel,
    /// The client application.
    pub client_id: ClientId,
    /// Whose it is.
    pub identifier_key: IdentifierKey,
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// Random bytes of this challenge, and so of this user.
    pub salt: [u8; 16],
}

impl Scope {
    /// What is stored of a code: HMAC-SHA-256 under the pepper over the scope, the salt and the code.
    #[must_use]
    pub fn mac(&self, pepper: &Secret32, code: &Code) -> Digest {
        self.mac_of(pepper, b"identity.v1 code", code.digits().as_bytes())
    }

    /// The keyed hash of a secret of that kind.
    pub(super) fn mac_of(&self, pepper: &Secret32, kind: &[u8], secret: &[u8]) -> Digest {
        Digest::hmac(
            pepper,
            &[
                kind,
                self.purpose.as_str().as_bytes(),
                self.channel.as_str().as_bytes(),
                self.client_id.as_str().as_bytes(),
                self.identifier_key.0.bytes(),
                self.challenge_id.uuid().as_bytes(),
                &self.salt,
                secret,
            ],
        )
    }
}

/// A code as it is stored.
#[derive(Clone, Debug)]
pub struct LiveCode {
    /// The keyed hash.
    pub mac: Digest,
    /// The pepper that made it.
    pub pepper_id: KeyId,
    /// From this time on it is no longer good.
    pub expire_time: Timestamp,
}

/// A challenge as the store keeps it.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// What its codes are bound to.
    pub scope: Scope,
    /// Where its codes go, sealed in the place `CHALLENGE_DESTINATION`.
    pub destination: Sealed,
    /// The person's language.
    pub locale: String,
    /// SHA-256 of the binding secret.
    pub binding_hash: Digest,
    /// How many digits its codes have; 0 where it has a link alone.
    pub code_length: u8,
    /// How many attempts it allows.
    pub max_attempts: u32,
    /// How many attempts have been charged.
    pub attempts: u32,
    /// When it began.
    pub create_time: Timestamp,
    /// From this time on a further code may be sent.
    pub resend_time: Timestamp,
    /// When its newest code stops working, or its newest link where it has a link alone.
    pub expire_time: Timestamp,
    /// Whether one of its codes or links has been used, or it was ended.
    pub used: bool,
    /// Its links, where it has any.
    pub link: Option<Box<Link>>,
}

impl Challenge {
    /// Whether a further code or link may be sent at that time. What a person has approved or rejected is over for
    /// everybody but whoever collects it: no message prolongs it.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        let decided = self.link.as_ref().is_some_and(|link| link.state != LinkState::Pending);
        !self.used && !decided && now < self.expire_time
    }
}

/// An attempt that has been charged and may now be compared.
#[derive(Clone, Debug)]
pub struct ChargedAttempt {
    /// The challenge, this attempt counted.
    pub challenge: Challenge,
    /// Its codes that have not expired, newest first, at most three.
    pub live_codes: Vec<LiveCode>,
    /// The user of the identifier, where there is one.
    pub user: Option<User>,
    /// If it fails, nothing more is evaluated before this time.
    pub locked_until: Option<Timestamp>,
    /// How many failures in a row it makes, if it fails.
    pub failures: u32,
    /// The counter that it was charged to: the identifier's, or a known device's own.
    pub counter_key: Digest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::secret32;
    use uuid::Uuid;

    fn scope(channel: Channel) -> Scope {
        Scope {
            purpose: Purpose::SignIn,
            channel,
            client_id: ClientId::new("default").unwrap(),
            identifier_key: IdentifierKey(Digest::sha256(&[b"ada"])),
            challenge_id: ChallengeId::new(Uuid::from_u128(1)),
            salt: [7; 16],
        }
    }

    /// A19: the same digits, for the same identifier and challenge, are another code on another channel.
    #[test]
    fn a_code_is_bound_to_its_channel() {
        let (pepper, code) = (secret32([1; 32]), Code::from_draw(48_213, 6));
        let [email, sms] = Channel::ALL.map(|channel| scope(channel).mac(&pepper, &code));
        assert_ne!(email, sms);
        assert_eq!(sms, scope(Channel::Sms).mac(&pepper, &code));
    }

    #[test]
    fn a_link_is_bound_to_its_channel_and_is_no_code() {
        let pepper = secret32([1; 32]);
        let [email, sms] = Channel::ALL.map(|channel| scope(channel).link_mac(&pepper, &secret32([2; 32])));
        assert_ne!(email, sms);
        let digits = scope(Channel::Email).mac_of(&pepper, b"identity.v1 code", &[2; 32]);
        assert_ne!(email, digits, "the same bytes as a code");
        assert_ne!(email, scope(Channel::Email).link_mac(&pepper, &secret32([3; 32])));
    }
}
