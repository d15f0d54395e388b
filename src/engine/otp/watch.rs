//! Watching a challenge: those who watch are told of each change, from one look at the store for all of them.

use super::OtpEngine;
use crate::{
    domain::{id::ChallengeId, progress::Progress, refusal::Refusal, secret::SecretString},
    engine::fault,
};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch::{self, Receiver, Sender};

/// How many may watch one challenge at a time: the asking device, and what it left open when its connection broke.
const OF_ONE: usize = 4;

/// How many may watch in this process at a time.
const OF_ALL: usize = 1024;

/// Who watches in this process.
#[derive(Default)]
pub(super) struct Watchers(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    challenges: HashMap<ChallengeId, Sender<Progress>>,
    closed: bool,
}

impl Watchers {
    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch; `None` where as many do as may.
    fn begin(&self, id: ChallengeId, progress: Progress) -> Option<Receiver<Progress>> {
        if progress.approval.is_last() {
            return Some(watch::channel(progress).1);
        }
        let mut watched = self.lock();
        watched.challenges.retain(|_, sender| !sender.is_closed());
        let all: usize = watched.challenges.values().map(Sender::receiver_count).sum();
        if watched.closed || all >= OF_ALL {
            return None;
        }
        if let Some(sender) = watched.challenges.get(&id) {
            return (sender.receiver_count() < OF_ONE).then(|| sender.subscribe());
        }
        let (sender, receiver) = watch::channel(progress);
        watched.challenges.insert(id, sender);
        Some(receiver)
    }

    /// The challenges that somebody watches.
    fn ids(&self) -> Vec<ChallengeId> {
        let mut watched = self.lock();
        watched.challenges.retain(|_, sender| !sender.is_closed());
        watched.challenges.keys().copied().collect()
    }

    /// Tells those who watch one of the `looked_at` how it stands; what is no more, or has come to its end, is watched no
    /// longer.
    fn tell(&self, looked_at: &[ChallengeId], found: &HashMap<ChallengeId, Progress>) {
        let mut watched = self.lock();
        for id in looked_at {
            let progress = found.get(id);
            if let (Some(sender), Some(progress)) = (watched.challenges.get(id), progress) {
                tell(sender, *progress);
            }
            if progress.is_none_or(|progress| progress.approval.is_last()) {
                watched.challenges.remove(id);
            }
        }
    }
}

fn tell(sender: &Sender<Progress>, progress: Progress) {
    sender.send_if_modified(|told| {
        let differs = *told != progress;
        *told = progress;
        differs
    });
}

impl OtpEngine {
    /// How a challenge stands now, and each change of that, until it comes to its end. Only whoever asked may watch.
    ///
    /// # Errors
    /// [`Refusal::ChallengeNotFound`] for a challenge that never was and for another's alike; [`Refusal::Overloaded`]
    /// where as many watch it, or watch in all, as may; faults.
    pub async fn watch(
        &self,
        challenge_id: &str,
        binding_secret: &SecretString,
    ) -> Result<Receiver<Progress>, Refusal> {
        let (id, progress) = self.asked_by(challenge_id, binding_secret).await?;
        self.watchers.begin(id, progress).ok_or(Refusal::Overloaded)
    }

    /// How a challenge stands now, for whoever asked; it takes none of the places of those who watch.
    ///
    /// # Errors
    /// [`Refusal::ChallengeNotFound`] for a challenge that never was and for another's alike; faults.
    pub async fn progress_of(&self, challenge_id: &str, binding_secret: &SecretString) -> Result<Progress, Refusal> {
        self.asked_by(challenge_id, binding_secret).await.map(|(_, progress)| progress)
    }

    async fn asked_by(
        &self,
        challenge_id: &str,
        binding_secret: &SecretString,
    ) -> Result<(ChallengeId, Progress), Refusal> {
        let id = ChallengeId::parse(challenge_id).ok_or(Refusal::ChallengeNotFound)?;
        let challenge = self.parts.store.challenge(id).await.map_err(|fault| fault::store(&fault))?;
        if !challenge.is_some_and(|challenge| Self::is_asker(&challenge, Some(binding_secret))) {
            return Err(Refusal::ChallengeNotFound);
        }
        let progress = self.progress(&[id]).await?.remove(&id).ok_or(Refusal::ChallengeNotFound)?;
        Ok((id, progress))
    }

    /// Looks at every challenge that somebody watches, and tells what has changed. To be called twice a second.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`] where the store does not answer; those who watch wait on.
    pub async fn look_at_watched(&self) -> Result<(), Refusal> {
        let ids = self.watchers.ids();
        if ids.is_empty() {
            return Ok(());
        }
        let found = self.progress(&ids).await?;
        self.watchers.tell(&ids, &found);
        Ok(())
    }

    /// Lets nobody watch any longer: the service is about to end.
    pub fn end_watching(&self) {
        let mut watched = self.watchers.lock();
        watched.closed = true;
        watched.challenges.clear();
    }

    async fn progress(&self, ids: &[ChallengeId]) -> Result<HashMap<ChallengeId, Progress>, Refusal> {
        let standings = self.parts.store.standings(ids).await.map_err(|fault| fault::store(&fault))?;
        let now = self.parts.clock.now();
        Ok(standings.into_iter().map(|(id, standing)| (id, standing.at(now))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::progress::{ApprovalState, DeliveryState};
    use uuid::Uuid;

    const PENDING: Progress = Progress { delivery: DeliveryState::Queued, approval: ApprovalState::Pending };

    fn id(number: usize) -> ChallengeId {
        ChallengeId::new(Uuid::from_u128(u128::try_from(number).unwrap()))
    }

    #[test]
    fn no_more_than_may_and_who_leaves_makes_room() {
        let watchers = Watchers::default();
        let mut of_one: Vec<_> = (0..OF_ONE).map(|_| watchers.begin(id(0), PENDING).unwrap()).collect();
        assert!(watchers.begin(id(0), PENDING).is_none());
        let others: Vec<_> = (1..=OF_ALL - OF_ONE).map(|number| watchers.begin(id(number), PENDING).unwrap()).collect();
        assert!(watchers.begin(id(OF_ALL), PENDING).is_none());
        of_one.pop();
        let again = watchers.begin(id(OF_ALL), PENDING).unwrap();
        drop((of_one, others));
        assert_eq!(watchers.ids(), [id(OF_ALL)]);
        drop(again);
        assert!(watchers.ids().is_empty());
    }

    #[tokio::test]
    async fn each_change_is_told_and_the_last_one_ends_it() {
        let watchers = Watchers::default();
        let mut receiver = watchers.begin(id(1), PENDING).unwrap();
        let told = |progress| HashMap::from([(id(1), progress)]);
        watchers.tell(&[id(1)], &told(PENDING));
        assert!(!receiver.has_changed().unwrap(), "nothing has");
        let sent = Progress { delivery: DeliveryState::Sent, ..PENDING };
        watchers.tell(&[id(1)], &told(sent));
        receiver.changed().await.unwrap();
        assert_eq!(*receiver.borrow_and_update(), sent);
        let completed = Progress { approval: ApprovalState::Completed, ..sent };
        watchers.tell(&[id(1)], &told(completed));
        receiver.changed().await.unwrap();
        assert_eq!(*receiver.borrow_and_update(), completed);
        assert!(receiver.changed().await.is_err(), "nothing comes after");
        assert!(watchers.ids().is_empty());
    }

    #[tokio::test]
    async fn what_has_ended_is_told_once_and_what_is_swept_ends() {
        let watchers = Watchers::default();
        let expired = Progress { approval: ApprovalState::Expired, ..PENDING };
        let mut receiver = watchers.begin(id(1), expired).unwrap();
        assert_eq!(*receiver.borrow(), expired);
        assert!(receiver.changed().await.is_err() && watchers.ids().is_empty());
        let mut receiver = watchers.begin(id(2), PENDING).unwrap();
        watchers.tell(&[id(2)], &HashMap::new());
        assert!(receiver.changed().await.is_err());
    }
}
