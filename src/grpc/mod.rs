//! The contract on the wire: thin methods between generated messages and the engines.

mod admin;
mod convert;
mod front;
mod health;
mod identity;
mod layers;
mod listeners;
pub mod proto;
mod quota;
mod reflection;
mod session;
mod status;
mod token;

pub use front::{Front, FrontOptions, WebOrigins, too_many_headers};
pub use health::Health;
pub use layers::{authorization::OperatorToken, calls::CALLS};
pub use listeners::{OperatorEngines, Operators, People, operators, people};
