//! The attack rows, each a test named after its number.

mod channels;
mod cut;
mod enumeration;
mod guard;
mod guess_table;
mod guessing;
mod identifiers;
mod leaks;
mod limiter;
mod limits;
mod lockout;
mod mail_bomb;
mod offline;
mod replay;
mod spread;
mod surface;
mod timing;
mod tokens;
