//! The attack rows, each a test named after its number.

mod enumeration;
mod guard;
mod guessing;
mod identifiers;
mod leaks;
mod limiter;
mod limits;
mod lockout;
mod offline;
mod replay;
mod surface;
mod tokens;
