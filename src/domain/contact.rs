//! Addresses of people: one spelling for identity, one for counting, one for showing.

use super::{digest::Digest, secret::Secret32};
use email_address::{EmailAddress as Parser, Options};
use std::fmt;
use unicode_normalization::UnicodeNormalization as _;

/// The way a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Email.
    Email,
}

impl Channel {
    /// The name in stores, audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
        }
    }
}

/// An email address in its canonical spelling: Unicode form NFC, lower case, the domain in its ASCII form (UTS 46).
///
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
    /// Reads an address. Nothing is trimmed or repaired: what has blanks, control or invisible characters, quotes,
    /// comments, an address literal or several addresses is refused (RFC 5321 section 4.5.3.1 bounds the lengths).
    ///
    /// # Errors
    /// Where the text is not such an address.
    pub fn parse(text: &str) -> Result<Self, NotAnEmailAddress> {
        if text.len() > 254 || text.chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c)) {
            return Err(NotAnEmailAddress);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmailAddress)?;
        let local: String = local.nfc().collect::<String>().to_lowercase().nfc().collect();
        let domain = ascii_domain(domain)?;
        let canonical = format!("{local}@{domain}");
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let plain = local.len() <= 64 && canonical.len() <= 254 && !local.contains(['"', '(', ')', ',', ';', '@']);
        if plain && Parser::parse_with_options(&canonical, options).is_ok() {
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

    /// The key under which requests are counted: sub-addresses and, where the provider is known to ignore them, dots
    /// do not mint a fresh budget. It never stands for an identity.
    #[must_use]
    pub fn abuse_key(&self, key: &Secret32) -> IdentifierKey {
        let (local, domain) = self.parts();
        let base = local.split_once('+').map_or(local, |(base, _)| if base.is_empty() { local } else { base });
        let (base, domain) = match domain {
            "gmail.com" | "googlemail.com" => (base.replace('.', ""), "gmail.com"),
            other => (base.to_owned(), other),
        };
        IdentifierKey(Digest::hmac(key, &[b"identity.v1 abuse", b"email", base.as_bytes(), domain.as_bytes()]))
    }

    fn parts(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

fn ascii_domain(domain: &str) -> Result<String, NotAnEmailAddress> {
    if domain.ends_with('.') {
        return Err(NotAnEmailAddress);
    }
    idna::domain_to_ascii_strict(domain).map_err(|_| NotAnEmailAddress)
}

/// Format characters that change nothing one can see: zero-width, joiners, direction marks, the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}
