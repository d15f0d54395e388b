//! The attack rows, each a test named after its number.

mod guessing;
mod leaks;
mod offline;
mod replay;
mod tokens;
