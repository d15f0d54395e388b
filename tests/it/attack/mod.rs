//! The attack rows, each a test named after its number.

mod guessing;
mod offline;
mod replay;
