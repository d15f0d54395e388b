//! The threads that ask SQLite: one that writes, a few that read. Steps that write and come while others are under way go
//! together in one transaction, with one wait for the disk: see `docs/decisions/0017-one-thread-writes-to-sqlite.md`.

use super::link::SqliteLink;
use crate::{
    adapters::sql::{engine::Access, fault},
    ports::store::StoreFault,
};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};
use tokio::sync::oneshot;

/// How many steps share a transaction at most.
const TOGETHER: usize = 64;

/// A step, to be run on one of the threads.
trait Job: Send {
    /// Whether somebody waits for it.
    fn is_wanted(&self) -> bool;

    /// Whether it needs a transaction around it.
    fn access(&self) -> Access;

    /// Runs the step. `false`: what it wrote is to be undone.
    fn run(&mut self, link: &mut SqliteLink) -> bool;

    /// Tells the outcome, or the fault by which it was lost.
    fn answer(self: Box<Self>, lost: Option<&'static str>);
}

struct Step<T, F> {
    access: Access,
    work: Option<F>,
    outcome: Option<Result<T, StoreFault>>,
    answer: oneshot::Sender<Result<T, StoreFault>>,
}

impl<T, F> Job for Step<T, F>
where
    T: Send,
    F: for<'l> FnOnce(&'l mut SqliteLink) -> BoxFuture<'l, Result<T, StoreFault>> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn access(&self) -> Access {
        self.access
    }

    fn run(&mut self, link: &mut SqliteLink) -> bool {
        let Some(work) = self.work.take() else { return false };
        // A step on this link never waits: its future ends at once.
        let done = catch_unwind(AssertUnwindSafe(|| work(link).now_or_never()));
        let outcome = match done {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(fault::broken("a step on SQLite waits")),
            Err(_) => Err(fault::broken("the step broke off")),
        };
        self.outcome.insert(outcome).is_ok()
    }

    fn answer(self: Box<Self>, lost: Option<&'static str>) {
        let outcome = match (self.outcome, lost) {
            (Some(Err(fault)), _) => Err(fault),
            (_, Some(lost)) => Err(fault::unavailable(lost)),
            (Some(outcome), None) => outcome,
            (None, None) => Err(fault::broken("the step was not run")),
        };
        let _ = self.answer.send(outcome);
    }
}

/// The threads. They end when this is dropped.
pub(super) struct Threads {
    to_write: Sender<Box<dyn Job>>,
    to_read: Sender<Box<dyn Job>>,
}

impl Threads {
    /// Starts a thread for each link: `writer` writes, `readers` read.
    pub(super) fn start(writer: SqliteLink, readers: Vec<SqliteLink>) -> io::Result<Self> {
        let (to_write, jobs) = channel();
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || write(writer, &jobs))?;
        let (to_read, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for (number, reader) in readers.into_iter().enumerate() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("sqlite-reader-{number}")).spawn(move || read(reader, &jobs))?;
        }
        Ok(Self { to_write, to_read })
    }

    /// Runs a step. A caller who gives up before it has begun leaves nothing behind; after that it is done without him.
    pub(super) async fn run<T, F>(&self, access: Access, step: F) -> Result<T, StoreFault>
    where
        T: Send + 'static,
        F: for<'l> FnOnce(&'l mut SqliteLink) -> BoxFuture<'l, Result<T, StoreFault>> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job = Box::new(Step { access, work: Some(step), outcome: None, answer });
        let queue = if access == Access::Read { &self.to_read } else { &self.to_write };
        queue.send(job).map_err(|_| fault::unavailable("the store is closed"))?;
        outcome.await.unwrap_or_else(|_| Err(fault::broken("the step broke off")))
    }
}

fn read(mut link: SqliteLink, jobs: &Mutex<Receiver<Box<dyn Job>>>) {
    // Whoever holds the lock waits for the next job, the others wait for the lock.
    while let Ok(mut job) = { jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() } {
        if job.is_wanted() {
            job.run(&mut link);
            job.answer(None);
        }
    }
}

fn write(mut link: SqliteLink, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(TOGETHER - 1));
        batch.retain(|job| job.is_wanted());
        let lost = match batch.as_mut_slice() {
            // One statement is a transaction of its own.
            [only] if only.access() == Access::Write => {
                only.run(&mut link);
                None
            }
            [] => None,
            steps => transaction(&mut link, steps).err(),
        };
        for job in batch {
            job.answer(lost);
        }
    }
}

/// Runs the steps of a batch in one transaction, each as if it were alone: what one of them wrote that failed is undone.
/// The error is why all of it was lost.
fn transaction(link: &mut SqliteLink, batch: &mut [Box<dyn Job>]) -> Result<(), &'static str> {
    // It takes the write lock at once: one that began by reading would fail, without waiting, when it came to write.
    link.command("BEGIN IMMEDIATE").map_err(|_| "the file could not be locked")?;
    let done = steps(link, batch);
    if done.is_err() && link.is_in_transaction() {
        // Where even this fails the next BEGIN does, and that is told.
        let _ = link.command("ROLLBACK");
    }
    done
}

fn steps(link: &mut SqliteLink, batch: &mut [Box<dyn Job>]) -> Result<(), &'static str> {
    const BROKEN: &str = "the transaction broke off";
    if let [only] = batch {
        if only.run(link) {
            return link.command("COMMIT").map_err(|_| BROKEN);
        }
        return Err(BROKEN);
    }
    for job in batch {
        link.command("SAVEPOINT step").map_err(|_| BROKEN)?;
        if !job.run(link) {
            link.command("ROLLBACK TO step").map_err(|_| BROKEN)?;
        }
        link.command("RELEASE step").map_err(|_| BROKEN)?;
    }
    link.command("COMMIT").map_err(|_| BROKEN)
}

#[cfg(test)]
mod tests;
