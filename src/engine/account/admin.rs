//! What an operator sees and changes of users. Every look and every change leaves an event.

use super::{AccountParts, UserView};
use crate::{
    domain::{
        answer::AnswerKey,
        audit::{Act, Actor, AuditEvent},
        contact::Identifier,
        id::UserId,
        refusal::Refusal,
        session::Origin,
        time::Timestamp,
        user::{Contact, Role, User, UserChange},
    },
    engine::{
        answers::{Answers, Repeatable},
        fault,
    },
    ports::store::UserChangeOutcome,
};

/// A change of a user, by an operator.
#[derive(Debug)]
pub struct ChangeUser {
    /// Whose.
    pub user_id: UserId,
    /// What.
    pub change: UserChange,
    /// Where the caller may repeat the call.
    pub repeatable: Option<Repeatable>,
}

/// An operator's acts.
pub struct AdminEngine {
    pub(super) parts: AccountParts,
    pub(super) answers: Answers,
}

impl AdminEngine {
    /// An engine of the parts.
    #[must_use]
    pub fn new(parts: AccountParts) -> Self {
        let answers = Answers::new(parts.store.clone(), parts.keys.clone(), parts.entropy.clone());
        Self { parts, answers }
    }

    /// A user by id.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; faults.
    pub async fn user(&self, user_id: UserId, origin: &Origin) -> Result<UserView, Refusal> {
        let found = self.parts.store.user(user_id).await.map_err(|fault| fault::store(&fault))?;
        let mut event = self.event(Act::UserRead, origin);
        event.user_id = Some(user_id);
        self.shown(found, event).await
    }

    /// The user who signs in with an address or number.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; faults.
    pub async fn find_user(&self, identifier: &Identifier, origin: &Origin) -> Result<UserView, Refusal> {
        let key = identifier.identity_key(&self.parts.keys.index());
        let found = self.parts.store.user_of(key).await.map_err(|fault| fault::store(&fault))?;
        let mut event = self.event(Act::UserRead, origin);
        event.identifier_key = Some(key);
        event.user_id = found.as_ref().map(|user| user.user_id);
        self.shown(found, event).await
    }

    /// Changes a user. Sessions that the change ends are refused at once.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] where the request id was used for another change; faults.
    pub async fn change_user(&self, request: ChangeUser, origin: &Origin) -> Result<UserView, Refusal> {
        let (act, method) = match &request.change {
            UserChange::Roles(_) => (Act::RolesChanged, "SetUserRoles"),
            UserChange::Disable => (Act::UserDisabled, "DisableUser"),
            UserChange::Enable => (Act::UserEnabled, "EnableUser"),
        };
        let ChangeUser { user_id, change, repeatable } = request;
        let work = |key: Option<AnswerKey>, now| async move {
            let mut event = AuditEvent { user_id: Some(user_id), ..self.event(act, origin) };
            if let UserChange::Roles(roles) = &change {
                event.reason = named(roles).into();
            }
            let before = self.parts.store.user(user_id).await.map_err(|fault| fault::store(&fault))?;
            let Some(before) = before else { return Err(self.not_found(event).await) };
            let view = changed(UserView::open(&before, &self.parts.keys.sealing())?, &change);
            let answer = key.map(|key| self.answers.record(key, &RecordedUser::from(&view), now)).transpose()?;
            let changed = self.parts.store.change_user(user_id, change, now, event.clone(), answer).await;
            match changed.map_err(|fault| fault::store(&fault))? {
                UserChangeOutcome::Changed(user, ended) => {
                    self.parts.tokens.note_ended(&ended);
                    Ok(Some(RecordedUser::from(&UserView::open(&user, &self.parts.keys.sealing())?)))
                }
                UserChangeOutcome::NotFound => Err(self.not_found(event).await),
                UserChangeOutcome::AlreadyAnswered => Ok(None),
            }
        };
        let user = self.answers.once::<RecordedUser, _>(method, repeatable.as_ref(), &*self.parts.clock, work).await?;
        user.restore()
    }

    /// Records a call without the operator's token, unless there were too many from its address.
    ///
    /// # Errors
    /// Faults.
    pub async fn refuse_operator(&self, origin: &Origin) -> Result<(), Refusal> {
        let mut event = self.event(Act::OperatorRefused, origin).failed("SERVICE_CREDENTIAL_REQUIRED");
        event.actor = Actor::Person;
        self.parts.guesses.wrong(&event).await.map(|_| ())
    }

    async fn shown(&self, found: Option<User>, event: AuditEvent) -> Result<UserView, Refusal> {
        let Some(user) = found else { return Err(self.not_found(event).await) };
        self.parts.store.record(&event).await.map_err(|fault| fault::store(&fault))?;
        UserView::open(&user, &self.parts.keys.sealing())
    }

    async fn not_found(&self, event: AuditEvent) -> Refusal {
        match self.parts.store.record(&event.failed("NOT_FOUND")).await {
            Ok(()) => Refusal::NotFound { resource: "user" },
            Err(fault) => fault::store(&fault),
        }
    }

    pub(super) fn event(&self, act: Act, origin: &Origin) -> AuditEvent {
        let mut event = AuditEvent::new(self.parts.event_id(), self.parts.clock.now(), act, origin);
        event.actor = Actor::Operator;
        event
    }
}

/// Roles as the audit log has them; no role is called so where there are none. Their number and length are bounded where they
/// are read.
fn named(roles: &[Role]) -> String {
    let names: Vec<_> = roles.iter().map(Role::as_str).collect();
    if names.is_empty() { "(none)".to_owned() } else { names.join(", ") }
}

fn changed(mut view: UserView, change: &UserChange) -> UserView {
    match change {
        UserChange::Roles(roles) => view.roles.clone_from(roles),
        UserChange::Disable => view.disabled = true,
        UserChange::Enable => view.disabled = false,
    }
    view
}

/// A user as recorded, sealed, for a repeated call.
#[derive(serde::Serialize, serde::Deserialize)]
struct RecordedUser {
    user_id: String,
    email: String,
    /// Not there in what the release before has recorded.
    #[serde(default)]
    phone_number: String,
    roles: Vec<String>,
    create_time: i64,
    disabled: bool,
}

impl From<&UserView> for RecordedUser {
    fn from(view: &UserView) -> Self {
        Self {
            user_id: view.user_id.to_string(),
            email: view.contact.email.clone(),
            phone_number: view.contact.phone_number.clone(),
            roles: view.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            create_time: view.create_time.micros(),
            disabled: view.disabled,
        }
    }
}

impl RecordedUser {
    fn restore(self) -> Result<UserView, Refusal> {
        let roles = self.roles.iter().map(|role| Role::new(role)).collect::<Option<_>>();
        Ok(UserView {
            user_id: UserId::parse(&self.user_id).ok_or(Refusal::Internal)?,
            contact: Contact { email: self.email, phone_number: self.phone_number },
            roles: roles.ok_or(Refusal::Internal)?,
            create_time: Timestamp::from_micros(self.create_time),
            disabled: self.disabled,
        })
    }
}
