//! Watching a challenge: those who watch are told of each change, from one look at the store for all of them.

use super::OtpEngine;
use crate::{
    domain::{
        id::ChallengeId, network::AddressBucket, progress::Progress, refusal::Refusal, secret::SecretString,
        session::Origin,
    },
    engine::fault,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::sync::watch::{self, Receiver, Sender};

/// How many may watch one challenge at a time: the asking device, and what it left open when its connection broke.
const OF_ONE: usize = 4;

/// How many may watch for one client address, or IPv6 network of 48 bits, at a time: a part of all, so that no stranger
/// takes every place by beginning many sign-ins.
const OF_CALLER: usize = 256;

/// How many may watch in this process at a time.
const OF_ALL: usize = 1024;

/// Whoever takes places: an IPv4 address, an IPv6 network of 48 bits, or all whose address is not known.
type Caller = Option<AddressBucket>;

/// What one who watches is told, and the places that this takes.
pub struct Watching {
    /// How the challenge stands, as it changes.
    pub changes: Receiver<Progress>,
    _place: Arc<()>,
}

/// Who watches in this process.
#[derive(Default)]
pub(super) struct Watchers(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    challenges: HashMap<ChallengeId, Sender<Progress>>,
    /// The places of each caller: as many as there are owners.
    callers: HashMap<Caller, Weak<()>>,
}

impl Watchers {
    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch; `None` where as many do as may.
    fn begin(&self, id: ChallengeId, caller: Caller, progress: Progress) -> Option<Watching> {
        if progress.approval.is_last() {
            return Some(Watching { changes: watch::channel(progress).1, _place: Arc::default() });
        }
        let mut watched = self.lock();
        watched.challenges.retain(|_, sender| !sender.is_closed());
        watched.callers.retain(|_, places| places.strong_count() > 0);
        let place = watched.callers.get(&caller).and_then(Weak::upgrade).unwrap_or_default();
        if Arc::strong_count(&place) > OF_CALLER {
            return None;
        }
        let all: usize = watched.challenges.values().map(Sender::receiver_count).sum();
        if all >= OF_ALL {
            return None;
        }
        if let Some(sender) = watched.challenges.get(&id) {
            let changes = (sender.receiver_count() < OF_ONE).then(|| sender.subscribe())?;
            watched.callers.insert(caller, Arc::downgrade(&place));
            return Some(Watching { changes, _place: place });
        }
        let (sender, changes) = watch::channel(progress);
        watched.challenges.insert(id, sender);
        watched.callers.insert(caller, Arc::downgrade(&place));
        Some(Watching { changes, _place: place })
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

fn caller(address: Option<IpAddr>) -> Caller {
    let bucket = AddressBucket::of(address?);
    Some(bucket.network().unwrap_or(bucket))
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
    /// where as many watch it, from that address, or in all, as may; faults.
    pub async fn watch(
        &self,
        challenge_id: &str,
        binding_secret: &SecretString,
        origin: &Origin,
    ) -> Result<Watching, Refusal> {
        let (id, progress) = self.asked_by(challenge_id, binding_secret).await?;
        self.watchers.begin(id, caller(origin.address), progress).ok_or(Refusal::Overloaded)
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
        let begin = |number| {
            let address = std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap());
            watchers.begin(id(number), caller(Some(address.into())), PENDING)
        };
        let mut of_one: Vec<_> = (0..OF_ONE).map(|_| begin(0).unwrap()).collect();
        assert!(begin(0).is_none());
        let others: Vec<_> = (1..=OF_ALL - OF_ONE).map(|number| begin(number).unwrap()).collect();
        assert!(begin(OF_ALL).is_none());
        of_one.pop();
        let again = begin(OF_ALL).unwrap();
        drop((of_one, others));
        assert_eq!(watchers.ids(), [id(OF_ALL)]);
        drop(again);
        assert!(watchers.ids().is_empty());
    }

    #[test]
    fn one_caller_takes_a_part_of_the_places() {
        let watchers = Watchers::default();
        let from = |address: &str| caller(Some(address.parse().unwrap()));
        assert_eq!(from("2001:db8:7::1"), from("2001:db8:7:ffff::2"), "an IPv6 network of 48 bits is one caller");
        assert_ne!(from("203.0.113.7"), from("203.0.113.8"));
        let begin = |number, address| watchers.begin(id(number), from(address), PENDING);
        let mut held: Vec<_> = (0..OF_CALLER).map(|number| begin(number, "203.0.113.7").unwrap()).collect();
        assert!(begin(OF_CALLER, "203.0.113.7").is_none());
        let neighbour = begin(OF_CALLER, "203.0.113.8").unwrap();
        // What has come to its end takes no place.
        let expired = Progress { approval: ApprovalState::Expired, ..PENDING };
        assert!(watchers.begin(id(OF_CALLER + 1), from("203.0.113.7"), expired).is_some());
        held.pop();
        let again = begin(OF_CALLER, "203.0.113.7").unwrap();
        assert!(begin(OF_CALLER + 1, "203.0.113.7").is_none());
        drop((held, neighbour, again));
        assert!(watchers.ids().is_empty() && begin(0, "203.0.113.7").is_some());
    }

    #[tokio::test]
    async fn each_change_is_told_and_the_last_one_ends_it() {
        let watchers = Watchers::default();
        let mut receiver = watchers.begin(id(1), None, PENDING).unwrap().changes;
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
        let mut receiver = watchers.begin(id(1), None, expired).unwrap().changes;
        assert_eq!(*receiver.borrow(), expired);
        assert!(receiver.changed().await.is_err() && watchers.ids().is_empty());
        let mut receiver = watchers.begin(id(2), None, PENDING).unwrap().changes;
        watchers.tell(&[id(2)], &HashMap::new());
        assert!(receiver.changed().await.is_err());
    }
}
