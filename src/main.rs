//! The one binary: parse arguments, run the command, give its exit code.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// See `docs/decisions/0158-an-allocator-of-the-programs-own.md`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    identity::cli::run()
}
