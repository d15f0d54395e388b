//! Threads that do nothing but sign, so that a signature never holds up those who answer.

use super::keys::SigningKey;
use crate::{domain::secret::SecretString, ports::signer::SignerFault};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    collections::VecDeque,
    io,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
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

/// What the threads do with a job.
type Sign = fn(&SigningKey, String) -> Result<SecretString, SignerFault>;

/// A token to open while nobody waits for a signature.
pub(super) type Check = Box<dyn FnOnce() + Send>;

/// How many tokens wait to be opened at most: whoever finds as many waiting is quicker alone.
const MOST_CHECKS: usize = 4;

/// What waits for a thread. A channel of the standard library has one receiver: the threads would have to share it under a
/// lock, and each job would wake two of them, one to sign and one to wait in its stead.
#[derive(Default)]
struct Queue {
    line: Mutex<Line>,
    /// Somebody joined the line, or it is closed.
    changed: Condvar,
}

#[derive(Default)]
struct Line {
    jobs: VecDeque<Job>,
    /// How many threads sign.
    signing: usize,
    checks: VecDeque<Check>,
    /// A thread opens tokens: it goes on with those that come meanwhile, and no second one is woken for them.
    checking: bool,
    closed: bool,
}

/// What a thread does next.
enum Next {
    Sign(Job),
    Check(Check),
}

impl Queue {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        self.line().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// Takes a token to open, unless somebody wants a signature or enough wait.
    fn push_check(&self, check: impl FnOnce() -> Check) -> bool {
        let mut line = self.line();
        if line.signing > 0 || !line.jobs.is_empty() || line.checks.len() >= MOST_CHECKS {
            return false;
        }
        line.checks.push_back(check());
        let asleep = !line.checking && line.checks.len() == 1;
        drop(line);
        if asleep {
            self.changed.notify_one();
        }
        true
    }

    /// What comes next; `None` when nobody can bring anything any more. Signatures go first.
    fn next(&self) -> Option<Next> {
        let mut line = self.line();
        loop {
            if let Some(job) = line.jobs.pop_front() {
                line.signing += 1;
                return Some(Next::Sign(job));
            }
            if !line.checking
                && let Some(check) = line.checks.pop_front()
            {
                line.checking = true;
                return Some(Next::Check(check));
            }
            if line.closed {
                return None;
            }
            line = self.changed.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn signed(&self) {
        self.line().signing -= 1;
    }

    /// A token has been opened. Where others wait this thread may be wanted for signatures, so that another one is woken
    /// for them.
    fn checked(&self) {
        let mut line = self.line();
        line.checking = false;
        let left = !line.checks.is_empty() && !line.jobs.is_empty();
        drop(line);
        if left {
            self.changed.notify_one();
        }
    }
}

/// Those who may bring jobs. When the last of them has gone the threads end.
struct Door(Arc<Queue>);

impl Drop for Door {
    fn drop(&mut self) {
        self.0.line().closed = true;
        self.0.changed.notify_all();
    }
}

/// The threads and the queue before them.
pub(super) struct SigningPool {
    door: Arc<Door>,
    /// The places of the queue: those that wait, and those that have been taken for what comes.
    places: Arc<Semaphore>,
}

/// A place in the queue, and the key that will sign there.
pub(super) struct TakenPlace {
    door: Arc<Door>,
    key: Arc<SigningKey>,
    place: OwnedSemaphorePermit,
}

impl SigningPool {
    /// Starts the threads. They end when the pool is dropped and nobody has a place any more.
    pub(super) fn start(threads: NonZeroUsize, waiting: usize) -> io::Result<Self> {
        Self::of(threads, waiting, sign)
    }

    fn of(threads: NonZeroUsize, waiting: usize, sign: Sign) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let door = Arc::new(Door(Arc::clone(&queue)));
        for number in 0..threads.get() {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("signer-{number}")).spawn(move || work(&queue, sign))?;
        }
        Ok(Self { door, places: Arc::new(Semaphore::new(waiting)) })
    }

    /// Takes a place, or refuses at once where too many are waiting.
    pub(super) fn reserve(&self, key: Arc<SigningKey>) -> Result<TakenPlace, SignerFault> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| SignerFault::Overloaded)?;
        Ok(TakenPlace { door: Arc::clone(&self.door), key, place })
    }

    /// Has a thread do `check`, which answers by itself; false where the caller is quicker alone, or signatures are wanted.
    pub(super) fn check(&self, check: impl FnOnce() -> Check) -> bool {
        self.door.0.push_check(check)
    }
}

impl TakenPlace {
    /// Signs the claims.
    pub(super) async fn sign(self, claims: &[u8]) -> Result<SecretString, SignerFault> {
        let Self { door, key, place } = self;
        let mut message = String::with_capacity(key.header().len() + 1 + claims.len() * 4 / 3 + 2);
        message.push_str(key.header());
        message.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut message);
        let (answer, signed) = oneshot::channel();
        door.0.push(Job { key, message, answer, place });
        // While one door is open the threads wait for more: this one is not to keep them.
        drop(door);
        signed.await.unwrap_or(Err(SignerFault::Failed))
    }
}

fn work(queue: &Queue, sign: Sign) {
    yield_to_others();
    while let Some(next) = queue.next() {
        // A thread that ended would leave the others' work to fewer, and the last one its own to nobody.
        match next {
            Next::Sign(Job { key, message, answer, place }) => {
                drop(place);
                // A caller that has hung up gets no signature.
                if !answer.is_closed() {
                    let signed = catch_unwind(AssertUnwindSafe(|| sign(&key, message)));
                    let _ = answer.send(signed.unwrap_or(Err(SignerFault::Failed)));
                }
                queue.signed();
            }
            Next::Check(check) => {
                let _ = catch_unwind(AssertUnwindSafe(check));
                queue.checked();
            }
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

#[cfg(test)]
mod tests {
    use super::{
        super::{SigningKeys, generate_pem},
        *,
    };
    use std::{sync::LazyLock, time::Duration};

    static KEYS: LazyLock<SigningKeys> =
        LazyLock::new(|| SigningKeys::from_pems(vec![("a.pem".to_owned(), generate_pem().unwrap())]).unwrap());

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    fn place(pool: &SigningPool) -> TakenPlace {
        pool.reserve(Arc::clone(KEYS.active())).unwrap()
    }

    #[tokio::test]
    async fn a_panic_fails_its_own_token_alone() {
        let pool = SigningPool::of(ONE, 2, |key, message| {
            assert!(!message.ends_with(&URL_SAFE_NO_PAD.encode("bad")), "on purpose");
            sign(key, message)
        });
        let pool = pool.unwrap();
        let signed = async |claims: &'static [u8]| {
            let signed = tokio::time::timeout(Duration::from_secs(20), place(&pool).sign(claims)).await;
            signed.expect("nobody answers")
        };
        for _ in 0..3 {
            assert!(matches!(signed(b"bad").await, Err(SignerFault::Failed)));
            assert!(signed(b"good").await.is_ok());
        }
    }

    #[tokio::test]
    async fn the_threads_sign_for_those_who_have_a_place_and_then_end() {
        let pool = SigningPool::start(ONE, 1).unwrap();
        let (queue, kept) = (Arc::downgrade(&pool.door.0), place(&pool));
        drop(pool);
        assert!(kept.sign(b"{}").await.is_ok());
        for _ in 0..2000 {
            if queue.strong_count() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a thread waits for ever");
    }
}
