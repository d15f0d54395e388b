//! The threads that ask SQLite: one that writes, a few that read. Steps that write and come while others are under way go
//! together in one transaction, with one wait for the disk: see `docs/decisions/0017-one-thread-writes-to-sqlite.md`.

use super::{link::SqliteLink, place::Place};
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

/// The file is gone.
const GONE: &str = "the file of the database was removed or replaced";

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
    place: Arc<Place>,
}

impl Threads {
    /// Starts a thread for each link: `writer` writes, `readers` read, while the file is in its place.
    pub(super) fn start(writer: SqliteLink, readers: Vec<SqliteLink>, place: Place) -> io::Result<Self> {
        let place = Arc::new(place);
        let mut writer = Writer { link: writer, place: Arc::clone(&place), folded: false };
        let (to_write, jobs) = channel();
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || writer.serve(&jobs))?;
        let (to_read, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for (number, reader) in readers.into_iter().enumerate() {
            let (jobs, place) = (Arc::clone(&jobs), Arc::clone(&place));
            let read = move || read(reader, &jobs, &place);
            thread::Builder::new().name(format!("sqlite-reader-{number}")).spawn(read)?;
        }
        Ok(Self { to_write, to_read, place })
    }

    /// Whether the file was not in its place when a thread last looked.
    pub(super) fn file_is_gone(&self) -> bool {
        self.place.is_gone()
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

fn read(mut link: SqliteLink, jobs: &Mutex<Receiver<Box<dyn Job>>>, place: &Place) {
    // Whoever holds the lock waits for the next job, the others wait for the lock.
    while let Ok(mut job) = { jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() } {
        if !job.is_wanted() {
            continue;
        }
        let there = place.holds();
        if there {
            job.run(&mut link);
        }
        job.answer((!there).then_some(GONE));
    }
}

/// The thread that writes.
struct Writer {
    link: SqliteLink,
    place: Arc<Place>,
    /// Whether the log of changes has been emptied since the file is gone.
    folded: bool,
}

impl Writer {
    fn serve(&mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            batch.extend(jobs.try_iter().take(TOGETHER - 1));
            batch.retain(|job| job.is_wanted());
            let lost = self.write(&mut batch).err();
            for job in batch {
                job.answer(lost);
            }
        }
    }

    /// Writes a batch into the file, if it is in its place before and after. The error is why all of it was lost.
    fn write(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), &'static str> {
        if !self.place.holds() {
            // The log lies at the path still, and would be read as that of whatever file is put there.
            self.folded = self.folded || self.link.fold();
            return Err(GONE);
        }
        self.folded = false;
        match batch.as_mut_slice() {
            [] => {}
            // One statement is a transaction of its own.
            [only] if only.access() == Access::Write => {
                only.run(&mut self.link);
            }
            _ => transaction(&mut self.link, batch)?,
        }
        if self.place.holds() { Ok(()) } else { Err(GONE) }
    }
}

/// Runs the steps of a batch in one transaction, each as if it were alone: what one of them wrote that failed is undone.
/// The error is why all of it was lost.
fn transaction(link: &mut SqliteLink, batch: &mut Vec<Box<dyn Job>>) -> Result<(), &'static str> {
    // It takes the write lock at once: one that began by reading would fail, without waiting, when it came to write.
    link.command("BEGIN IMMEDIATE").map_err(|_| "the file could not be locked")?;
    // Another process may have held the file for longer than some would wait.
    batch.retain(|job| job.is_wanted());
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
