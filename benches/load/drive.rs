//! The two ways to put load on: as fast as answers come, and at a rate of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::procfs::{Meter, Party};
use super::stats::Latency;

/// Something that can be done again and again.
pub(crate) trait Work: Send + Sync + 'static {
    /// Does it once, for the worker of this number, and gives the time that counts.
    fn once(&self, worker: usize) -> impl Future<Output = anyhow::Result<Duration>> + Send;
}

/// How long to drive, and what to watch meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// Driven before anything counts.
    pub(crate) warm: Duration,
    /// Counted.
    pub(crate) measured: Duration,
    /// Whose CPU time is counted.
    pub(crate) parties: Vec<Party>,
}

/// What a drive gave.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The times that counted.
    pub(crate) latency: Latency,
    /// How much was done in the measured time.
    pub(crate) done: u64,
    /// How much failed, in all.
    pub(crate) failed: u64,
    /// The first failure.
    pub(crate) failure: Option<String>,
    /// The measured time.
    pub(crate) elapsed: Duration,
    /// CPU time in the measured time, by party.
    pub(crate) cpu: Vec<(&'static str, Duration)>,
}

impl Run {
    fn new() -> Self {
        Self { latency: Latency::new(), done: 0, failed: 0, failure: None, elapsed: Duration::ZERO, cpu: Vec::new() }
    }

    fn count(&mut self, outcome: anyhow::Result<Duration>, late: Duration, counts: bool) {
        match outcome {
            Ok(time) if counts => {
                self.done += 1;
                self.latency.record(time + late);
            }
            Ok(_) => {}
            Err(error) => {
                self.failed += 1;
                self.failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.latency.add(&other.latency);
        self.done += other.done;
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
    }

    /// How much was done in a second.
    pub(crate) fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of a few seconds")]
        let done = self.done as f64;
        done / self.elapsed.as_secs_f64()
    }

    /// CPU microseconds of a party for each thing done.
    pub(crate) fn cpu_micros(&self, party: &str) -> f64 {
        let spent = self.cpu.iter().filter(|(name, _)| *name == party).map(|(_, spent)| spent.as_secs_f64());
        spent.sum::<f64>() / self.elapsed.as_secs_f64() / self.rate() * 1e6
    }
}

/// Drives `work` with `workers` that each wait for the answer before they ask again.
pub(crate) async fn closed<W: Work>(work: &Arc<W>, workers: usize, span: &Span) -> Run {
    let from = Instant::now() + span.warm;
    let until = from + span.measured;
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (work, stop) = (Arc::clone(work), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut run = Run::new();
            while !stop.load(Ordering::Relaxed) {
                let outcome = work.once(worker).await;
                let failed = outcome.is_err();
                let now = Instant::now();
                run.count(outcome, Duration::ZERO, now >= from && now < until);
                if failed {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            run
        });
    }
    let mut run = Run::new();
    tokio::time::sleep_until(from.into()).await;
    let meter = Meter::start(&span.parties);
    tokio::time::sleep_until(until.into()).await;
    run.cpu = meter.stop();
    run.elapsed = span.measured;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        run.add(ended.unwrap());
    }
    run
}

/// Does `work` so many times in all, with `workers` that each wait for the answer, and counts all of it.
pub(crate) async fn each<W: Work>(work: &Arc<W>, workers: usize, times: usize, parties: &[Party]) -> Run {
    let left = Arc::new(AtomicUsize::new(times));
    let meter = Meter::start(parties);
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (work, left) = (Arc::clone(work), Arc::clone(&left));
        tasks.spawn(async move {
            let mut run = Run::new();
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                run.count(work.once(worker).await, Duration::ZERO, true);
            }
            run
        });
    }
    let mut run = Run::new();
    while let Some(ended) = tasks.join_next().await {
        run.add(ended.unwrap());
    }
    run.elapsed = begin.elapsed();
    run.cpu = meter.stop();
    run
}

/// Drives `work` at `rate` a second, arrivals independent of each other and of the answers (a Poisson process). A time
/// counts from the moment at which the call was due, so that a queue in front of the server is not hidden.
pub(crate) async fn open<W: Work>(work: &Arc<W>, rate: f64, span: &Span) -> Run {
    let begin = Instant::now() + Duration::from_millis(20);
    let from = begin + span.warm;
    let until = from + span.measured;
    let (send, mut due) = mpsc::unbounded_channel::<Instant>();
    // A thread of its own: the runtime's timer wakes by the millisecond, which is longer than what is measured.
    let pacer = thread::spawn(move || {
        let mut arrivals = Arrivals { state: 0x9E37_79B9_7F4A_7C15, mean: 1.0 / rate };
        let mut at = begin;
        while at < until {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if send.send(at).is_err() {
                return;
            }
            at += arrivals.pause();
        }
    });
    let shared = Arc::new(Mutex::new(Run::new()));
    let mut tasks = JoinSet::new();
    let mut meter = None;
    let mut number = 0;
    while let Some(intended) = due.recv().await {
        if meter.is_none() && intended >= from {
            meter = Some(Meter::start(&span.parties));
        }
        let (work, shared) = (Arc::clone(work), Arc::clone(&shared));
        let worker = number;
        number += 1;
        tasks.spawn(async move {
            let late = Instant::now().saturating_duration_since(intended);
            let outcome = work.once(worker).await;
            shared.lock().unwrap().count(outcome, late, intended >= from);
        });
        while tasks.try_join_next().is_some() {}
    }
    let cpu = meter.map(|meter| meter.stop()).unwrap_or_default();
    while tasks.join_next().await.is_some() {}
    pacer.join().unwrap();
    let mut run = shared.lock().unwrap().clone();
    run.elapsed = span.measured;
    run.cpu = cpu;
    run
}

/// Pauses between arrivals, distributed exponentially. The same in every run.
struct Arrivals {
    state: u64,
    mean: f64,
}

impl Arrivals {
    /// By xorshift64*.
    fn pause(&mut self) -> Duration {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let random = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
        let share = (random as f64 + 1.0) / (1_u64 << 53) as f64;
        Duration::from_secs_f64((-share.ln() * self.mean).min(1.0))
    }
}
