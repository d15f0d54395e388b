//! What takes several calls: resending, repeating, rotating a pepper, changing the policy, several processes, a store that goes away.

pub(crate) mod captcha;
mod full_signer;
mod full_signer_sign_in;
mod link_repeats;
mod links;
mod newcomer;
mod outage;
mod peppers;
mod policy;
mod proof;
mod proof_of_links;
mod receipts;
mod repeat;
mod repeat_endings;
pub(crate) mod repeat_operators;
mod replicas;
mod resend;
mod review;
mod sqlite_file;
mod sweep;
mod watchers;
