//! The one binary: parse arguments, run the command, give its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    identity::cli::run()
}
