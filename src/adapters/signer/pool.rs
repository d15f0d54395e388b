//! Threads that do nothing but sign, so that a signature never holds up those who answer.

use super::keys::SigningKey;
use crate::{domain::secret::SecretString, ports::signer::SignerFault};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    io,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// One token to sign.
struct Job {
    key: Arc<SigningKey>,
    /// Header and claims, encoded.
    message: String,
    answer: oneshot::Sender<Result<SecretString, SignerFault>>,
    /// Given back when a thread takes the job.
    place: OwnedSemaphorePermit,
}

/// The threads and the queue before them.
pub(super) struct SigningPool {
    queue: Sender<Job>,
    /// The places of the queue: those that wait, and those that have been taken for what comes.
    places: Arc<Semaphore>,
}

/// A place in the queue, and the key that will sign there.
pub(super) struct TakenPlace {
    queue: Sender<Job>,
    key: Arc<SigningKey>,
    place: OwnedSemaphorePermit,
}

impl SigningPool {
    /// Starts the threads. They end when the pool is dropped.
    pub(super) fn start(threads: NonZeroUsize, waiting: usize) -> io::Result<Self> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name(format!("signer-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, places: Arc::new(Semaphore::new(waiting)) })
    }

    /// Takes a place, or refuses at once where too many are waiting.
    pub(super) fn reserve(&self, key: Arc<SigningKey>) -> Result<TakenPlace, SignerFault> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| SignerFault::Overloaded)?;
        Ok(TakenPlace { queue: self.queue.clone(), key, place })
    }
}

impl TakenPlace {
    /// Signs the claims.
    pub(super) async fn sign(self, claims: &[u8]) -> Result<SecretString, SignerFault> {
        let Self { queue, key, place } = self;
        let mut message = String::with_capacity(key.header().len() + 1 + claims.len() * 4 / 3 + 2);
        message.push_str(key.header());
        message.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut message);
        let (answer, signed) = oneshot::channel();
        queue.send(Job { key, message, answer, place }).map_err(|_| SignerFault::Failed)?;
        // While one sender lives the threads do: this one is not to keep them.
        drop(queue);
        signed.await.unwrap_or(Err(SignerFault::Failed))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    yield_to_others();
    // Whoever holds the lock waits for the next job, the others wait for the lock.
    while let Ok(job) = { jobs.lock().unwrap_or_else(PoisonError::into_inner).recv() } {
        let Job { key, message, answer, place } = job;
        drop(place);
        // A caller that has hung up gets no signature.
        if !answer.is_closed() {
            let _ = answer.send(sign(&key, message));
        }
    }
}

fn sign(key: &SigningKey, message: String) -> Result<SecretString, SignerFault> {
    let signature = key.sign(message.as_bytes()).ok_or(SignerFault::Failed)?;
    let mut token = message;
    token.reserve_exact(1 + signature.len());
    token.push('.');
    token.push_str(&signature);
    Ok(SecretString::from(token))
}

/// How far signing steps back behind answering when both want the processor: it gets about a third as much.
#[cfg(target_os = "linux")]
const STEP_BACK: i32 = 5;

/// On Linux the priority is of the calling thread, and lowering one's own needs no right (setpriority(2), "C library
/// / kernel differences"). Elsewhere it would be of the whole process, so nothing is done there.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(fault) = rustix::process::getpriority_process(None)
        .and_then(|niceness| rustix::process::setpriority_process(None, niceness + STEP_BACK))
    {
        tracing::warn!(%fault, "the signing threads keep the priority of the others");
    }
}
