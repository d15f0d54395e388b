//! What a policy file may say, that its text reads back, and that the documentation tells all of it.

use super::*;
use std::collections::BTreeSet;

const DOCUMENTATION: &str = include_str!("../../../docs/policy.md");

fn parse(text: &str) -> Result<PolicyFile, String> {
    PolicyFile::parse(Path::new("/etc/policy.toml"), text.to_owned(), None).map_err(|problems| problems.to_string())
}

const EVERYTHING: &str = r#"
name = "ours"
template = "standard"
[codes]
length = 8
lifetime = "3m"
max_attempts = 3
resend_cooldown = 60
[lockout]
mode = "shadow"
rungs = [{ failures = 2, wait = "5m" }]
first_delay = "3s"
longest_delay = "2m"
disable_at = 90
[limits.identifier]
mode = "shadow"
windows = [{ limit = 2, seconds = 90 }]
[limits.device]
mode = "enforce"
windows = [{ limit = 4, seconds = 120 }]
[limits.address]
mode = "enforce"
windows = [{ limit = 7, seconds = 61 }]
[limits.network]
mode = "shadow"
windows = [{ limit = 70, seconds = 61 }]
[limits.all]
mode = "enforce"
windows = [{ limit = 900, seconds = 60 }]
[guard]
mode = "shadow"
windows = [{ limit = 90, seconds = 300 }]
code_length = 9
[responses]
failure_burst = []
replayed_token = ["notify"]
device_mismatch = ["revoke"]
new_device = ["revoke", "notify"]
[sms]
mode = "enforce"
countries = ["FR", "DE"]
refused_types = ["premium_rate", "voip"]
prefix = [{ limit = 4, seconds = 600 }]
country = [{ limit = 40, seconds = 3600 }]
all = [{ limit = 400, seconds = 604800 }]
daily_budget = "12.50"
price = "0.05"
prices = [{ country = "FR", price = "0.075" }]
unused_share = 70
unused_least = 30
unused_span = "2h"
[[override]]
client = "kiosk"
channel = "email"
purpose = "sign_in"
[override.codes]
length = 6
[override.lockout]
rungs = [{ failures = 3, wait = "90s" }]
[override.limits.identifier]
mode = "enforce"
[override.limits.address]
windows = [{ limit = 70, seconds = 61 }]
[[override]]
client = "app"
codes = { max_attempts = 2 }
"#;

#[test]
fn a_template_alone_is_a_policy() {
    for template in Template::ALL {
        let read = parse(&format!("template = \"{}\"", template.as_str())).unwrap();
        assert_eq!(read.policy, Policy::from(template));
    }
    assert!(parse("").unwrap_err().contains("/etc/policy.toml:1: template: is missing; give \"strict\" or"));
}

#[test]
fn the_text_of_a_policy_reads_back_as_the_same() {
    for text in [EVERYTHING, "template = \"lenient\"", "template = \"strict\"\n[codes]\nlength = 9\n"] {
        let read = parse(text).unwrap();
        let written = policy::text(&read.policy);
        let again = parse(&written).unwrap();
        assert_eq!(again.policy, read.policy, "{written}");
        assert_eq!(policy::text(&again.policy), written);
    }
}

#[test]
fn the_ready_made_files_are_the_templates() {
    for (template, file) in [
        (Template::Strict, include_str!("../../../deploy/policies/strict.toml")),
        (Template::Standard, include_str!("../../../deploy/policies/standard.toml")),
        (Template::Lenient, include_str!("../../../deploy/policies/lenient.toml")),
    ] {
        let policy = Policy::from(template);
        assert_eq!(file, policy::text(&policy), "deploy/policies/{}.toml", template.as_str());
        let read = parse(file).unwrap();
        assert_eq!((read.policy, read.warnings), (policy, vec![]));
    }
    let standard = PolicyFile::standard();
    assert_eq!(standard.version, parse(include_str!("../../../deploy/policies/standard.toml")).unwrap().version);
}

#[test]
fn everything_wrong_is_told_at_once_with_line_key_and_remedy() {
    let told = parse(
        r#"
template = "harsh"
colour = "red"
[codes]
length = 5
lifetime = "6m"
max_attempts = 6
resend_cooldown = 0
[lockout]
mode = "off"
rungs = [{ failures = 2, wait = 1 }, { failures = 1, wait = 1 }]
[limits.identifier]
windows = []
[limits.address]
mode = "off"
windows = [{ limit = 0, seconds = 5 }]
[limits]
everybody = 5
[[override]]
client = "no blanks"
channel = "pigeon"
[override.limits.all]
windows = [{ limit = 5, seconds = 5 }]
[override.codes]
digits = 8
"#,
    );
    let told = told.unwrap_err();
    let expected = [
        ":2: template: is not one of the choices; give \"strict\" or \"standard\" or \"lenient\"",
        ":3: colour: is not a known key; known here: name, template, codes, links, lockout, limits, guard, responses, sms, override",
        ":5: codes.length: is out of bounds; give a whole number from 6 to 10",
        ":6: codes.lifetime: is out of bounds; give a span of time from \"30s\" to \"5m\", or whole seconds",
        ":7: codes.max_attempts: is out of bounds; give a whole number from 1 to 5",
        ":8: codes.resend_cooldown: is out of bounds",
        ":10: lockout.mode: is not one of the choices; give \"enforce\" or \"shadow\"",
        ":11: lockout.rungs: is no ladder; write at least one",
        ":13: limits.identifier.windows: has no window",
        ":15: limits.address.mode: is not one of the choices; give \"enforce\" or \"shadow\"",
        ":16: limits.address.windows[0].limit: is out of bounds; give a whole number from 1 to 100000",
        ":18: limits.everybody: is not a known key; known here: identifier, device, address, network, all",
        ":20: override[0].client: has the wrong form",
        ":21: override[0].channel: is not one of the choices; give \"email\"",
        ": override[0].limits.all: cannot be overridden: it is one budget for everybody; remove it here",
        ":25: override[0].codes.digits: is not a known key; known here: length, lifetime, max_attempts, resend_cooldown",
    ];
    for line in expected {
        assert!(told.contains(line), "{line}\n--- not in\n{told}");
    }
    assert_eq!(told.lines().count(), expected.len(), "{told}");
}

#[test]
fn bounds_hold_to_the_last_value() {
    for (good, bad) in [
        ("[codes]\nlength = 10", "[codes]\nlength = 11"),
        ("[codes]\nlifetime = 300", "[codes]\nlifetime = 301"),
        ("[codes]\nlifetime = \"31s\"", "[codes]\nlifetime = \"29s\""),
        ("[codes]\nmax_attempts = 1", "[codes]\nmax_attempts = 0"),
        ("[codes]\nmax_attempts = 5", "[codes]\nmax_attempts = 6"),
        ("[codes]\nresend_cooldown = 1", "[codes]\nresend_cooldown = 0"),
        ("[lockout]\nrungs = [{ failures = 1, wait = 1 }]", "[lockout]\nrungs = []"),
        ("[lockout]\nrungs = [{ failures = 100, wait = \"7d\" }]", "[lockout]\nrungs = [{ failures = 101, wait = 1 }]"),
        ("[sms]\ncountries = [\"DE\"]", "[sms]\ncountries = [\"de\"]"),
        ("[sms]\ncountries = [\"GB\"]", "[sms]\ncountries = [\"UK\"]"),
        (
            "[sms]\nprices = [{ country = \"GB\", price = \"1\" }]",
            "[sms]\nprices = [{ country = \"UK\", price = \"1\" }]",
        ),
        (
            "[sms]\nprices = [{ country = \"GB\", price = \"1\" }, { country = \"FR\", price = \"1\" }]",
            "[sms]\nprices = [{ country = \"GB\", price = \"1\" }, { country = \"GB\", price = \"2\" }]",
        ),
        ("[sms]\ncountries = [\"*\"]", "[sms]\ncountries = [\"*\", \"DE\"]"),
        ("[sms]\nprice = \"0.000001\"", "[sms]\nprice = 0.1"),
        (
            "[sms]\ndaily_budget = \"1000000000\"\nprice = \"1000000\"",
            "[sms]\ndaily_budget = \"1000000000\"\nprice = \"1000000.1\"",
        ),
        ("[sms]\nprefix = [{ limit = 1, seconds = 600 }]", "[sms]\nprefix = [{ limit = 1, seconds = 599 }]"),
        ("[sms]\nall = [{ limit = 1, seconds = 604800 }]", "[sms]\nall = [{ limit = 1, seconds = 604801 }]"),
        ("[sms]\nunused_share = 100", "[sms]\nunused_share = 101"),
        ("[sms]\nrefused_types = [\"pager\"]", "[sms]\nrefused_types = [\"fax\"]"),
        (
            "[limits.all]\nwindows = [{ limit = 100000, seconds = 2592000 }]",
            "[limits.all]\nwindows = [{ limit = 100001, seconds = 60 }]",
        ),
        (
            "[limits.all]\nwindows = [{ limit = 1, seconds = 1 }]",
            "[limits.all]\nwindows = [{ limit = 1, seconds = 0 }]",
        ),
    ] {
        let with = |figures: &str| parse(&format!("template = \"standard\"\n{figures}\n"));
        assert!(with(good).is_ok(), "{good}: {}", with(good).unwrap_err());
        assert!(with(bad).is_err(), "{bad}");
    }
    let many = "[[override]]\nclient = \"a\"\ncodes = { length = 8 }\n".repeat(MAX_OVERRIDES + 1);
    assert!(parse(&format!("template = \"standard\"\n{many}")).unwrap_err().contains("has more than 256 entries"));
}

#[test]
fn contradictions_are_told_with_the_file() {
    let told = parse("template = \"standard\"\n[codes]\nlifetime = 30\n").unwrap_err();
    assert!(told.starts_with("/etc/policy.toml: codes.resend_cooldown: is 30s, and a code"), "{told}");
    let read = parse("template = \"strict\"\n[codes]\nlength = 6\n").unwrap();
    assert!(read.warnings[0].to_string().starts_with("/etc/policy.toml: codes.length: is looser than"));
}

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let report = Report::new(Path::new("policy.toml"), EVERYTHING.to_owned());
    assert!(read(&report).is_some());
    let plain = |key: String| {
        let key = key.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect::<Vec<_>>();
        key.join("[]")
    };
    let asked: BTreeSet<_> = report.asked().into_iter().map(plain).collect();
    let is_section = |key: &String| asked.iter().any(|other| other.starts_with(&format!("{key}.")));
    // The sections of an override are those of the file.
    let of_override = |key: &String| {
        let rest = key.strip_prefix("override[].");
        rest.is_some_and(|rest| asked.contains(rest))
    };
    let keys: BTreeSet<_> = asked.iter().filter(|key| !is_section(key) && !of_override(key)).cloned().collect();
    let documented: BTreeSet<_> = DOCUMENTATION
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(key, _)| key.to_owned()))
        .collect();
    assert_eq!(keys, documented);
    let sections = asked.iter().filter_map(|key| key.strip_prefix("override[].")?.split_once('.'));
    for (section, _) in sections {
        assert!(DOCUMENTATION.contains(&format!("`[override.{section}")), "{section}");
    }
}
