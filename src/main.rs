//! The one binary: parse arguments, run the command, give its exit code.

fn main() {}
