//! How a lane makes batches of what comes, and sends them off one after the other.

use super::{MOST, Mark, Turns, Waiting, Work, flight, hanging::Hanging};
use crate::{adapters::sql::fault, telemetry::metrics::STORE_BATCHES_LEFT_BEHIND};
use futures_util::FutureExt as _;
use std::{
    collections::VecDeque,
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

/// A batch that takes longer than this no longer holds up the batches of other lanes.
const TURN: Duration = Duration::from_millis(20);

/// A batch that takes longer than this no longer holds up those behind it in its own lane: it may wait for a row that
/// somebody else has locked, or for a connection that does not answer.
const HANGS: Duration = Duration::from_millis(100);

/// A step that has less time left than this is not begun: the database would do it after its caller was told that it had not, as a
/// statement that waits for a row goes on when nobody listens any more.
const LEAST: Duration = Duration::from_millis(100);

/// How long to be silent after it was said that a batch hangs.
const SILENCE: Duration = Duration::from_secs(10);

/// What a lane works with.
pub(super) struct Driver<W: Work> {
    work: Arc<W>,
    turns: Turns,
    hanging: Hanging,
    /// Where the steps of a batch that was left behind come again.
    again: mpsc::WeakSender<Waiting<W>>,
    /// When it was last said that a batch hangs.
    told: Mutex<Option<Instant>>,
}

/// What waits in a lane.
struct Line<W: Work> {
    queue: mpsc::Receiver<Waiting<W>>,
    next: VecDeque<Waiting<W>>,
    /// Those who want what a batch that hangs holds: they wait for its end, and nobody waits for them.
    aside: VecDeque<Waiting<W>>,
}

/// Steps that go together, and what they write.
struct Batch<W: Work> {
    steps: Vec<Waiting<W>>,
    marks: Vec<Mark>,
}

impl<W: Work> Driver<W> {
    pub(super) fn new(work: Arc<W>, turns: Turns, again: mpsc::WeakSender<Waiting<W>>) -> Self {
        Self { work, turns, hanging: Hanging::new(), again, told: Mutex::new(None) }
    }

    /// Works until nobody can bring steps any more.
    pub(super) async fn drive(self, pause: Duration, queue: mpsc::Receiver<Waiting<W>>) {
        let mut line = Line { queue, next: VecDeque::new(), aside: VecDeque::new() };
        while line.fill(&self.hanging, pause).await {
            let turn = self.turns.0.acquire().await;
            line.take_in();
            let Batch { steps, marks } = line.batch(&self.hanging);
            if steps.is_empty() {
                continue;
            }
            let flight = Box::pin(flight(Arc::clone(&self.work), steps));
            for step in self.watch(flight, marks, turn).await {
                line.next.push_front(step);
            }
        }
    }

    /// Waits for a batch, and gives the steps that come again. One that hangs gives its turn away first, and then the lane:
    /// it is the next one's to begin on another connection, as long as few hang.
    async fn watch<T>(
        &self,
        mut flight: Pin<Box<impl Future<Output = Vec<Waiting<W>>> + Send + 'static>>,
        marks: Vec<Mark>,
        turn: T,
    ) -> Vec<Waiting<W>> {
        let begun = Instant::now();
        tokio::select! {
            biased;
            again = &mut flight => return again,
            () = sleep(TURN) => drop(turn),
        }
        let place = async {
            sleep_until(begun + HANGS).await;
            self.hanging.place(marks).await
        };
        let place = tokio::select! {
            biased;
            again = &mut flight => return again,
            place = place => place,
        };
        STORE_BATCHES_LEFT_BEHIND.add_labelled(W::OPERATION, "postgresql", 1);
        self.tell();
        let queue = self.again.clone();
        tokio::spawn(async move {
            let again = flight.await;
            drop(place);
            for step in again {
                let Some(queue) = queue.upgrade() else { return };
                let _ = queue.send(step).await;
            }
        });
        Vec::new()
    }

    /// Says that a batch hangs, unless it was said a moment ago.
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() > SILENCE) {
            *told = Some(Instant::now());
            tracing::warn!(
                operation = W::OPERATION,
                "a statement hangs: who holds its rows or the disk is told by `SELECT pid, wait_event_type, wait_event, \
                 pg_blocking_pids(pid), query FROM pg_stat_activity`; its callers get UNAVAILABLE, the others go on"
            );
        }
    }
}

impl<W: Work> Line<W> {
    /// Waits until there is a next step; false when none will come.
    async fn fill(&mut self, hanging: &Hanging, pause: Duration) -> bool {
        if !self.aside.is_empty() && hanging.ended().now_or_never().is_some() {
            self.next.append(&mut self.aside);
        }
        while self.next.is_empty() {
            tokio::select! {
                biased;
                first = self.queue.recv() => {
                    let Some(first) = first else { return false };
                    self.next.push_back(first);
                    self.gather(pause).await;
                }
                () = hanging.ended(), if !self.aside.is_empty() => self.next.append(&mut self.aside),
            }
        }
        true
    }

    /// Waits for others to come, for `pause` or until a batch is full: pauses between full batches would limit what a lane
    /// does, and what waits before it would grow.
    async fn gather(&mut self, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let mut over = pin!(sleep(pause));
        while self.next.len() < MOST {
            tokio::select! {
                biased;
                next = self.queue.recv() => match next {
                    Some(next) => self.next.push_back(next),
                    None => return,
                },
                () = &mut over => return,
            }
        }
    }

    /// Takes in what has come meanwhile, for one batch.
    fn take_in(&mut self) {
        while self.next.len() < MOST
            && let Ok(next) = self.queue.try_recv()
        {
            self.next.push_back(next);
        }
    }

    /// Takes those out of the line that may go together, in its order; the others stay. Who has gone is not waited for.
    fn batch(&mut self, hanging: &Hanging) -> Batch<W> {
        let enough = Instant::now() + LEAST;
        let mut batch = Batch { steps: Vec::with_capacity(self.next.len()), marks: Vec::new() };
        for _ in 0..self.next.len() {
            let Some(next) = self.next.pop_front() else { break };
            if next.answer.is_closed() {
                continue;
            }
            if next.deadline < enough {
                let _ = next.answer.send(Err(fault::unavailable("no time was left to begin")));
                continue;
            }
            let own: Vec<Mark> = W::marks(&next.step).collect();
            let fits = batch.steps.first().is_none_or(|first: &Waiting<W>| W::together(&first.step, &next.step));
            if hanging.holds(&own) {
                self.aside.push_back(next);
            } else if !fits || own.iter().any(|mark| batch.marks.contains(mark)) {
                self.next.push_back(next);
            } else {
                batch.marks.extend(own);
                batch.steps.push(next);
            }
        }
        batch
    }
}
