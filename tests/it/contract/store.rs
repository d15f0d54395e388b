//! One contract for both stores: a suite of functions over `Arc<dyn Store>`, run on SQLite and on PostgreSQL.

mod begin;
mod charge;
mod complete;
pub(crate) mod devices;
mod faults;
pub(crate) mod given;
pub(crate) mod grants;
mod history;
mod inspect;
mod kept_sessions;
mod links;
mod migrate;
mod outbox;
mod peers;
mod plans;
pub(crate) mod receipts;
mod resend;
mod responses;
mod revoke;
mod rotate;
mod round_trips;
mod sweep;
mod text_messages;
mod users;

pub(crate) use given::Given;
pub(crate) use peers::{Engine, options};

/// A test for each function and engine.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&$crate::contract::store::Given::on($crate::contract::store::Engine::Sqlite).await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&$crate::contract::store::Given::on($crate::contract::store::Engine::Postgres).await).await;
            })*
        }
    };
}
pub(crate) use on_both;
