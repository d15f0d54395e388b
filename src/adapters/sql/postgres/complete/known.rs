//! Completes what is simple to complete: sign-ins of users who are there, are told nothing, and whose answers nobody keeps.

use super::{
    super::connections::{Connections, in_order, place},
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
        // The challenges are locked as they are given.
        let (mut places, sorted) = in_order(steps, |step| step.challenge_id.uuid());
        let sorted: Vec<&SignIn> = sorted.into_iter().map(AsRef::as_ref).collect();
        let events = Events::of(sorted.iter().map(|step| step.events.as_slice()));
        let query = events.bind(KNOWN.query(events.len(), sorted.len()));
        let mut done = vec![false; steps.len()];
        for row in &self.0.run(bound(query, &sorted).numbered()).await? {
            done[*place(row, &mut places)?] = true;
        }
        Ok(done.into_iter().map(Some).collect())
    }
}
