//! A user with address and number opened.

use crate::{
    domain::{
        id::UserId,
        keyring::KeyRing,
        refusal::Refusal,
        time::Timestamp,
        user::{Contact, Role, User},
    },
    engine::fault,
};
use std::fmt;

/// A user as the person and operators see one. Not shown by `Debug`: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct UserView {
    /// The user's id.
    pub user_id: UserId,
    /// How the user is reached.
    pub contact: Contact,
    /// Roles, sorted.
    pub roles: Vec<Role>,
    /// When the user first signed in.
    pub create_time: Timestamp,
    /// Whether an operator keeps the user out.
    pub disabled: bool,
}

impl UserView {
    /// The view of a user whose contact is known.
    #[must_use]
    pub fn new(user: &User, contact: Contact) -> Self {
        Self {
            user_id: user.user_id,
            contact,
            roles: user.roles.clone(),
            create_time: user.create_time,
            disabled: user.disabled,
        }
    }

    /// The view of a user, the contact opened with the sealing keys.
    pub(crate) fn open(user: &User, ring: &KeyRing) -> Result<Self, Refusal> {
        let contact = user.contact.open(ring, user.user_id).map_err(|fault| fault::seal(&fault))?;
        Ok(Self::new(user, contact))
    }
}

impl fmt::Debug for UserView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserView").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
