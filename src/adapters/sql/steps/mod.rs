//! The steps of the ports, each within one transaction of a link. Nothing is written before the outcome is certain, so
//! that a step which changes nothing has nothing to undo.

pub(super) mod begin;
pub(super) mod charge;
pub(super) mod delivery;
pub(super) mod grants;
pub(super) mod history;
pub(super) mod ledger;
pub(super) mod links;
pub(super) mod notices;
pub(super) mod outbox;
pub(super) mod receipts;
pub(super) mod resend;
pub(super) mod rotate;
pub(super) mod sessions;
pub(super) mod sign_in;
pub(super) mod text_messages;
pub(super) mod users;
