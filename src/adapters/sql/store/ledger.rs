//! Recorded answers and the audit log over an engine.

use super::SqlStore;
use crate::{
    adapters::sql::{
        engine::{Access, Engine},
        steps,
    },
    domain::{
        answer::AnswerKey,
        audit::{AuditEvent, PastRefusal, Subject},
        contact::IdentifierKey,
        id::EventId,
        time::Timestamp,
    },
    ports::store::{History, KnownAnswer, Ledger, Lockout, PastPage, StoreFault, Swept},
};
use async_trait::async_trait;

#[async_trait]
impl<E: Engine> Ledger for SqlStore<E> {
    async fn answer(&self, key: &AnswerKey, now: Timestamp) -> Result<KnownAnswer, StoreFault> {
        let key = *key;
        step!(self, "answer", Read, |link| steps::ledger::answer(link, &key, now))
    }

    async fn record(&self, event: &AuditEvent) -> Result<(), StoreFault> {
        let (engine, events) = (self.engine.clone(), vec![event.clone()]);
        Self::hot("record", async move { engine.record(events).await }).await
    }

    async fn ping(&self) -> Result<Option<Timestamp>, StoreFault> {
        let engine = self.engine.clone();
        Self::in_own_task("ping", async move { engine.ping().await }).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreFault> {
        step!(self, "sweep", Transaction, |link| steps::ledger::sweep(link, now))
    }
}

#[async_trait]
impl<E: Engine> History for SqlStore<E> {
    async fn lockout(&self, key: IdentifierKey) -> Result<Lockout, StoreFault> {
        step!(self, "lockout", Read, |link| steps::history::lockout(link, key))
    }

    async fn refusals(&self, subject: Subject, since: Timestamp, limit: u32) -> Result<Vec<PastRefusal>, StoreFault> {
        step!(self, "refusals", Read, |link| steps::history::refusals(link, subject, since, limit))
    }

    async fn requests(&self, after: EventId, limit: u32) -> Result<PastPage, StoreFault> {
        step!(self, "requests", Read, |link| steps::history::requests(link, after, limit))
    }
}
