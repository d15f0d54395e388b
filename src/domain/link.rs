//! Magic links: who gets the session, what one's token says, and how far it has come.

use super::{
    challenge::{LiveCode, Scope},
    digest::Digest,
    id::ChallengeId,
    secret::{ExposeSecret, Secret32, SecretString, secret32},
    session::Device,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{fmt, net::IpAddr, time::Duration};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Which device gets the session that a link begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Completion {
    /// The device that opens the link.
    OpeningDevice,
    /// The device that asked, once the opener has approved by the number that it shows.
    AskingDevice,
    /// The device that asked, which opens the link itself.
    SameDevice,
}

impl Completion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OpeningDevice, Self::AskingDevice, Self::SameDevice];

    /// The name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpeningDevice => "opening_device",
            Self::AskingDevice => "asking_device",
            Self::SameDevice => "same_device",
        }
    }

    /// The completion of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|completion| completion.as_str() == name)
    }
}

/// How far a link has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// Nobody has said anything yet.
    Pending,
    /// The person has approved; the asking device may collect the session.
    Approved,
    /// The person has said that it was somebody else.
    Rejected,
}

impl LinkState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Approved, Self::Rejected];

    /// The name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// Two digits that the asking device shows, and that whoever approves has to repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MatchNumber(u8);

impl MatchNumber {
    /// How many there are.
    pub const COUNT: u64 = 100;

    /// The number for one drawn uniformly below [`MatchNumber::COUNT`]; `None` for a greater one.
    #[must_use]
    pub fn from_draw(number: u64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| u64::from(*number) < Self::COUNT).map(Self)
    }

    /// Reads what a person typed; `None` unless it is two ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.parse().ok().map(Self)).flatten()
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for MatchNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for MatchNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MatchNumber(…)")
    }
}

/// Who asked for a link: shown to whoever opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asker {
    /// The device, in the client's words.
    pub device: Device,
    /// The network address that asked, where known.
    pub address: Option<IpAddr>,
}

/// The links of a challenge.
#[derive(Clone, Debug)]
pub struct Link {
    /// Which device gets the session.
    pub completion: Completion,
    /// How far it has come.
    pub state: LinkState,
    /// Where the landing page leads on to: one of the client application's registered URIs; empty for none.
    pub redirect_uri: String,
    /// What the asking device shows, where its session is to be approved on another.
    pub match_number: Option<MatchNumber>,
    /// Who asked.
    pub asker: Asker,
    /// The links as they are stored, newest first, at most three, those that have expired too.
    pub sent: Vec<LiveCode>,
}

impl Link {
    /// The longest that a link may live; no policy can lengthen it.
    pub const LONGEST_LIFETIME: Duration = Duration::from_mins(15);
}

/// What a link carries in its fragment: the challenge, and 256 random bits. The challenge is veiled: a message may hold a code too,
/// and whoever reads it is not to learn at which challenge to try that.
#[derive(Debug)]
pub struct LinkToken {
    /// The challenge.
    pub challenge_id: ChallengeId,
    /// Proves that the message was received.
    pub secret: Secret32,
}

impl LinkToken {
    /// Characters of a token.
    pub const LENGTH: usize = 64;

    /// Reads a token in its only spelling, veiled with `key`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str, key: &Secret32) -> Option<Self> {
        if text.len() != Self::LENGTH {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        let (id, secret) = bytes.split_first_chunk::<16>()?;
        let secret = secret32(secret.try_into().ok()?);
        Some(Self { challenge_id: ChallengeId::new(Uuid::from_bytes(veiled(*id, &secret, key))), secret })
    }

    /// The token as text, veiled with `key`: base64url without padding, 64 characters.
    #[must_use]
    pub fn to_text(&self, key: &Secret32) -> SecretString {
        let mut bytes = Zeroizing::new([0; 48]);
        bytes[..16].copy_from_slice(&veiled(*self.challenge_id.bytes(), &self.secret, key));
        bytes[16..].copy_from_slice(self.secret.expose_secret());
        SecretString::from(URL_SAFE_NO_PAD.encode(*bytes))
    }
}

/// Veils the id of a challenge, or takes the veil away: it is combined with what nobody without the key can make of the secret, which
/// is used for this one token.
fn veiled(mut id: [u8; 16], secret: &Secret32, key: &Secret32) -> [u8; 16] {
    let veil = Digest::hmac(key, &[b"identity.v1 link challenge", secret.expose_secret()]);
    for (byte, veil) in id.iter_mut().zip(veil.bytes()) {
        *byte ^= veil;
    }
    id
}

impl Scope {
    /// What is stored of a link's token: HMAC-SHA-256 under the pepper over the scope, the salt and the token's secret.
    /// No code has the same, whatever its digits.
    #[must_use]
    pub fn link_mac(&self, pepper: &Secret32, secret: &Secret32) -> Digest {
        self.mac_of(pepper, b"identity.v1 link", secret.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        let token = LinkToken { challenge_id: ChallengeId::new(Uuid::from_u128(7)), secret: secret32([0xfb; 32]) };
        let key = secret32([1; 32]);
        let text = token.to_text(&key);
        let text = text.expose_secret();
        assert_eq!(text.len(), LinkToken::LENGTH);
        let read = LinkToken::parse(text, &key).unwrap();
        assert_eq!(read.challenge_id, token.challenge_id);
        assert_eq!(read.secret.expose_secret(), token.secret.expose_secret());
        for bad in ["", &text[1..], &format!("{text}="), &format!("{text} "), &text.replace('-', "+"), &"é".repeat(32)]
        {
            assert!(LinkToken::parse(bad, &key).is_none(), "{bad}");
        }
        assert!(!format!("{token:?}").contains("251"), "the secret is not shown");
        let shown = URL_SAFE_NO_PAD.decode(text).unwrap();
        assert_ne!(shown[..16], token.challenge_id.bytes()[..], "nor the challenge");
        let elsewhere = LinkToken::parse(text, &secret32([2; 32])).unwrap();
        assert_ne!(elsewhere.challenge_id, token.challenge_id);
    }

    #[test]
    fn numbers_have_two_digits() {
        assert_eq!(MatchNumber::from_draw(7).unwrap().to_string(), "07");
        assert_eq!(MatchNumber::parse("07").map(MatchNumber::number), Some(7));
        assert!(MatchNumber::from_draw(100).is_none());
        for bad in ["", "7", "007", "+7", "a1", "７7"] {
            assert!(MatchNumber::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn names_are_read_back() {
        assert!(Completion::ALL.into_iter().all(|each| Completion::named(each.as_str()) == Some(each)));
        assert!(LinkState::ALL.into_iter().all(|each| LinkState::named(each.as_str()) == Some(each)));
        assert!(Completion::named("").is_none() && LinkState::named("").is_none());
    }
}
