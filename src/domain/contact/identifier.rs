//! By what a person signs in: one of the addresses that a code can go to.

use super::{Channel, EmailAddress, IdentifierKey, PhoneNumber};
use crate::domain::secret::Secret32;

/// An email address or a phone number. Neither is shown by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// Codes go by email.
    Email(EmailAddress),
    /// Codes go by SMS.
    Phone(PhoneNumber),
}

impl Identifier {
    /// Reads an identifier in its canonical spelling, as it was stored: only an email address has an `@`.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        if text.contains('@') {
            EmailAddress::parse(text).ok().map(Self::Email)
        } else {
            PhoneNumber::parse(text).ok().map(Self::Phone)
        }
    }

    /// The way its codes travel.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
        }
    }

    /// The canonical spelling, for sending to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(email) => email.as_str(),
            Self::Phone(phone) => phone.as_str(),
        }
    }

    /// Enough to recognise, too little to write to.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Email(email) => email.masked(),
            Self::Phone(phone) => phone.masked(),
        }
    }

    /// The key under which the identity is kept.
    #[must_use]
    pub fn identity_key(&self, key: &Secret32) -> IdentifierKey {
        match self {
            Self::Email(email) => email.identity_key(key),
            Self::Phone(phone) => phone.identity_key(key),
        }
    }

    /// The key under which requests are counted.
    #[must_use]
    pub fn abuse_key(&self, key: &Secret32) -> IdentifierKey {
        match self {
            Self::Email(email) => email.abuse_key(key),
            Self::Phone(phone) => phone.abuse_key(key),
        }
    }

    /// The email address, where it is one.
    #[must_use]
    pub const fn email(&self) -> Option<&EmailAddress> {
        match self {
            Self::Email(email) => Some(email),
            Self::Phone(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::secret32;

    #[test]
    fn what_is_stored_is_read_as_what_it_was() {
        for (text, channel) in [("ada@example.com", Channel::Email), ("+491761234567", Channel::Sms)] {
            let identifier = Identifier::stored(text).unwrap();
            assert_eq!((identifier.as_str(), identifier.channel()), (text, channel));
            assert_eq!(Identifier::stored(identifier.as_str()), Some(identifier));
        }
        // An address may begin as a number does.
        assert_eq!(Identifier::stored("+491761234567@example.com").map(|found| found.channel()), Some(Channel::Email));
        for neither in ["", "01761234567", "ada", "+49"] {
            assert_eq!(Identifier::stored(neither), None, "{neither}");
        }
    }

    #[test]
    fn keys_and_masks_are_those_of_the_address() {
        let key = secret32([1; 32]);
        let (email, phone) = (EmailAddress::parse("a+1@example.com"), PhoneNumber::parse("+491761234567"));
        let (email, phone) = (email.unwrap(), phone.unwrap());
        for (identifier, identity, abuse, masked) in [
            (Identifier::Email(email.clone()), email.identity_key(&key), email.abuse_key(&key), email.masked()),
            (Identifier::Phone(phone.clone()), phone.identity_key(&key), phone.abuse_key(&key), phone.masked()),
        ] {
            assert_eq!((identifier.identity_key(&key), identifier.abuse_key(&key)), (identity, abuse));
            assert_eq!(identifier.masked(), masked);
        }
        assert!(!format!("{:?}", Identifier::Phone(phone)).contains("1234"));
    }
}
