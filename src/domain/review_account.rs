//! Review accounts: identifiers whose codes are given in a file instead of drawn, so that whoever reviews an app for a
//! store can sign in without its mailbox.

use super::{challenge::Code, contact::EmailAddress, time::Timestamp, user::Role};
use std::{sync::Arc, time::Duration};

/// How far ahead an account may expire: a review takes days, and what is renewed by hand is not forgotten.
pub const LONGEST_REVIEW: Duration = Duration::from_hours(90 * 24);

/// How many accounts there may be.
pub const MAX_REVIEW_ACCOUNTS: usize = 32;

/// One identifier and the code that each of its challenges gets.
#[derive(Debug)]
pub struct ReviewAccount {
    /// Who signs in.
    pub email: EmailAddress,
    /// The code.
    pub code: Code,
    /// From this time on codes are drawn for it as for everyone.
    pub expire_time: Timestamp,
}

/// The roles whose holders never get a given code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Elevated {
    /// Every role is elevated.
    #[default]
    Every,
    /// These are.
    These(Vec<Role>),
}

impl Elevated {
    /// Whether one of `roles` is elevated.
    #[must_use]
    pub fn any(&self, roles: &[Role]) -> bool {
        match self {
            Self::Every => !roles.is_empty(),
            Self::These(elevated) => roles.iter().any(|role| elevated.contains(role)),
        }
    }
}

/// The accounts that are in force together, in the order of their file.
#[derive(Debug, Default)]
pub struct ReviewAccounts {
    accounts: Vec<Arc<ReviewAccount>>,
    elevated: Elevated,
}

impl ReviewAccounts {
    /// A list of accounts; `None` where there are more than [`MAX_REVIEW_ACCOUNTS`] or an identifier stands there twice.
    #[must_use]
    pub fn new(accounts: Vec<ReviewAccount>, elevated: Elevated) -> Option<Self> {
        let once =
            |(i, account): (usize, &ReviewAccount)| accounts[..i].iter().all(|other| other.email != account.email);
        let sound = accounts.len() <= MAX_REVIEW_ACCOUNTS && accounts.iter().enumerate().all(once);
        sound.then(|| Self { accounts: accounts.into_iter().map(Arc::new).collect(), elevated })
    }

    /// The account of an identifier, expired or not.
    #[must_use]
    pub fn of(&self, email: &EmailAddress) -> Option<Arc<ReviewAccount>> {
        self.accounts.iter().find(|account| account.email == *email).cloned()
    }

    /// Every account.
    #[must_use]
    pub fn all(&self) -> &[Arc<ReviewAccount>] {
        &self.accounts
    }

    /// Whether one of `roles` keeps its holder from a given code.
    #[must_use]
    pub fn is_elevated(&self, roles: &[Role]) -> bool {
        self.elevated.any(roles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(email: &str) -> ReviewAccount {
        let expire_time = Timestamp::from_seconds(0);
        ReviewAccount { email: EmailAddress::parse(email).unwrap(), code: Code::from_draw(271_828, 6), expire_time }
    }

    #[test]
    fn an_identifier_stands_there_once_in_whatever_spelling() {
        let list =
            |emails: &[&str]| ReviewAccounts::new(emails.iter().map(|email| account(email)).collect(), Elevated::Every);
        assert!(list(&["a@example.com", "b@example.com"]).is_some());
        assert!(list(&["a@example.com", "A@EXAMPLE.com"]).is_none());
        let many: Vec<String> = (0..33).map(|i| format!("{i}@example.com")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(list(&many).is_none() && list(&many[..32]).is_some());
        let found = list(&["a@example.com"]).unwrap();
        assert!(found.of(&EmailAddress::parse("A@example.COM").unwrap()).is_some());
        assert!(found.of(&EmailAddress::parse("a+1@example.com").unwrap()).is_none());
    }

    #[test]
    fn every_role_is_elevated_unless_some_are_named() {
        let [viewer, operator] = ["viewer", "operator"].map(|name| Role::new(name).unwrap());
        assert!(!Elevated::Every.any(&[]) && Elevated::Every.any(std::slice::from_ref(&viewer)));
        let these = Elevated::These(vec![operator.clone()]);
        assert!(!these.any(&[]) && !these.any(std::slice::from_ref(&viewer)) && these.any(&[viewer, operator]));
    }

    #[test]
    fn no_code_is_shown() {
        let list = ReviewAccounts::new(vec![account("a@example.com")], Elevated::Every).unwrap();
        assert!(!format!("{list:?}").contains("271828"));
    }
}
