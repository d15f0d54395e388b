//! What commands write on standard output.

use std::fs::File;
use std::process::{Command, Stdio};

const ANSWERS: [&[&str]; 4] = [&["policy", "show"], &["templates", "preview"], &["--help"], &["serve", "--help"]];

fn identity(arguments: &[&str], output: impl Into<Stdio>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_identity"));
    let ended = command.args(arguments).stdout(output).output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

/// `identity policy show > policy.toml` on a full disk leaves half a policy, or none: whoever runs it goes on only where it is whole.
#[test]
fn an_answer_that_finds_no_room_is_no_success() {
    for arguments in ANSWERS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, told) = identity(arguments, full);
        assert_eq!(code, Some(69), "{arguments:?}: {told}");
        assert_eq!(told, "identity: standard output cannot be written: no storage space\n", "{arguments:?}");
    }
}

#[test]
fn whoever_closes_the_pipe_has_read_enough() {
    for arguments in ANSWERS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(identity(arguments, writer), (Some(0), String::new()), "{arguments:?}");
    }
}
