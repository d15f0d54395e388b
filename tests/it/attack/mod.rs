//! The attack rows, each a test named after its number.

mod enumeration;
mod guessing;
mod leaks;
mod offline;
mod replay;
mod surface;
mod tokens;
