//! People who have signed in.

use super::{
    contact::Identifier,
    id::UserId,
    keyring::KeyRing,
    sealed::{CannotOpen, Place, Sealed, open, seal},
    secret::ExposeSecret as _,
    time::Timestamp,
};
use std::fmt;

/// A role, such as `viewer`: 1 to 64 of `a-z`, `0-9`, `-`, `_`, `.` and `:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role(String);

impl Role {
    /// Takes a role's name; `None` where it has another form.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let permitted = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_' | b'.' | b':');
        ((1..=64).contains(&name.len()) && name.bytes().all(permitted)).then(|| Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a user is reached, each sealed in its place of the user's own row: `USER_EMAIL` and `USER_PHONE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedContact {
    /// The email address.
    pub email: Option<Sealed>,
    /// The phone number.
    pub phone: Option<Sealed>,
}

/// How a user is reached. It is not shown by `Debug`: it names a person.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// The email address; empty where there is none.
    pub email: String,
    /// The phone number in the form of E.164; empty where there is none.
    pub phone_number: String,
}

impl SealedContact {
    /// Seals the identifier that a user signs in with. `nonce` is fresh randomness.
    ///
    /// # Errors
    /// None that an identifier meets.
    pub fn seal(identifier: &Identifier, ring: &KeyRing, user_id: UserId, nonce: [u8; 12]) -> Result<Self, CannotOpen> {
        let sealed = |column| seal(ring, Place { column, row: user_id.bytes() }, nonce, identifier.as_str().as_bytes());
        Ok(match identifier {
            Identifier::Email(_) => Self { email: Some(sealed(USER_EMAIL)?), phone: None },
            Identifier::Phone(_) => Self { email: None, phone: Some(sealed(USER_PHONE)?) },
        })
    }

    /// Opens what is there.
    ///
    /// # Errors
    /// Where a key has been retired, or a value was not sealed for this user.
    pub fn open(&self, ring: &KeyRing, user_id: UserId) -> Result<Contact, CannotOpen> {
        let opened = |column, sealed: &Option<Sealed>| {
            let Some(sealed) = sealed else { return Ok(String::new()) };
            let plain = open(ring, Place { column, row: user_id.bytes() }, sealed)?;
            String::from_utf8(plain.expose_secret().clone()).map_err(|_| CannotOpen)
        };
        Ok(Contact { email: opened(USER_EMAIL, &self.email)?, phone_number: opened(USER_PHONE, &self.phone)? })
    }
}

impl Contact {
    /// Where notices go: the email address, else the phone number.
    #[must_use]
    pub fn preferred(&self) -> Option<Identifier> {
        Identifier::stored(if self.email.is_empty() { &self.phone_number } else { &self.email })
    }
}

impl From<&Identifier> for Contact {
    fn from(identifier: &Identifier) -> Self {
        let text = identifier.as_str().to_owned();
        match identifier {
            Identifier::Email(_) => Self { email: text, phone_number: String::new() },
            Identifier::Phone(_) => Self { email: String::new(), phone_number: text },
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// A user as the store keeps it.
#[derive(Clone, Debug)]
pub struct User {
    /// The user's id.
    pub user_id: UserId,
    /// How the user is reached, sealed.
    pub contact: SealedContact,
    /// Roles, sorted, each once.
    pub roles: Vec<Role>,
    /// When the user first signed in.
    pub create_time: Timestamp,
    /// Whether an operator keeps the user out.
    pub disabled: bool,
}

/// What an operator changes of a user.
#[derive(Clone, Debug)]
pub enum UserChange {
    /// Replaces the roles: sorted, each once.
    Roles(Vec<Role>),
    /// Keeps the user out, and ends every session.
    Disable,
    /// Lets the user in again.
    Enable,
}

/// The column that holds a user's sealed email address.
pub const USER_EMAIL: &str = "users.email";

/// The column that holds a user's sealed phone number.
pub const USER_PHONE: &str = "users.phone";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{keyring::KeyId, secret::secret32};
    use uuid::Uuid;

    #[test]
    fn a_contact_opens_for_its_own_user_and_shows_nothing() {
        let ring = KeyRing::new([(KeyId::new("a").unwrap(), secret32([1; 32]))].into()).unwrap();
        let [one, other] = [1, 2].map(|number| UserId::new(Uuid::from_u128(number)));
        for text in ["ada@example.com", "+491761234567"] {
            let identifier = Identifier::stored(text).unwrap();
            let sealed = SealedContact::seal(&identifier, &ring, one, [9; 12]).unwrap();
            let contact = sealed.open(&ring, one).unwrap();
            assert_eq!(contact, Contact::from(&identifier));
            assert_eq!(contact.preferred(), Some(identifier));
            assert!(sealed.open(&ring, other).is_err());
            assert_eq!(format!("{contact:?}"), "Contact(…)");
            // A sealed number does not open as an address.
            let moved = SealedContact { email: sealed.phone, phone: sealed.email };
            assert!(moved.open(&ring, one).is_err());
        }
        assert_eq!(SealedContact::default().open(&ring, one).unwrap().preferred(), None);
    }
}
