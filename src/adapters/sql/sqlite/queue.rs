//! The way of jobs to threads, and the word of these threads that they have ended.

use std::{
    convert::Infallible,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

/// How long the end of the threads is waited for: a disk that hangs is not to keep a process alive.
const CLOSING: Duration = Duration::from_secs(1);

/// A way to threads.
pub(super) struct Queue<J> {
    jobs: Option<Sender<J>>,
    /// Each thread holds the other end until it has closed what it works on.
    closed: Mutex<Receiver<Infallible>>,
}

impl<J> Queue<J> {
    /// With what its threads take jobs from, and what each of them holds until it has ended.
    pub(super) fn new() -> (Self, Receiver<J>, Sender<Infallible>) {
        let ((jobs, taken), (open, closed)) = (channel(), channel());
        (Self { jobs: Some(jobs), closed: Mutex::new(closed) }, taken, open)
    }

    /// Whether there is still a thread that takes the job.
    pub(super) fn send(&self, job: J) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }

    /// Lets the threads do what they have been given, and waits for their end, a second at most.
    pub(super) fn close(&mut self) {
        self.jobs = None;
        let _ = self.closed.get_mut().unwrap_or_else(PoisonError::into_inner).recv_timeout(CLOSING);
    }
}
