//! The commands of the repository are listed, and lead where the documents say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn make(arguments: &[&str]) -> Output {
    // What a make that runs these tests hands down is not for this one.
    let mut make = Command::new("make");
    make.args(arguments).current_dir(root()).env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    make.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_lists_every_target_and_is_the_default() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let phony = makefile.lines().filter_map(|line| line.strip_prefix(".PHONY: "));
    let targets: BTreeSet<&str> = phony.flat_map(str::split_whitespace).collect();
    let help = text(&make(&["help"]).stdout);
    let listed: BTreeSet<&str> = help.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(targets, listed);
    assert!(targets.contains("run") && targets.contains("test"));
    assert_eq!(text(&make(&[]).stdout), help);
    for line in help.lines() {
        assert!(line.split_whitespace().count() > 3, "a target without a word on what it does: {line}");
    }
}

#[test]
fn the_commands_that_documents_name_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    for document in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md"] {
        let words = fs::read_to_string(root().join(document)).unwrap();
        for command in words.split("`make ").skip(1) {
            let command = command.split('`').next().unwrap();
            for target in command.split_whitespace().filter(|word| !word.contains('=')) {
                assert!(makefile.contains(&format!("\n{target}:")), "{document} names `make {target}`");
            }
        }
    }
}

#[test]
fn continuous_integration_runs_the_developers_command() {
    let script = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert_eq!(script.lines().last(), Some("exec make test"));
    let dry = text(&make(&["--dry-run", "test"]).stdout);
    for step in ["cargo fmt", "cargo clippy", "cargo doc", "tools/proto-lint", "cargo-deny", "tools/test"] {
        assert!(dry.contains(step), "make test leaves out {step}");
    }
}
