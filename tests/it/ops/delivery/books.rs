//! What the store says of messages.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::support::wait;
use crate::support::world::World;

/// One row for each event, for each message that waits, and for each content that is still there.
const QUERY: &str = "SELECT act, reason FROM audit_events WHERE act LIKE 'message.%' \
    UNION ALL SELECT 'waiting', '' FROM outbox WHERE settle_time IS NULL \
    UNION ALL SELECT 'content', '' FROM outbox WHERE content IS NOT NULL";

/// The outbox and the audit log, read from outside.
#[derive(Debug)]
pub(crate) struct Books {
    /// Events `message.delivered`.
    pub(crate) delivered: usize,
    /// The reasons of events `message.dropped`, in order.
    pub(crate) dropped: Vec<String>,
    /// Messages that are not settled.
    pub(crate) waiting: usize,
    /// Messages whose content is still there.
    pub(crate) with_content: usize,
}

impl Books {
    /// Waits until `count` messages have ended.
    pub(crate) async fn settled(world: &World, count: usize) -> Self {
        wait::until(&format!("{count} messages to end"), Duration::from_secs(30), async || {
            let books = Self::read(world).await;
            (books.delivered + books.dropped.len() >= count).then_some(books)
        })
        .await
    }

    /// Lets the time of every message that waits run out.
    pub(crate) async fn let_expire(world: &World) {
        const EXPIRE: &str = "UPDATE outbox SET expire_time = create_time WHERE settle_time IS NULL";
        let changed = if let Some(database) = &world.database {
            let mut link = PgConnection::connect(database.url()).await.unwrap();
            sqlx::query(EXPIRE).execute(&mut link).await.unwrap().rows_affected()
        } else {
            let mut link = sqlite(world).await;
            sqlx::query(EXPIRE).execute(&mut link).await.unwrap().rows_affected()
        };
        assert!(changed > 0);
    }

    async fn read(world: &World) -> Self {
        let rows: Vec<(String, String)> = if let Some(database) = &world.database {
            let mut link = PgConnection::connect(database.url()).await.unwrap();
            sqlx::query_as(QUERY).fetch_all(&mut link).await.unwrap()
        } else {
            let mut link = sqlite(world).await;
            sqlx::query_as(QUERY).fetch_all(&mut link).await.unwrap()
        };
        let count = |name: &str| rows.iter().filter(|(what, _)| what == name).count();
        let mut dropped: Vec<String> =
            rows.iter().filter(|(what, _)| what == "message.dropped").map(|(_, reason)| reason.clone()).collect();
        dropped.sort();
        Self {
            delivered: count("message.delivered"),
            dropped,
            waiting: count("waiting"),
            with_content: count("content"),
        }
    }
}

async fn sqlite(world: &World) -> SqliteConnection {
    let file = world.settings.folder().join("identity.db");
    SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap()
}
