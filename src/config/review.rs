//! `[review]`: accounts for those who review an app in a store, from a private file alone.

use super::{
    form::{Form, List, Switch, Text},
    network,
    problem::{Problem, Problems},
    reader::{Report, Section},
    secret_file,
};
use crate::domain::{
    challenge::Code,
    contact::EmailAddress,
    review_account::{Elevated, LONGEST_REVIEW, MAX_REVIEW_ACCOUNTS, ReviewAccount, ReviewAccounts},
    secret::ExposeSecret as _,
    time::Timestamp,
    user::Role,
};
use std::path::PathBuf;
use toml::de::DeValue;

/// The key that names the file.
const KEY: &str = "review.file";

/// The section, where it names a file.
#[derive(Clone, Debug)]
pub struct Review {
    /// The file of the accounts; a secret file.
    pub file: PathBuf,
    /// Who never gets a given code.
    pub elevated: Elevated,
    /// Whether the accounts may be in force where real people sign in.
    pub allow_in_production: bool,
}

/// The accounts of a file, and what somebody should look at in it.
#[derive(Debug)]
pub struct ReviewFile {
    /// The accounts.
    pub accounts: ReviewAccounts,
    /// Entries that have expired.
    pub warnings: Vec<Problem>,
}

#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
pub(super) fn read(section: &mut Section<'_>) -> Option<Option<Review>> {
    let file = network::path(section, "file", "the path of a file of review accounts").optional();
    let role = Text { parse: Role::new, expected: "1 to 64 of a-z, 0-9, \"-\", \"_\", \".\" and \":\"" };
    let elevated = section.get("elevated_roles", &List(role)).optional();
    let allowed = section.get("allow_in_production", &Switch).optional();
    let (file, elevated, allowed) = (file?, elevated?, allowed?);
    let Some(file) = file else {
        let others = [("elevated_roles", elevated.is_some()), ("allow_in_production", allowed.is_some())];
        let without_effect: Vec<_> = others.into_iter().filter(|(_, there)| *there).collect();
        for (key, _) in &without_effect {
            section.wrong(key, "has no effect without a file", "name one as review.file, or remove the key");
        }
        return without_effect.is_empty().then_some(None);
    };
    if elevated.as_ref().is_some_and(Vec::is_empty) {
        section.wrong("elevated_roles", "is empty", "name a role, or remove the key: then every role is elevated");
        return None;
    }
    let elevated = elevated.map_or(Elevated::Every, Elevated::These);
    Some(Some(Review { file, elevated, allow_in_production: allowed.unwrap_or(false) }))
}

impl Review {
    /// Reads and validates the file, as of `now`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once, never with a value of it.
    pub fn load(&self, now: Timestamp) -> Result<ReviewFile, Problems> {
        let text = secret_file::read_lines(&self.file, KEY)?;
        let report = Report::new(&self.file, text.expose_secret().to_owned());
        let accounts = self.parse(&report, now);
        let problems = report.into_problems();
        let Some(accounts) = accounts.filter(|_| problems.is_empty()) else { return Err(Problems(problems)) };
        let warnings = accounts.all().iter().enumerate().filter(|(_, account)| account.expire_time <= now);
        let warnings = warnings
            .map(|(i, _)| self.problem(i, "expire_date", "has passed", "remove the entry, or give a later day"))
            .collect();
        Ok(ReviewFile { accounts, warnings })
    }

    /// What is said of entries whose users hold an elevated role.
    #[must_use]
    pub fn elevated(&self, positions: &[usize]) -> Problems {
        let what = "belongs to a user with an elevated role";
        let remedy = "remove the entry, or take the role from the user";
        Problems(positions.iter().map(|position| self.problem(*position, "email", what, remedy)).collect())
    }

    fn problem(&self, position: usize, key: &str, what: &str, remedy: &str) -> Problem {
        Problem::of_file(&self.file, &format!("account[{position}].{key}"), what, remedy)
    }

    fn parse(&self, report: &Report, now: Timestamp) -> Option<ReviewAccounts> {
        report.read(|root| {
            let accounts = root.tables("account", |section| read_account(section, now)).or(Vec::new())?;
            let accounts = ReviewAccounts::new(accounts, self.elevated.clone());
            if accounts.is_none() {
                let what = format!("names an identifier twice, or has more than {MAX_REVIEW_ACCOUNTS} entries");
                root.wrong("account", &what, "write one [[account]] for each identifier");
            }
            accounts
        })
    }
}

fn read_account(section: &mut Section<'_>, now: Timestamp) -> Option<ReviewAccount> {
    let email = Text {
        parse: |text: &str| EmailAddress::parse(text).ok(),
        expected: "an email address such as \"review@example.com\"",
    };
    let email = section.need("email", &email);
    let code = section.need("code", &Text { parse: Code::parse, expected: "6 to 10 digits in quotes" });
    let expire_time = section.need("expire_date", &Day);
    if expire_time.is_some_and(|time| time > now.after(LONGEST_REVIEW)) {
        section.wrong("expire_date", "is more than 90 days ahead", "give a day within 90 days, and renew it in time");
        return None;
    }
    Some(ReviewAccount { email: email?, code: code?, expire_time: expire_time? })
}

/// The beginning of a day in UTC.
struct Day;

impl Form for Day {
    type Value = Timestamp;

    fn read(&self, value: &DeValue<'_>) -> Result<Timestamp, &'static str> {
        let DeValue::Datetime(day) = value else { return Err("is not a day") };
        if day.time.is_some() || day.offset.is_some() {
            return Err("is more than a day");
        }
        let date: jiff::civil::Date = day.to_string().parse().map_err(|_| "is not a day")?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| "is out of bounds")?;
        Ok(Timestamp::from_micros(midnight.timestamp().as_microsecond()))
    }

    fn expected(&self) -> String {
        "a day such as 2027-01-31, without quotes".to_owned()
    }
}

#[cfg(test)]
mod tests;
