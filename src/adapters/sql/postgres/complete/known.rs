//! Completes what is simple to complete: sign-ins of users who are there, are told nothing, and whose answers nobody keeps.

use super::{
    super::connections::{Connections, place},
    Complete, Events, KNOWN, bound,
};
use crate::{
    adapters::sql::lane::{Broken, Mark, Work},
    ports::store::{SignIn, SignInUser},
};
use std::sync::Arc;

/// Consumes challenges and opens sessions; `false`, and nothing written, where it is not that simple.
pub(in super::super) struct CompleteKnown(pub(in super::super) Connections);

impl CompleteKnown {
    /// Whether it may be that simple.
    pub(in super::super) const fn takes(sign_in: &SignIn) -> bool {
        matches!(sign_in.user, SignInUser::Existing { .. }) && sign_in.notice.is_none() && sign_in.answer.is_none()
    }
}

impl Work for CompleteKnown {
    type Step = Arc<SignIn>;
    type Outcome = bool;

    fn marks(step: &Arc<SignIn>) -> impl Iterator<Item = Mark> {
        Complete::marks(step)
    }

    async fn run(&self, steps: &[&Arc<SignIn>]) -> Result<Vec<Option<bool>>, Broken> {
        // The challenges are locked as they are given, so in one order with whoever else locks several.
        let mut sorted: Vec<_> = (0..).zip(steps.iter().map(AsRef::as_ref)).collect();
        sorted.sort_unstable_by_key(|(_, step): &(usize, &SignIn)| step.challenge_id.uuid());
        let (mut places, sorted): (Vec<_>, Vec<_>) = sorted.into_iter().unzip();
        let events = Events::of(sorted.iter().map(|step| step.events.as_slice()));
        let query = events.bind(KNOWN.query(events.len(), sorted.len()));
        let mut done = vec![false; steps.len()];
        for row in &self.0.run(bound(query, &sorted).numbered()).await? {
            done[*place(row, &mut places)?] = true;
        }
        Ok(done.into_iter().map(Some).collect())
    }
}
