//! The way of a message from those who accept it to the worker of the same process.

use crate::domain::{
    id::MessageId,
    message::{ClaimedMessage, NewMessage, Recipient},
    time::Timestamp,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

/// How many messages may be on their way to the worker in memory; what is beyond waits in the outbox alone.
const PLACES: usize = 128;

/// How many messages are remembered of which it is not known whether they were accepted: as many as may be under way when the store
/// goes away. What comes later was most likely not even asked for.
const DOUBTS: usize = PLACES;

/// How many of them are looked for at a time.
const LOOKED_FOR: usize = 32;

/// Hands accepted messages to this process's worker, which so need not ask the outbox for them. A message is accepted as
/// claimed: where this process dies, another worker gets it when the lease is over. Clones are the same way.
#[derive(Clone)]
pub struct Handoff(Arc<Inner>);

struct Inner {
    places: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<Handed>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Handed>>>,
    roused: Notify,
    noticed: Notify,
    /// What may have been accepted, and when its lease ends.
    doubts: Mutex<VecDeque<(MessageId, Timestamp)>>,
    lease: Duration,
}

/// A place on the way, for one message; free again when it is dropped.
pub struct Place(#[expect(dead_code, reason = "it is held, not read")] OwnedSemaphorePermit);

/// A message that this process's worker has to itself until the end of its lease.
pub(super) struct Handed {
    pub(super) message: ClaimedMessage,
    pub(super) lease_end: Timestamp,
    pub(super) place: Option<Place>,
}

impl Handed {
    /// A message that the worker has claimed itself.
    pub(super) const fn claimed(message: ClaimedMessage, lease_end: Timestamp) -> Self {
        Self { message, lease_end, place: None }
    }
}

impl Handoff {
    /// A way whose messages are claimed for `lease`, which is longer than a hand-over to the provider takes.
    #[must_use]
    pub fn new(lease: Duration) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self(Arc::new(Inner {
            places: Arc::new(Semaphore::new(PLACES)),
            sender,
            receiver: Mutex::new(Some(receiver)),
            roused: Notify::new(),
            noticed: Notify::new(),
            doubts: Mutex::default(),
            lease,
        }))
    }

    /// Claims `message`, which is about to be accepted, for this process's worker, where there is room for it.
    #[must_use]
    pub fn claim(&self, message: &mut NewMessage) -> Option<Place> {
        let place = Arc::clone(&self.0.places).try_acquire_owned().ok().map(Place);
        message.lease_end = place.as_ref().map(|_| message.create_time.after(self.0.lease));
        place
    }

    /// Passes a message on that has been accepted; `place` is what [`Handoff::claim`] gave for it. Without one the worker
    /// is roused to look into the outbox.
    pub fn pass(&self, message: NewMessage, place: Option<Place>) {
        let NewMessage { message_id, challenge_id, content, create_time, expire_time, lease_end } = message;
        let (Some(place), Some(lease_end)) = (place, lease_end) else { return self.rouse() };
        let recipient = Recipient::InContent;
        let (attempts, unanswered) = (1, 0);
        let message = ClaimedMessage {
            message_id,
            challenge_id,
            recipient,
            content,
            attempts,
            unanswered,
            create_time,
            expire_time,
        };
        // Where no worker receives any more, the message is claimed again when its lease is over.
        let _ = self.0.sender.send(Handed { message, lease_end, place: Some(place) });
    }

    /// Remembers a message that was to be accepted as claimed, where the store did not say whether it was. Nobody carries it: it
    /// may not be there, and nobody is to get a code that is not. The worker has it be due as soon as the store answers, rather than
    /// at the end of the lease.
    pub fn doubt(&self, message: &NewMessage) {
        let mut doubts = self.doubts();
        if let Some(lease_end) = message.lease_end
            && doubts.len() < DOUBTS
        {
            doubts.push_back((message.message_id, lease_end));
        }
    }

    /// Some of those that are in doubt, the next ones at each call. They are so to the end of their lease, as a commit that was
    /// given up waiting for may come late.
    pub(super) fn doubted(&self, now: Timestamp) -> Vec<MessageId> {
        let mut doubts = self.doubts();
        doubts.retain(|(_, lease_end)| *lease_end > now);
        let some = doubts.len().min(LOOKED_FOR);
        doubts.rotate_left(some);
        doubts.iter().rev().take(some).map(|(id, _)| *id).collect()
    }

    fn doubts(&self) -> MutexGuard<'_, VecDeque<(MessageId, Timestamp)>> {
        self.0.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rouses the worker to look into the outbox: a message has been accepted without a place.
    pub fn rouse(&self) {
        self.0.roused.notify_one();
    }

    /// Has the worker look into the outbox soon: a notice has been accepted, which nobody waits for. Several of them go with
    /// one look.
    pub fn notice(&self) {
        self.0.noticed.notify_one();
    }

    /// Waits until notices have been accepted since the last wait.
    pub(super) async fn noticed(&self) {
        self.0.noticed.notified().await;
    }

    /// Waits until the worker is to look into the outbox, or returns at once where one has come since the last wait.
    pub(super) async fn roused(&self) {
        self.0.roused.notified().await;
    }

    /// What arrives; the first caller gets it.
    pub(super) fn receiver(&self) -> mpsc::UnboundedReceiver<Handed> {
        let taken = self.0.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.unwrap_or_else(|| mpsc::unbounded_channel().1)
    }

    /// How long a message is claimed for.
    pub(super) fn lease(&self) -> Duration {
        self.0.lease
    }
}
