//! Between messages of the contract and values of the domain. Nothing is decided here but form.

pub(super) mod answers;
mod checks;
pub(super) mod limits;
pub(super) mod links;
pub(super) mod requests;
