//! Steps of one kind that come while others of it are under way go together, as one batch: one statement, one commit.
//!
//! Whoever waits for an answer waits for no timer: a step that finds its lane idle goes at once and alone; while it is
//! under way the next batch fills. See `docs/decisions/0015-batches-without-a-timer.md`.

mod drive;
mod hanging;

use super::fault;
use crate::ports::store::StoreFault;
use drive::Driver;
use futures_util::FutureExt as _;
use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

/// How many steps go together at most: more would cost each of them hardly less, and the texts for them much memory.
const MOST: usize = 32;

/// How many batches are under way at a time: while one waits for the disk another is worked on.
const AT_ONCE: usize = 2;

/// How many steps wait before those who bring more have to wait too.
const QUEUE: usize = 1024;

/// What two steps must not have in common to go together: a row that both would write.
pub(super) type Mark = [u8; 32];

/// Why a batch came to nothing. Nothing of it was written.
pub(super) enum Broken {
    /// The database refused the statement: one step of the batch may be the cause, so each is tried alone.
    Refused(StoreFault),
    /// The connection does not serve: no step would fare better.
    Lost(StoreFault),
}

/// What a lane does.
pub(super) trait Work: Send + Sync + 'static {
    /// What its steps are called, as in spans.
    const OPERATION: &'static str;

    /// A step.
    type Step: Send + Sync + 'static;
    /// What comes of it.
    type Outcome: Send + 'static;

    /// What no other step of the same batch may have in common with it.
    fn marks(step: &Self::Step) -> impl Iterator<Item = Mark>;

    /// Whether two steps that write different rows may go together.
    fn together(_first: &Self::Step, _next: &Self::Step) -> bool {
        true
    }

    /// Does the steps, all of them or none. An outcome for each, in their order; `None` for a step that was not decided
    /// because of another, and comes again.
    fn run(&self, steps: &[&Self::Step]) -> impl Future<Output = Result<Vec<Option<Self::Outcome>>, Broken>> + Send;
}

struct Waiting<W: Work> {
    step: W::Step,
    /// When its caller waits no longer.
    deadline: Instant,
    answer: oneshot::Sender<Result<W::Outcome, StoreFault>>,
}

/// Lanes that take turns: while the batches of some are under way, those of the others fill. On a machine with few cores that
/// makes fewer and larger statements, which cost less together than many small ones.
#[derive(Clone)]
pub(super) struct Turns(Arc<Semaphore>);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// A lane. It ends when it is dropped and its last batch is done.
pub(super) struct Lane<W: Work> {
    queue: mpsc::Sender<Waiting<W>>,
    limit: Duration,
}

impl<W: Work> Lane<W> {
    /// A lane whose steps take `limit` at the longest, with the wait before their batch: a batch whose callers have all left
    /// holds up nobody who comes after them. `pause` is how long a step waits for others to come, where
    /// nobody waits for the step. Asks for a running tokio runtime.
    pub(super) fn start(work: W, limit: Duration, turns: &Turns, pause: Duration) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        let driver = Driver::new(Arc::new(work), turns.clone(), sender.downgrade());
        tokio::spawn(driver.drive(pause, queue));
        Self { queue: sender, limit }
    }

    /// Does one step. A caller who gives up before its batch has begun leaves nothing behind.
    pub(super) async fn run(&self, step: W::Step) -> Result<W::Outcome, StoreFault> {
        let (answer, outcome) = oneshot::channel();
        let deadline = Instant::now() + self.limit;
        let sent = self.queue.send(Waiting { step, deadline, answer }).await;
        sent.map_err(|_| fault::unavailable("the store is closed"))?;
        outcome.await.unwrap_or_else(|_| Err(fault::broken("the step broke off")))
    }
}

/// Does a batch and answers its callers; gives back the steps that come again.
async fn flight<W: Work>(work: Arc<W>, batch: Vec<Waiting<W>>) -> Vec<Waiting<W>> {
    AssertUnwindSafe(done(work.as_ref(), batch)).catch_unwind().await.unwrap_or_default()
}

async fn done<W: Work>(work: &W, batch: Vec<Waiting<W>>) -> Vec<Waiting<W>> {
    let Some(last) = batch.iter().map(|waiting| waiting.deadline).max() else { return Vec::new() };
    let steps: Vec<_> = batch.iter().map(|waiting| &waiting.step).collect();
    match bounded(work, last, &steps).await {
        Ok(outcomes) => answer(batch, outcomes),
        Err(Broken::Refused(_)) if batch.len() > 1 => {
            let mut again = Vec::new();
            for waiting in batch {
                match bounded(work, waiting.deadline, &[&waiting.step]).await {
                    Ok(outcomes) => again.extend(answer(vec![waiting], outcomes)),
                    Err(Broken::Refused(fault) | Broken::Lost(fault)) => drop(waiting.answer.send(Err(fault))),
                }
            }
            again
        }
        Err(Broken::Refused(fault) | Broken::Lost(fault)) => {
            let mut fault = Some(fault);
            for waiting in batch {
                let fault = fault.take().unwrap_or_else(|| fault::unavailable("the batch came to nothing"));
                let _ = waiting.answer.send(Err(fault));
            }
            Vec::new()
        }
    }
}

async fn bounded<W: Work>(work: &W, deadline: Instant, steps: &[&W::Step]) -> Result<Vec<Option<W::Outcome>>, Broken> {
    let done = timeout_at(deadline, work.run(steps)).await;
    done.unwrap_or_else(|_| Err(Broken::Lost(fault::unavailable("no answer in time"))))
}

fn answer<W: Work>(batch: Vec<Waiting<W>>, outcomes: Vec<Option<W::Outcome>>) -> Vec<Waiting<W>> {
    let mut again = Vec::new();
    for (waiting, outcome) in batch.into_iter().zip(outcomes) {
        match outcome {
            Some(outcome) => drop(waiting.answer.send(Ok(outcome))),
            None => again.push(waiting),
        }
    }
    again
}

#[cfg(test)]
mod tests;
