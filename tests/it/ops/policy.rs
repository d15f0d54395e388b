//! Policy files through the binary: what its commands say, and what a running service takes from a file.

mod contradictions;
mod reload;

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::support::run;
use crate::support::settings::Settings;
use crate::support::world::identity;

fn check(file: &Path) -> Output {
    identity(&["policy", "check", file.to_str().unwrap()])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A policy file, and the folder that it is in.
fn policy(content: &str) -> (TempDir, std::path::PathBuf) {
    let folder = run::folder("policy");
    let file = folder.path().join("policy.toml");
    fs::write(&file, content).unwrap();
    (folder, file)
}

/// A sound configuration on SQLite, with a policy.
fn settings(folder: &Path) -> Settings {
    let mut settings = Settings::new(folder);
    settings.section("limiter.memory");
    settings.set("store.sqlite.path", folder.join("identity.db").to_str().unwrap());
    settings.policy("name", "ours");
    settings
}

#[test]
fn the_ready_made_policies_are_sound() {
    for name in ["strict", "standard", "lenient"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("deploy/policies/{name}.toml"));
        let output = check(&file);
        let told = text(&output.stdout);
        assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
        assert!(told.starts_with(&format!("The policy \"{name}\", built on the template \"{name}\":\n")), "{told}");
        assert!(told.ends_with("the policy is sound\n"), "{told}");
    }
    let shown = identity(&["policy", "show"]).stdout;
    let standard = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/policies/standard.toml");
    assert_eq!(text(&shown), fs::read_to_string(standard).unwrap());
}

#[test]
fn check_explains_each_rule_and_what_each_override_changes() {
    let (_folder, file) = policy(
        "template = \"standard\"\nname = \"shop\"\n[limits.address]\nmode = \"shadow\"\n\
         [[override]]\nclient = \"kiosk\"\nchannel = \"email\"\ncodes = { length = 8 }\n\
         lockout = { rungs = [{ failures = 2, wait = \"1h\" }] }\n",
    );
    let output = check(&file);
    let told = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for line in [
        "The policy \"shop\", built on the template \"standard\":",
        "  codes.length: a code has 6 digits",
        "  codes.max_attempts: a challenge evaluates at most 5 codes, right or wrong",
        "  lockout.rungs: after 15 wrong codes in a row no code is evaluated for 1d",
        "  limits.identifier.windows: one identifier may ask for a code at most 3 in 5m, 5 in 1h, 10 in 1d",
        "  limits.address.mode: more is counted and reported, and never refused (shadow)",
        "override[0], for client kiosk, channel email, changes:",
        "  codes.length: a code has 8 digits",
        "  lockout.rungs: after 2 wrong codes in a row no code is evaluated for 1h",
        "the policy is sound",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n--- not in\n{told}");
    }
}

#[test]
fn what_show_prints_can_be_fed_back() {
    let folder = run::folder("policy");
    let mut settings = settings(folder.path());
    settings.policy("template", "lenient");
    settings.policy("codes.lifetime", "2m 30s");
    settings.limit("identifier", 7, 90);
    settings
        .policy_override("client = \"default\"\ncodes = { length = 9 }\nlimits = { address = { mode = \"shadow\" } }");
    let show = || {
        let output = identity(&["policy", "show", "--config", settings.file().to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let shown = show();
    for figure in ["lifetime = \"150s\"", "length = 9", "max_attempts = 5", "{ limit = 7, seconds = 90 }"] {
        assert!(shown.contains(figure), "{figure} in {shown}");
    }
    let again = folder.path().join("again.toml");
    fs::write(&again, &shown).unwrap();
    let config = fs::read_to_string(settings.file()).unwrap().replace("policy.toml", "again.toml");
    let other = folder.path().join("other.toml");
    fs::write(&other, config).unwrap();
    let output = identity(&["policy", "show", "--config", other.to_str().unwrap()]);
    assert_eq!(text(&output.stdout), shown, "{}", text(&output.stderr));
}

#[test]
fn the_configuration_is_checked_with_its_policy() {
    let folder = run::folder("policy");
    let mut settings = settings(folder.path());
    settings.limit("all", 10, 60);
    let run = |command: &str, settings: &Settings| identity(&[command, "--config", settings.file().to_str().unwrap()]);
    let output = run("check-config", &settings);
    let told = text(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    assert!(told.contains("policy.toml: limits.all.windows: has 10 in 1m, which a single address"), "{told}");
    assert!(told.ends_with("the configuration is sound\n"));

    settings.policy_override("client = \"nobody\"\ncodes = { length = 9 }");
    settings.policy("codes.length", 5);
    for command in ["check-config", "serve"] {
        let output = run(command, &settings);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{told}");
        assert!(told.contains("policy.toml:") && told.contains(": codes.length: is out of bounds; give a whole"));
    }
    settings.policy("codes.length", 8);
    for command in ["check-config", "serve"] {
        let output = run(command, &settings);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{told}");
        assert!(told.contains("policy.toml: override[0].client: is no client of the configuration"), "{told}");
    }
}
