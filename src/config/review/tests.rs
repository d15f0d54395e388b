//! The section, and what a file of review accounts may say.

use super::*;
use crate::config::tests::{SMALLEST, parse, refusal};
use std::{fs, os::unix::fs::PermissionsExt as _};

/// 2026-12-01.
const NOW: Timestamp = Timestamp::from_seconds(1_796_083_200);

fn load(text: &str) -> Result<ReviewFile, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reviewers.toml");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let review = Review { file, elevated: Elevated::Every, allow_in_production: false };
    review.load(NOW).map_err(|problems| problems.to_string())
}

fn entry(email: &str, code: &str, day: &str) -> String {
    format!("[[account]]\nemail = \"{email}\"\ncode = \"{code}\"\nexpire_date = {day}\n")
}

#[test]
fn the_section_is_off_unless_it_names_a_file() {
    let with = |text: &str| parse(&format!("{SMALLEST}\n[review]\n{text}\n"));
    assert!(parse(SMALLEST).unwrap().review.is_none());
    assert!(with("").unwrap().review.is_none());
    let review = with("file = \"reviewers.toml\"").unwrap().review.unwrap();
    assert_eq!(review.file, std::path::Path::new("/etc/identity/reviewers.toml"));
    assert_eq!((review.elevated, review.allow_in_production), (Elevated::Every, false));
    let named = with("file = \"r\"\nelevated_roles = [\"operator\"]").unwrap().review.unwrap();
    assert_eq!(named.elevated, Elevated::These(vec![Role::new("operator").unwrap()]));
    for (text, told) in [
        ("elevated_roles = [\"a\"]", "review.elevated_roles: has no effect without a file"),
        ("allow_in_production = true", "review.allow_in_production: has no effect without a file"),
        ("file = \"r\"\nelevated_roles = []", "review.elevated_roles: is empty"),
        ("file = \"r\"\nelevated_roles = [\"A b\"]", "review.elevated_roles: has an entry of the wrong form"),
        ("file = \"r\"\ncode = \"271828\"", "review.code: is not a known key"),
    ] {
        assert!(with(text).unwrap_err().contains(told), "{told}");
    }
}

#[test]
fn production_wants_to_be_told() {
    let with = |text: &str| {
        let production = SMALLEST.replace("\"development\"", "\"production\"");
        refusal(&format!("{production}\n[review]\nfile = \"r\"\n{text}\n"))
    };
    assert!(with("").contains("review: names accounts whose codes are known, in production"));
    assert!(with("allow_in_production = false").contains("review: names accounts"));
    assert!(!with("allow_in_production = true").contains("review"));
}

#[test]
fn entries_are_read() {
    let file =
        load(&(entry("Review@Example.com", "271828", "2027-03-01") + &entry("b@example.com", "314159", "2026-12-01")));
    let ReviewFile { accounts, warnings } = file.unwrap();
    let first = accounts.of(&EmailAddress::parse("review@example.com").unwrap()).unwrap();
    assert_eq!(first.code.digits(), "271828");
    assert_eq!(first.expire_time.to_string(), "2027-03-01T00:00:00Z");
    // What has expired is no fault: a service must start again though nobody has thought of the file.
    assert_eq!(warnings.len(), 1);
    let told = warnings[0].to_string();
    assert!(told.contains("reviewers.toml: account[1].expire_date: has passed; remove the entry"), "{told}");
    assert!(load("# nobody at present\n").unwrap().accounts.all().is_empty());
}

#[test]
fn wrong_entries_are_told_with_file_key_and_remedy_and_without_values() {
    let cases = [
        (entry("a@example.com", "27182", "2027-01-01"), "account[0].code: has the wrong form; give 6 to 10 digits"),
        (entry("a@example.com", "canary", "2027-01-01"), "account[0].code: has the wrong form"),
        (entry("canary", "271828", "2027-01-01"), "account[0].email: has the wrong form; give an email address"),
        (
            entry("a@example.com", "271828", "2027-03-02"),
            "account[0].expire_date: is more than 90 days ahead; give a day",
        ),
        (
            entry("a@example.com", "271828", "\"2027-01-01\""),
            "account[0].expire_date: is not a day; give a day such as",
        ),
        (entry("a@example.com", "271828", "2027-01-01T10:00:00Z"), "account[0].expire_date: is more than a day"),
        (
            "[[account]]\nemail = \"a@example.com\"\ncode = \"271828\"\n".to_owned(),
            "account[0].expire_date: is missing",
        ),
        ("[[account]]\ncode = 271828\n".to_owned(), "account[0].code: is not a string"),
        (entry("a@example.com", "271828", "2027-01-01").repeat(2), "account: names an identifier twice"),
        ("[[accounts]]\n".to_owned(), "accounts: is not a known key"),
        ("code = \"canary\n".to_owned(), "mend the TOML here"),
    ];
    for (text, expected) in cases {
        let told = load(&text).unwrap_err();
        assert!(told.contains(expected) && told.contains("reviewers.toml:"), "{expected}\n--- not in\n{told}");
        for value in ["271828", "27182", "canary", "a@example.com"] {
            assert!(!told.contains(value), "{told}");
        }
    }
}

#[test]
fn the_file_is_a_secret_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reviewers.toml");
    fs::write(&file, entry("a@example.com", "271828", "2027-01-01")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let review = Review { file, elevated: Elevated::Every, allow_in_production: false };
    let told = review.load(NOW).unwrap_err().to_string();
    assert!(told.contains("review.file: can be used by others (mode 0644); run `chmod 600"), "{told}");
}
