//! Values and rules. No asynchrony, no I/O, no clock, no randomness.

pub mod answer;
pub mod audit;
pub mod challenge;
pub mod claims;
pub mod client;
pub mod contact;
pub mod device_token;
pub mod digest;
pub mod id;
pub mod keyring;
pub mod lockout;
pub mod message;
pub mod network;
pub mod policy;
pub mod proof;
pub mod refresh_token;
pub mod refusal;
pub mod review_account;
pub mod revocation;
pub mod sealed;
pub mod secret;
pub mod session;
pub mod simulation;
pub mod time;
pub mod user;
pub mod window;
