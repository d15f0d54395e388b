//! Addresses of people: one spelling for identity, one for counting, one for showing.

mod folding;
mod identifier;
mod phone;

pub use identifier::Identifier;
pub use phone::{Country, NotAPhoneNumber, NumberKind, PhoneNumber};

use super::{digest::Digest, secret::Secret32};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::{char::ToLowercase, fmt};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// How long an address may be (RFC 5321 section 4.5.3.1.3, less the angle brackets of a path).
const MAX_OCTETS: usize = 254;

/// How long its part before the `@` may be (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL_OCTETS: usize = 64;

/// The way a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Email.
    Email,
    /// Short message to a phone.
    Sms,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// The name in stores, audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// The channel of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == name)
    }
}

/// An email address in its canonical spelling: Unicode form NFC, lower case, the domain in its ASCII form (UTS 46,
/// non-transitional).
///
/// The local part is letters, marks and digits of any script and the signs of RFC 5322 `atext`, as in the
/// `IdentifierClass` of RFC 8264; scripts may be mixed, for the code goes only to whoever reads that very mailbox.
/// It is not shown by `Debug`; `masked` is for showing, `as_str` for sending.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

/// The text is not an email address that this service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an email address of the form name@example.com")]
pub struct NotAnEmailAddress;

/// Names an identifier in stores and limits without telling it: a keyed hash of its canonical spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdentifierKey(pub Digest);

impl EmailAddress {
    /// Reads an address. Nothing is trimmed or repaired: what has blanks, control or invisible characters, symbols,
    /// quotes, comments, an address literal or several addresses is refused (RFC 5321 section 4.5.3.1 bounds the
    /// lengths: 64 octets before the `@`, 254 in all).
    ///
    /// # Errors
    /// Where the text is not such an address.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        if text.len() > MAX_OCTETS || text.chars().any(is_invisible) {
            return Err(NotAnEmailAddress);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmailAddress)?;
        let local = if local.is_ascii() {
            // All the forms of such text are one.
            local.to_ascii_lowercase()
        } else {
            let local: String = local.nfc().collect();
            // Word by word: whether a sigma is a final one must not depend on what stands behind the next dot.
            let words = local.split_inclusive(|c: char| c.is_ascii_punctuation());
            words.map(str::to_lowercase).collect::<String>().nfc().collect()
        };
        let canonical = format!("{local}@{}", ascii_domain(domain)?);
        if is_local_part(&local) && canonical.len() <= MAX_OCTETS {
            Ok(Self(canonical))
        } else {
            Err(NotAnEmailAddress)
        }
    }

    /// The address, for sending to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first letter and the domain, such as `a***@example.com`: enough to recognise, too little to write to.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.parts();
        format!("{}***@{domain}", local.chars().next().unwrap_or('*'))
    }

    /// The key under which the identity is kept.
    #[must_use]
    pub fn identity_key(&self, key: &Secret32) -> IdentifierKey {
        IdentifierKey(Digest::hmac(key, &[b"identity.v1 identifier", b"email", self.0.as_bytes()]))
    }

    /// The key under which requests are counted: sub-addresses, compatibility forms of letters (NFKC), letters that share
    /// a capital (`σ` and `ς`) and what the provider says is the same mailbox do not mint a fresh budget. It never stands
    /// for an identity.
    #[must_use]
    pub fn abuse_key(&self, key: &Secret32) -> IdentifierKey {
        let (local, domain) = self.parts();
        let local = if local.is_ascii() {
            local.to_ascii_lowercase()
        } else {
            local.nfkc().flat_map(without_case).nfkc().collect()
        };
        let (base, domain) = folding::folded(&local, domain);
        IdentifierKey(Digest::hmac(key, &[b"identity.v1 abuse", b"email", base.as_bytes(), domain.as_bytes()]))
    }

    /// What stands before the last `@`, and the domain.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// The domain as it stands in the DNS. Hyphens in the third and fourth place are taken, as real domains have them;
/// `xn--` is taken only before what decodes and encodes back.
fn ascii_domain(domain: &str) -> Result<String, NotAnEmailAddress> {
    let domain = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| NotAnEmailAddress)?;
    let (_, top) = domain.rsplit_once('.').ok_or(NotAnEmailAddress)?;
    // What ends in a number is an address of the network, whatever its notation (RFC 3696 section 2).
    if top.starts_with("xn--") || (top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        Ok(domain.into_owned())
    } else {
        Err(NotAnEmailAddress)
    }
}

/// A `dot-atom-text` of RFC 5322, its letters those of all scripts (RFC 6532 section 3.2), narrowed as the type says.
fn is_local_part(text: &str) -> bool {
    text.len() <= MAX_LOCAL_OCTETS
        && !text.starts_with(is_combining_mark)
        && text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char))
}

fn is_atom_char(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
    } else {
        c.is_alphanumeric() || is_combining_mark(c)
    }
}

/// The small letter that all letters with the same capital share: `σ` for `ς`. `ß` and `ı` stay what they are.
fn without_case(c: char) -> ToLowercase {
    let mut capitals = c.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) if c != 'ı' => capital.to_lowercase(),
        _ => c.to_lowercase(),
    }
}

/// Characters that show nothing: Unicode's `Default_Ignorable_Code_Point` (UAX 44) and the rest of the block that ends in the
/// replacement characters. UTS 46 maps some of them to nothing, so that an address with them would pass for the one without.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
