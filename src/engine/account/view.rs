//! A user with the address opened.

use crate::{
    domain::{
        id::UserId,
        refusal::Refusal,
        sealed::{Place, open},
        secret::ExposeSecret,
        time::Timestamp,
        user::{Role, USER_EMAIL, User},
    },
    engine::fault,
    ports::keys::Keys,
};
use std::fmt;

/// A user as the person and operators see one. Not shown by `Debug`: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct UserView {
    /// The user's id.
    pub user_id: UserId,
    /// The email address.
    pub email: String,
    /// Roles, sorted.
    pub roles: Vec<Role>,
    /// When the user first signed in.
    pub create_time: Timestamp,
    /// Whether an operator keeps the user out.
    pub disabled: bool,
}

impl UserView {
    /// The view of a user whose address is known.
    #[must_use]
    pub fn new(user: &User, email: String) -> Self {
        Self {
            user_id: user.user_id,
            email,
            roles: user.roles.clone(),
            create_time: user.create_time,
            disabled: user.disabled,
        }
    }

    /// The view of a user, the address opened with the sealing keys.
    pub(crate) fn open(user: &User, keys: &dyn Keys) -> Result<Self, Refusal> {
        let place = Place { column: USER_EMAIL, row: user.user_id.bytes() };
        let plain = open(&keys.sealing(), place, &user.email).map_err(|fault| fault::seal(&fault))?;
        let email = std::str::from_utf8(plain.expose_secret()).map_err(|_| Refusal::Internal)?.to_owned();
        Ok(Self::new(user, email))
    }
}

impl fmt::Debug for UserView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserView").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
