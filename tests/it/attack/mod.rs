//! The attack rows, each a test named after its number.

mod channels;
mod cut;
mod enumeration;
mod guard;
mod guess_table;
mod guesses;
mod guessing;
mod headers;
mod identifiers;
mod leaks;
mod limiter;
mod limiter_cluster;
mod limits;
mod link_races;
mod links;
mod lockout;
mod mail_bomb;
mod offline;
mod replay;
mod responses;
mod shadow;
mod sms_fraud;
mod spread;
mod surface;
mod timing;
mod tokens;
