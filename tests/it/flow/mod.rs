//! What takes several calls: resending, repeating, rotating a pepper, several processes, a store that goes away.

mod newcomer;
mod outage;
mod peppers;
mod repeat;
mod replicas;
mod resend;
