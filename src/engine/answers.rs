//! Repeatable writes: the same request id with the same request gives the same answer (AIP-155).

use super::fault;
use crate::{
    domain::{
        answer::{ANSWER_BODY, AnswerKey, RecordedAnswer},
        digest::Digest,
        id::SessionId,
        refusal::{FieldReason, FieldViolation, Refusal},
        sealed::{CannotOpen, Place, open, seal},
        secret::{ExposeSecret, Secret},
        time::Timestamp,
    },
    ports::{
        clock::Clock,
        entropy::Entropy,
        keys::Keys,
        store::{CountedAnswer, KnownAnswer, Store, StoreFault},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use uuid::Uuid;
use zeroize::Zeroizing;

/// How long an answer can be asked for again.
const RETENTION: Duration = Duration::from_mins(10);

/// A request that its caller may repeat.
#[derive(Debug)]
pub struct Repeatable {
    /// Chosen by the caller.
    pub request_id: Uuid,
    /// The whole request in its wire form, by which a repetition is told from another request.
    pub encoded: Secret<Vec<u8>>,
}

impl Repeatable {
    /// The same of a call that acts on whoever makes it: under the id of another session's call it is another request.
    pub(crate) fn of(&self, asker: SessionId) -> Self {
        let encoded = [self.encoded.expose_secret().as_slice(), asker.bytes()].concat();
        Self { request_id: self.request_id, encoded: Secret::new(Box::new(encoded)) }
    }
}

/// Recorded answers.
pub(crate) struct Answers {
    store: Arc<dyn Store>,
    keys: Arc<dyn Keys>,
    entropy: Arc<dyn Entropy>,
    turns: Turns,
}

/// Who is at a call, by its key.
type Turns = Arc<Mutex<HashMap<Digest, Weak<AsyncMutex<()>>>>>;

/// A turn at a call: whoever has it is alone with it in this process.
pub(crate) struct Turn {
    call: Digest,
    /// Holds the turn, and what it is a turn at.
    held: OwnedMutexGuard<()>,
    turns: Turns,
}

impl Answers {
    pub(crate) fn new(store: Arc<dyn Store>, keys: Arc<dyn Keys>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, keys, entropy, turns: Turns::default() }
    }

    /// Waits until no other call under the same id is under way in this process, so that one of many at once does the work
    /// and the others find its answer, instead of being counted and charged beside it. Keep it to the end of the call.
    pub(crate) async fn turn(&self, key: Option<&AnswerKey>) -> Option<Turn> {
        let call = key?.call;
        let place = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.get(&call).and_then(Weak::upgrade).unwrap_or_else(|| {
                let place = Arc::default();
                turns.insert(call, Arc::downgrade(&place));
                place
            })
        };
        Some(Turn { call, held: place.lock_owned().await, turns: Arc::clone(&self.turns) })
    }

    /// The key of a call of `method`.
    pub(crate) fn key(&self, method: &'static str, repeatable: &Repeatable) -> AnswerKey {
        let key = self.keys.index();
        let id = repeatable.request_id.as_bytes();
        AnswerKey {
            call: Digest::hmac(&key, &[b"identity.v1 call", method.as_bytes(), id]),
            fingerprint: Digest::hmac(&key, &[b"identity.v1 request", repeatable.encoded.expose_secret()]),
        }
    }

    /// Does a call once under its id, and gives its answer to every other that asks the same. `work` is to record its answer
    /// under the key, in the transaction of its write; it is `None` where that found the call answered by another process.
    pub(crate) async fn once<T, F>(
        &self,
        method: &'static str,
        repeatable: Option<&Repeatable>,
        clock: &dyn Clock,
        work: impl FnOnce(Option<AnswerKey>, Timestamp) -> F + Send,
    ) -> Result<T, Refusal>
    where
        T: DeserializeOwned,
        F: Future<Output = Result<Option<T>, Refusal>> + Send,
    {
        let key = repeatable.map(|repeatable| self.key(method, repeatable));
        let _turn = self.turn(key.as_ref()).await;
        let now = clock.now();
        if let Some(answer) = self.find(key.as_ref(), now).await? {
            return Ok(answer);
        }
        match work(key, now).await? {
            Some(answer) => Ok(answer),
            // What the other was asked for may be another thing, and then this has not been done.
            None => self.find(key.as_ref(), now).await?.ok_or(Refusal::Internal),
        }
    }

    /// The answer given before, where there is one.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        key: Option<&AnswerKey>,
        now: Timestamp,
    ) -> Result<Option<T>, Refusal> {
        let Some(key) = key else { return Ok(None) };
        match self.store.answer(key, now).await.map_err(|fault| fault::store(&fault))? {
            KnownAnswer::None => Ok(None),
            KnownAnswer::Different => Err(Refusal::Invalid(vec![FieldViolation {
                field: "request_id",
                description: "was used for another request; choose a new UUID for a new request".to_owned(),
                reason: FieldReason::Field,
            }])),
            KnownAnswer::Same(sealed) => {
                let place = Place { column: ANSWER_BODY, row: key.call.bytes() };
                let body = open(&self.keys.sealing(), place, &sealed).map_err(|fault| fault::seal(&fault))?;
                serde_json::from_slice(body.expose_secret()).map(Some).map_err(|_| Refusal::Internal)
            }
        }
    }

    /// What was answered meanwhile to a call that is about to be refused: another process may have been asked the same at the same
    /// time, and its work is then why this one is refused.
    pub(crate) async fn meanwhile<T: DeserializeOwned>(
        &self,
        key: Option<&AnswerKey>,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Option<T> {
        let is_fault = matches!(refusal, Refusal::StoreUnavailable | Refusal::Internal | Refusal::Overloaded);
        self.find(key.filter(|_| !is_fault), now).await.ok().flatten()
    }

    /// Seals an answer for the transaction of its write.
    pub(crate) fn record<T: Serialize>(
        &self,
        key: AnswerKey,
        answer: &T,
        now: Timestamp,
    ) -> Result<RecordedAnswer, Refusal> {
        let plain = Zeroizing::new(serde_json::to_vec(answer).map_err(|_| Refusal::Internal)?);
        let sealed = sealed(key, &plain, now, &*self.keys, &*self.entropy);
        sealed.map_err(|fault| fault::seal(&fault))
    }

    /// Seals an answer that is a number, once the transaction of its write knows it.
    pub(crate) fn record_count(&self, key: AnswerKey, now: Timestamp) -> CountedAnswer {
        let (keys, entropy) = (Arc::clone(&self.keys), Arc::clone(&self.entropy));
        Box::new(move |count| {
            let plain = count.to_string();
            let sealed = sealed(key, plain.as_bytes(), now, &*keys, &*entropy);
            sealed.map_err(|fault| StoreFault::Broken(fault.into()))
        })
    }
}

fn sealed(
    key: AnswerKey,
    plain: &[u8],
    now: Timestamp,
    keys: &dyn Keys,
    entropy: &dyn Entropy,
) -> Result<RecordedAnswer, CannotOpen> {
    let place = Place { column: ANSWER_BODY, row: key.call.bytes() };
    let body = seal(&keys.sealing(), place, entropy.nonce(), plain)?;
    Ok(RecordedAnswer { key, body, expire_time: now.after(RETENTION) })
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits: a place is only ever taken up under this lock.
        if Arc::strong_count(OwnedMutexGuard::mutex(&self.held)) == 1 {
            turns.remove(&self.call);
        }
    }
}
