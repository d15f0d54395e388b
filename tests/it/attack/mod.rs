//! The attack rows, each a test named after its number.

mod enumeration;
mod guessing;
mod identifiers;
mod leaks;
mod limiter;
mod limits;
mod mail_bomb;
mod offline;
mod replay;
mod surface;
mod tokens;
