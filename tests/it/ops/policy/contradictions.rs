//! `identity policy check` finds each contradiction of a table, and says where it is and what to do.

use std::fs;

use super::{check, policy, text};

/// What a file says after its template, and what is told of it: the key and the beginning of what is wrong.
type Case = (&'static str, &'static str);

const WARNINGS: [Case; 21] = [
    (
        "[lockout]\nrungs = [{ failures = 3, wait = \"5m\" }, { failures = 40, wait = \"10m\" }]",
        "lockout.rungs: has a rung at 40 failures, which is not reached: it takes 37 more wrong codes than the rung below",
    ),
    (
        "[codes]\nmax_attempts = 1\n[lockout]\nrungs = [{ failures = 4, wait = \"5m\" }]",
        "lockout.rungs: has a rung at 4 failures, which is not reached",
    ),
    (
        "[limits.identifier]\nwindows = [{ limit = 3, seconds = 300 }, { limit = 36, seconds = 3600 }]",
        "limits.identifier.windows: has 36 in 1h, which never bites: 3 in 5m is never looser",
    ),
    (
        "[limits.address]\nwindows = [{ limit = 100, seconds = 300 }, { limit = 100, seconds = 3600 }]",
        "limits.address.windows: has 100 in 5m, which never bites: 100 in 1h is never looser",
    ),
    (
        "[limits.all]\nwindows = [{ limit = 900, seconds = 60 }, { limit = 900, seconds = 60 }]",
        "limits.all.windows: has 900 in 1m, which never bites",
    ),
    (
        "[limits.all]\nwindows = [{ limit = 20, seconds = 60 }]",
        "limits.all.windows: has 20 in 1m, which a single address may spend alone",
    ),
    (
        "[[override]]\nclient = \"a\"\ncodes = { length = 6 }",
        "override[0]: never takes effect: what it says holds already",
    ),
    (
        "[[override]]\nchannel = \"email\"\ncodes.length = 7\n[[override]]\npurpose = \"sign_in\"\ncodes.length = 8",
        "override[0]: never takes effect",
    ),
    (
        "[[override]]\nclient = \"a\"\nlimits.identifier.windows = [{ limit = 1, seconds = 60 }, { limit = 60, seconds = 3600 }]",
        "override[0].limits.identifier.windows: has 60 in 1h, which never bites",
    ),
    ("[codes]\nresend_cooldown = 30\n# strict", "codes.resend_cooldown: is looser than the template \"strict\""),
    (
        "[[override]]\nclient = \"a\"\nlimits.address.mode = \"shadow\"\n# strict",
        "override[0].limits.address: is looser than the template \"strict\"",
    ),
    ("[lockout]\nmode = \"shadow\"", "lockout.mode: is \"shadow\": wrong codes lock nobody out"),
    ("[guard]\nmode = \"shadow\"", "guard.mode: is \"shadow\": one guess on each of many accounts is reported"),
    (
        "[[override]]\nclient = \"a\"\nlockout.mode = \"shadow\"",
        "override[0].lockout.mode: is \"shadow\": wrong codes lock nobody out",
    ),
    (
        "[responses]\nnew_device = [\"notify\", \"revoke\"]",
        "responses.new_device: has \"revoke\": each sign-in on a further device signs the person out of all others",
    ),
    (
        "[responses]\ndevice_mismatch = [\"notify\"]\n# strict",
        "responses.device_mismatch: is looser than the template \"strict\"",
    ),
    ("[lockout]\nfirst_delay = 1\n# strict", "lockout.first_delay: is looser than the template \"strict\""),
    ("[lockout]\nlongest_delay = 10\n# strict", "lockout.longest_delay: is looser than the template \"strict\""),
    ("[lockout]\ndisable_at = 100\n# strict", "lockout.disable_at: is looser than the template \"strict\""),
    ("[sms]\nunused_share = 70\n# strict", "sms.unused_share: is looser than the template \"strict\""),
    ("[sms]\nunused_least = 100\n# strict", "sms.unused_least: is looser than the template \"strict\""),
];

const ERRORS: [Case; 13] = [
    ("[codes]\nlifetime = 30", ": codes.resend_cooldown: is 30s, and a code and its challenge end after 30s"),
    (
        "[[override]]\nclient = \"a\"\ncodes = { resend_cooldown = \"5m\" }",
        ": override[0].codes.resend_cooldown: is 5m",
    ),
    ("[[override]]\ncodes = { length = 8 }", ": override[0]: names no client, channel or purpose"),
    ("[[override]]\nclient = \"a\"", ": override[0]: changes nothing"),
    ("[[override]]\nclient = \"a\"\nlimits.all.mode = \"shadow\"", ":4: override[0].limits.all: cannot be overridden"),
    ("[codes]\nlenght = 8", ":3: codes.lenght: is not a known key; known here: length, lifetime, max_attempts"),
    ("[limits.identifier]\nwindow = []", ":3: limits.identifier.window: is not a known key; known here: mode, windows"),
    (
        "[responses]\nfailure_burst = [\"notify\", \"revoke\"]",
        ": responses.failure_burst: has \"revoke\": whoever knows an address could sign its owner out",
    ),
    ("[responses]\nreplayed_token = [\"revoke\"]", ": responses.replayed_token: lacks \"notify\""),
    (
        "[responses]\nnew_device = [\"notify\", \"require_step_up\"]",
        ":3: responses.new_device: has \"require_step_up\", and this service has no step-up to ask for yet; give a list of",
    ),
    ("[responses]\nnew_device = [\"email\"]", ":3: responses.new_device: has an entry that is no response"),
    (
        "[[override]]\nclient = \"a\"\nresponses.new_device = []",
        ":4: override[0].responses: cannot be overridden: a refresh token is presented without channel and purpose",
    ),
    ("[codes]\nlifetime = \"10m\"", ":3: codes.lifetime: is out of bounds; give a span of time from \"30s\" to \"5m\""),
];

/// A policy on `standard`, or where the figures end so on `strict`.
fn file_of(figures: &str) -> String {
    let template = if figures.ends_with("# strict") { "strict" } else { "standard" };
    format!("template = \"{template}\"\n{figures}\n")
}

#[test]
fn warnings_are_told_and_do_not_fail() {
    let (_folder, file) = policy("");
    for (figures, expected) in WARNINGS {
        fs::write(&file, file_of(figures)).unwrap();
        let output = check(&file);
        let told = text(&output.stdout);
        assert!(output.status.success() && output.stderr.is_empty(), "{figures}\n{}", text(&output.stderr));
        let warnings: Vec<&str> = told.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!(warnings.len(), 1, "{figures}\n{told}");
        assert!(warnings[0].starts_with(&format!("warning: {}: {expected}", file.display())), "{figures}\n{told}");
        assert!(warnings[0].contains("; "), "no remedy in {}", warnings[0]);
        assert!(told.ends_with("the policy can be used; look at the warning\n"), "{told}");
    }
}

#[test]
fn errors_are_told_and_end_with_64() {
    let (_folder, file) = policy("");
    for (figures, expected) in ERRORS {
        fs::write(&file, file_of(figures)).unwrap();
        let output = check(&file);
        let told = text(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(64), true), "{figures}\n{told}");
        assert!(told.starts_with(&format!("identity: {}{expected}", file.display())), "{figures}\n{told}");
        assert!(told.lines().count() == 1 && told.contains("; "), "{told}");
    }
}

#[test]
fn a_file_that_is_none_is_told() {
    let (folder, file) = policy("[codes]\nlength = 8\n");
    let told = text(&check(&file).stderr);
    assert!(told.contains(":1: template: is missing; give \"strict\" or \"standard\" or \"lenient\""), "{told}");
    fs::write(&file, "template = \n").unwrap();
    assert!(text(&check(&file).stderr).contains(":1: "));
    fs::remove_file(&file).unwrap();
    for absent in [file.as_path(), folder.path()] {
        let output = check(absent);
        assert_eq!(output.status.code(), Some(64));
        assert!(text(&output.stderr).contains("cannot be read: "));
    }
}
