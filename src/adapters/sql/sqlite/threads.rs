//! The threads that ask SQLite: one that writes, a few that read. Steps that write and come while others are under way go
//! together in one transaction, with one wait for the disk: see `docs/decisions/0017-one-thread-writes-to-sqlite.md`.

use super::{
    link::SqliteLink,
    place::Place,
    queue::Queue,
    trust::{Trust, Waiting},
};
use crate::{
    adapters::sql::{engine::Access, fault},
    ports::store::StoreFault,
};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
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

    /// Runs the step. `false`: what it wrote is to be undone.
    fn run(&mut self, link: &mut SqliteLink) -> bool;

    /// Why it failed, where it did.
    fn failure(&self) -> Option<String>;

    /// Tells the outcome, or the fault by which it was lost.
    fn answer(self: Box<Self>, lost: Option<&str>);
}

struct Step<T, F> {
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

    fn failure(&self) -> Option<String> {
        let (StoreFault::Unavailable(cause) | StoreFault::Broken(cause)) = self.outcome.as_ref()?.as_ref().err()?;
        Some(cause.to_string())
    }

    fn answer(self: Box<Self>, lost: Option<&str>) {
        let outcome = match (self.outcome, lost) {
            (Some(Err(fault)), _) => Err(fault),
            (_, Some(lost)) => Err(fault::unavailable(lost)),
            (Some(outcome), None) => outcome,
            (None, None) => Err(fault::broken("the step was not run")),
        };
        let _ = self.answer.send(outcome);
    }
}

/// The threads. They end when this is dropped, and the file is closed then, by the one that writes at last: of two that close it at
/// once each takes the other for one that goes on, and the log of changes would be left beside it.
pub(super) struct Threads {
    to_write: Queue<Box<dyn Job>>,
    to_read: Queue<Box<dyn Job>>,
    trust: Arc<Trust>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.to_read.close();
        self.to_write.close();
    }
}

impl Threads {
    /// Starts a thread for each link: `writer` writes, `readers` read, while the file is in its place.
    pub(super) fn start(writer: SqliteLink, readers: Vec<SqliteLink>, place: Place) -> io::Result<Self> {
        let (place, trust) = (Arc::new(place), Arc::<Trust>::default());
        let (its_place, its_trust) = (Arc::clone(&place), Arc::clone(&trust));
        let writer = Writer { link: writer, place: its_place, trust: its_trust, folded: false };
        let (to_write, jobs, open) = Queue::new();
        let write = move || {
            writer.serve(&jobs);
            drop(open);
        };
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(write)?;
        let (to_read, jobs, open) = Queue::new();
        let jobs = Arc::new(Mutex::new(jobs));
        for (number, reader) in readers.into_iter().enumerate() {
            let (jobs, place, trust, open) = (Arc::clone(&jobs), Arc::clone(&place), Arc::clone(&trust), open.clone());
            let read = move || {
                read(reader, &jobs, &place, &trust);
                drop(open);
            };
            thread::Builder::new().name(format!("sqlite-reader-{number}")).spawn(read)?;
        }
        Ok(Self { to_write, to_read, trust })
    }

    /// Whether a step came to nothing, and no commit is known since.
    pub(super) fn are_doubted(&self) -> bool {
        self.trust.is_doubted()
    }

    /// Asks for a commit that changes nothing. Where it is made, the file is trusted again.
    pub(super) async fn commit(&self) -> Result<(), StoreFault> {
        let failures = self.trust.failures();
        self.run(Access::Write, |link| Box::pin(async move { link.rewrite() })).await?;
        self.trust.trust(failures);
        Ok(())
    }

    /// Runs a step. A caller who gives up before it has begun leaves nothing behind; after that it is done without him.
    pub(super) async fn run<T, F>(&self, access: Access, step: F) -> Result<T, StoreFault>
    where
        T: Send + 'static,
        F: for<'l> FnOnce(&'l mut SqliteLink) -> BoxFuture<'l, Result<T, StoreFault>> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let job = Box::new(Step { work: Some(step), outcome: None, answer });
        let reads = access == Access::Read;
        let queue = if reads { &self.to_read } else { &self.to_write };
        if !queue.send(job) {
            return Err(fault::unavailable("the store is closed"));
        }
        let waiting = (!reads).then(|| Waiting::new(&self.trust));
        let outcome = outcome.await.unwrap_or_else(|_| Err(fault::broken("the step broke off")));
        if let Some(waiting) = waiting {
            waiting.end();
        }
        outcome
    }
}

fn read(mut link: SqliteLink, jobs: &Mutex<Receiver<Box<dyn Job>>>, place: &Place, trust: &Trust) {
    // Whoever holds the lock waits for the next job, the others wait for the lock.
    while let Ok(mut job) = { jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() } {
        if !job.is_wanted() {
            continue;
        }
        if place.holds() {
            job.run(&mut link);
            job.answer(None);
        } else {
            trust.doubt();
            job.answer(Some(GONE));
        }
    }
}

/// Why a batch was lost.
struct Lost {
    why: String,
    /// Whether it tells against the file.
    doubt: bool,
}

impl Lost {
    fn gone() -> Self {
        Self { why: GONE.to_owned(), doubt: true }
    }

    /// By what SQLite says. Another process that writes is not for ever, and the file is sound.
    fn by(error: &rusqlite::Error) -> Self {
        Self { why: fault::told_of_sqlite(error), doubt: !fault::is_locked(error) }
    }
}

/// The thread that writes.
struct Writer {
    link: SqliteLink,
    place: Arc<Place>,
    trust: Arc<Trust>,
    /// Whether the log of changes has been emptied since the file is gone.
    folded: bool,
}

impl Writer {
    /// Serves until nobody can bring jobs any more, and closes the link.
    fn serve(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            batch.extend(jobs.try_iter().take(TOGETHER - 1));
            batch.retain(|job| job.is_wanted());
            let lost = self.write(&mut batch).err();
            if lost.as_ref().is_some_and(|lost| lost.doubt) {
                self.trust.doubt();
            }
            for job in batch {
                job.answer(lost.as_ref().map(|lost| lost.why.as_str()));
            }
        }
    }

    /// Writes a batch into the file, if it is in its place before and after. The error is why all of it was lost.
    fn write(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Lost> {
        if !self.place.holds() {
            // The log lies at the path still, and would be read as that of whatever file is put there.
            self.folded = self.folded || self.link.fold();
            return Err(Lost::gone());
        }
        self.folded = false;
        if !batch.is_empty() {
            self.transaction(batch)?;
        }
        if self.place.holds() { Ok(()) } else { Err(Lost::gone()) }
    }

    /// Runs the steps of a batch in one transaction, each as if it were alone: what one of them wrote that failed is undone.
    fn transaction(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Result<(), Lost> {
        self.trust.set_locked(true);
        // It takes the write lock at once: one that began by reading would fail, without waiting, when it came to write.
        let begun = self.link.command("BEGIN IMMEDIATE");
        self.trust.set_locked(false);
        begun.map_err(|error| Lost::by(&error))?;
        // Another process may have held the file for longer than some would wait.
        batch.retain(|job| job.is_wanted());
        let done = steps(&mut self.link, batch);
        if done.is_err() && self.link.is_in_transaction() {
            // Where even this fails the next BEGIN does, and that is told.
            let _ = self.link.command("ROLLBACK");
        }
        done
    }
}

fn steps(link: &mut SqliteLink, batch: &mut [Box<dyn Job>]) -> Result<(), Lost> {
    let lost = |error| Lost::by(&error);
    // SQLite ends a transaction by itself where the disk is full or fails: then it is lost by what befell the step.
    let lost_by = |job: &dyn Job, error| {
        let lost = Lost::by(&error);
        Lost { why: job.failure().unwrap_or(lost.why), ..lost }
    };
    if let [only] = batch {
        if only.run(link) {
            return link.command("COMMIT").map_err(lost);
        }
        return Err(Lost { why: only.failure().unwrap_or_default(), doubt: true });
    }
    for job in batch {
        link.command("SAVEPOINT step").map_err(lost)?;
        if !job.run(link) {
            link.command("ROLLBACK TO step").map_err(|error| lost_by(job.as_ref(), error))?;
        }
        link.command("RELEASE step").map_err(lost)?;
    }
    link.command("COMMIT").map_err(lost)
}

#[cfg(test)]
mod tests;
