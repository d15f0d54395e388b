//! People who have signed in.

use super::{id::UserId, sealed::Sealed, time::Timestamp};

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

/// A user as the store keeps it; the address is sealed in the place `USER_EMAIL` of its own row.
#[derive(Clone, Debug)]
pub struct User {
    /// The user's id.
    pub user_id: UserId,
    /// The email address, sealed.
    pub email: Sealed,
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
