//! Completes what is simple to complete: sign-ins whose answers nobody keeps, of users who are there, are there and are told
//! something, or are created and told nothing.

use super::{
    super::{
        connections::{Connections, in_order, place},
        notices,
        shaped::Shaped,
    },
    Complete, Events, KNOWN, NEW, TOLD, bind_new, bind_roles, bound,
};
use crate::{
    adapters::sql::lane::{Broken, Mark, Work},
    ports::store::{SignIn, SignInOutcome, SignInUser},
};
use std::sync::Arc;

/// What is simple to complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// The user is there and is told nothing.
    Known,
    /// The user is there and is told something.
    Told,
    /// The user is created.
    New,
}

impl Kind {
    /// What a sign-in may be; `None` where it is not that simple.
    pub(in super::super) const fn of(sign_in: &SignIn) -> Option<Self> {
        match (&sign_in.user, &sign_in.notice, &sign_in.answer) {
            (SignInUser::Existing { .. }, None, None) => Some(Self::Known),
            (SignInUser::Existing { .. }, Some(_), None) => Some(Self::Told),
            (SignInUser::New(_), None, None) => Some(Self::New),
            _ => None,
        }
    }

    const fn statement(self) -> &'static Shaped {
        match self {
            Self::Known => &KNOWN,
            Self::Told => &TOLD,
            Self::New => &NEW,
        }
    }
}

/// Consumes challenges and opens sessions, all of one kind; `None`, and nothing written, where it is not that simple.
pub(in super::super) struct CompleteSimple {
    /// Where to.
    pub(in super::super) connections: Connections,
    /// What.
    pub(in super::super) kind: Kind,
}

impl Work for CompleteSimple {
    const OPERATION: &'static str = "complete_sign_in";

    type Step = Arc<SignIn>;
    type Outcome = Option<SignInOutcome>;

    fn marks(step: &Arc<SignIn>) -> impl Iterator<Item = Mark> {
        Complete::marks(step)
    }

    async fn run(&self, steps: &[&Arc<SignIn>]) -> Result<Vec<Option<Self::Outcome>>, Broken> {
        // The challenges are locked as they are given.
        let (mut places, sorted) = in_order(steps, |step| step.challenge_id.uuid());
        let sorted: Vec<&SignIn> = sorted.into_iter().map(AsRef::as_ref).collect();
        let events = Events::of(sorted.iter().map(|step| step.events.as_slice()));
        let mut query = self.kind.statement().query(events.len(), sorted.len());
        if self.kind == Kind::Told {
            query = query.bind(notices::between());
        }
        let rows = bound(events.bind(query), &sorted);
        let rows = match self.kind {
            Kind::Known => bind_roles(rows, &sorted),
            Kind::Told => notices::bind(bind_roles(rows, &sorted), &sorted),
            Kind::New => bind_new(rows, &sorted),
        };
        let rows = match self.connections.try_run(rows.numbered()).await {
            Ok(rows) => rows,
            // Of several each is tried alone.
            Err(failure) if steps.len() == 1 && failure.is_duplicate("users_identifier_key") => {
                return Ok(vec![Some(Some(SignInOutcome::UserChanged))]);
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut outcomes = vec![None; steps.len()];
        for row in &rows {
            outcomes[*place(row, &mut places)?] = Some(SignInOutcome::SignedIn);
        }
        Ok(outcomes.into_iter().map(Some).collect())
    }
}
