//! Completes sign-ins in one statement.

mod simple;
mod texts;

use super::{
    answers,
    connections::{Connections, place},
    events::Events,
    link::Bound,
    notices,
    shaped::Rows,
};
use crate::{
    adapters::sql::{
        fields::Fields as _,
        lane::{Broken, Mark, Work},
        rows,
    },
    domain::{digest::Digest, link::LinkState},
    ports::store::{NewUser, SignIn, SignInOutcome, SignInUser},
};
pub(super) use simple::{CompleteSimple, Kind};
use std::sync::Arc;
pub(super) use texts::{ANY, KNOWN, NEW, TOLD};

/// Consumes challenges and opens sessions; a sign-in is done as a whole or writes nothing.
pub(super) struct Complete(pub(super) Connections);

impl Work for Complete {
    const OPERATION: &'static str = "complete_sign_in";

    type Step = Arc<SignIn>;
    type Outcome = SignInOutcome;

    fn marks(step: &Arc<SignIn>) -> impl Iterator<Item = Mark> {
        let challenge = *Digest::sha256(&[step.challenge_id.bytes()]).bytes();
        [challenge, *step.identifier_key.0.bytes()].into_iter().chain(answers::mark(step.answer.as_ref()))
    }

    async fn run(&self, steps: &[&Arc<SignIn>]) -> Result<Vec<Option<SignInOutcome>>, Broken> {
        let steps: Vec<&SignIn> = steps.iter().map(AsRef::as_ref).collect();
        let events = Events::of(steps.iter().map(|step| step.events.as_slice()));
        let earliest = steps.iter().map(|step| step.now.micros()).min();
        let query = ANY.query(events.len(), steps.len()).bind(notices::between()).bind(earliest);
        let rows = bind_the_rest(bound(events.bind(query), &steps), &steps);
        let rows = match self.0.try_run(rows.numbered()).await {
            Ok(rows) => rows,
            Err(failure) if steps.len() == 1 && failure.is_duplicate("users_identifier_key") => {
                return Ok(vec![Some(SignInOutcome::UserChanged)]);
            }
            Err(failure) => return Err(failure.into()),
        };
        let mut outcomes = vec![None; steps.len()];
        for row in &rows {
            let flag = |column| row.flag(column).map_err(Broken::Lost);
            let outcome = match (flag("standing")?, flag("same")?, flag("done")?) {
                (true, true, true) => SignInOutcome::SignedIn,
                (true, false, _) => SignInOutcome::UserChanged,
                _ => SignInOutcome::Spent,
            };
            place(row, &mut outcomes)?.replace(outcome);
        }
        Ok(outcomes)
    }
}

/// Binds what all statements have.
fn bound(query: Bound, steps: &[&SignIn]) -> Rows {
    Rows::of(query, steps.len())
        .column(column!(steps, s => s.challenge_id.uuid()))
        .column(column!(steps, s => s.identifier_key.0.bytes().as_slice()))
        .column(column!(steps, s => s.now.micros()))
        .column(column!(steps, s => match &s.user {
            SignInUser::Existing { user_id, .. } => user_id.uuid(),
            SignInUser::New(new) => new.user_id.uuid(),
        }))
        .column(column!(steps, s => s.session.session_id.uuid()))
        .column(column!(steps, s => s.session.client_id.as_str()))
        .column(column!(steps, s => s.session.device.device_id.as_str()))
        .column(column!(steps, s => s.session.device.display_name.as_str()))
        .column(column!(steps, s => s.session.device.platform.as_str()))
        .column(column!(steps, s => s.session.create_time.micros()))
        .column(column!(steps, s => s.session.auth_time.micros()))
        .column(column!(steps, s => s.session.last_use_time.micros()))
        .column(column!(steps, s => s.session.last_use_address.map(|address| address.to_string())))
        .column(column!(steps, s => s.session.idle_expire_time.micros()))
        .column(column!(steps, s => s.session.absolute_expire_time.micros()))
        .column(column!(steps, s => i64::from(s.session.counter)))
        .column(column!(steps, s => s.session.refresh_hash.bytes().as_slice()))
        .column(column!(steps, s => s.device_key))
        .column(column!(steps, s => s.counter_key.bytes().as_slice()))
        .column(column!(steps, s => s.session.channel.as_str()))
        .column(column!(steps, s => s.session.method.as_str()))
        .column(column!(steps, s => s.link.map(LinkState::as_str)))
}

/// Binds what [`ANY`] alone has.
fn bind_the_rest(rows: Rows, steps: &[&SignIn]) -> Rows {
    let rows = bind_new(bind_roles(rows, steps).column(column!(steps, s => new(s).is_some())), steps);
    answers::bind(notices::bind(rows, steps), steps.iter().map(|step| step.answer.as_ref()))
}

/// Binds the roles of users who are there.
fn bind_roles(rows: Rows, steps: &[&SignIn]) -> Rows {
    rows.column(column!(steps, s => match &s.user {
        SignInUser::Existing { roles, .. } => Some(rows::joined(roles)),
        SignInUser::New(_) => None,
    }))
}

/// Binds what is written of users who are created.
fn bind_new(rows: Rows, steps: &[&SignIn]) -> Rows {
    rows.column(column!(steps, s => new(s).map(|new| rows::parts(new.contact.email.as_ref()).0)))
        .column(column!(steps, s => new(s).map(|new| rows::parts(new.contact.email.as_ref()).1)))
        .column(column!(steps, s => new(s).map(|new| rows::parts(new.contact.phone.as_ref()).0)))
        .column(column!(steps, s => new(s).map(|new| rows::parts(new.contact.phone.as_ref()).1)))
        .column(column!(steps, s => new(s).map_or("", |new| new.locale.as_str())))
}

const fn new(sign_in: &SignIn) -> Option<&NewUser> {
    match &sign_in.user {
        SignInUser::Existing { .. } => None,
        SignInUser::New(new) => Some(new),
    }
}
