//! Requests about users and sessions.

use super::super::checks::Checks;
use crate::{
    domain::{
        contact::Identifier,
        id::{SessionId, UserId},
        page_token::PageToken,
        refusal::Refusal,
        user::{Role, UserChange},
    },
    engine::{
        account::{ChangeUser, Unlock},
        answers::Repeatable,
        delivery::LiftSuppression,
    },
    grpc::proto::{
        DeleteSuppressionRequest, DisableUserRequest, EnableUserRequest, FindUserRequest, GetLockoutRequest,
        GetSuppressionRequest, GetUserRequest, ListSessionsRequest, RevokeOtherSessionsRequest, RevokeSessionRequest,
        SetUserRolesRequest, UnlockRequest, delete_suppression_request, find_user_request, get_lockout_request,
        get_suppression_request, unlock_request,
    },
};

const MAX_ROLES: usize = 32;
const MAX_PAGE: i32 = 100;
const DEFAULT_PAGE: u32 = 50;

/// A page that is asked for.
pub(in crate::grpc) struct Page {
    /// 1 to 100.
    pub(in crate::grpc) size: u32,
    /// What the page before gave; `None` for the first.
    pub(in crate::grpc) token: Option<PageToken>,
}

/// # Errors
/// Every field that is wrong. A size above 100 is taken as 100 (AIP-158).
pub(in crate::grpc) fn page(message: &ListSessionsRequest) -> Result<Page, Refusal> {
    let mut checks = Checks::default();
    let size = match u32::try_from(message.page_size.min(MAX_PAGE)) {
        Ok(0) => DEFAULT_PAGE,
        Ok(size) => size,
        Err(_) => {
            checks.wrong("page_size", "is negative; give 1 to 100, or 0 for 50");
            DEFAULT_PAGE
        }
    };
    let token = PageToken::parse(&message.page_token);
    if token.is_none() && !message.page_token.is_empty() {
        checks.wrong("page_token", PageToken::NONE);
    }
    checks.finish(Some(Page { size, token }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn revoke_session(message: &RevokeSessionRequest) -> Result<SessionId, Refusal> {
    let mut checks = Checks::default();
    checks.request_id(&message.request_id);
    let id = SessionId::parse(&message.session_id);
    if id.is_none() {
        checks.wrong("session_id", not_an_id(&message.session_id));
    }
    checks.finish(id)
}

/// What makes the call repeatable: the request asks for nothing else.
///
/// # Errors
/// Where the request id is not one.
pub(in crate::grpc) fn revoke_other_sessions(
    message: &RevokeOtherSessionsRequest,
) -> Result<Option<Repeatable>, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    checks.finish(Some(repeatable))
}

/// # Errors
/// Where the user's id is not one.
pub(in crate::grpc) fn get_user(message: &GetUserRequest) -> Result<UserId, Refusal> {
    let mut checks = Checks::default();
    let id = user_id(&mut checks, &message.user_id);
    checks.finish(id)
}

/// The identifier of a request that names one as an address or a number.
macro_rules! identifier {
    ($checks:expr, $of:ty, $given:expr) => {{
        type Given = $of;
        match $given {
            Some(Given::Email(text)) => $checks.email(text),
            Some(Given::PhoneNumber(text)) => $checks.phone_number(text),
            None => {
                $checks.wrong("identifier", "is missing; give an email address or a phone number");
                None
            }
        }
    }};
}

/// # Errors
/// Where the identifier is missing or is none.
pub(in crate::grpc) fn find_user(message: &FindUserRequest) -> Result<Identifier, Refusal> {
    let mut checks = Checks::default();
    let whose = identifier!(checks, find_user_request::Identifier, &message.identifier);
    checks.finish(whose)
}

/// # Errors
/// Where the identifier is missing or is none.
pub(in crate::grpc) fn get_lockout(message: &GetLockoutRequest) -> Result<Identifier, Refusal> {
    let mut checks = Checks::default();
    let whose = identifier!(checks, get_lockout_request::Identifier, &message.identifier);
    checks.finish(whose)
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn unlock(message: &UnlockRequest) -> Result<Unlock, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let whose = identifier!(checks, unlock_request::Identifier, &message.identifier);
    checks.finish(whose.map(|identifier| Unlock { identifier, repeatable }))
}

/// # Errors
/// Where the identifier is missing or is none.
pub(in crate::grpc) fn get_suppression(message: &GetSuppressionRequest) -> Result<Identifier, Refusal> {
    let mut checks = Checks::default();
    let whose = identifier!(checks, get_suppression_request::Identifier, &message.identifier);
    checks.finish(whose)
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn delete_suppression(message: &DeleteSuppressionRequest) -> Result<LiftSuppression, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let whose = identifier!(checks, delete_suppression_request::Identifier, &message.identifier);
    checks.finish(whose.map(|identifier| LiftSuppression { identifier, repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn set_user_roles(message: &SetUserRolesRequest) -> Result<ChangeUser, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let user_id = user_id(&mut checks, &message.user_id);
    let roles = roles(&mut checks, &message.roles);
    checks.finish(user_id.map(|user_id| ChangeUser { user_id, change: UserChange::Roles(roles), repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn disable_user(message: &DisableUserRequest) -> Result<ChangeUser, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let user_id = user_id(&mut checks, &message.user_id);
    checks.finish(user_id.map(|user_id| ChangeUser { user_id, change: UserChange::Disable, repeatable }))
}

/// # Errors
/// Every field that is wrong.
pub(in crate::grpc) fn enable_user(message: &EnableUserRequest) -> Result<ChangeUser, Refusal> {
    let mut checks = Checks::default();
    let repeatable = checks.repeatable(message);
    let user_id = user_id(&mut checks, &message.user_id);
    checks.finish(user_id.map(|user_id| ChangeUser { user_id, change: UserChange::Enable, repeatable }))
}

fn user_id(checks: &mut Checks, text: &str) -> Option<UserId> {
    let id = UserId::parse(text);
    if id.is_none() {
        checks.wrong("user_id", not_an_id(text));
    }
    id
}

const fn not_an_id(text: &str) -> &'static str {
    if text.is_empty() { "is missing" } else { "is not an id of this service" }
}

/// Roles, sorted, each once.
fn roles(checks: &mut Checks, names: &[String]) -> Vec<Role> {
    if names.len() > MAX_ROLES {
        checks.wrong("roles", "are more than 32");
        return Vec::new();
    }
    let Some(mut roles) = names.iter().map(|name| Role::new(name)).collect::<Option<Vec<_>>>() else {
        checks.wrong("roles", "hold a name that is not 1 to 64 of a-z, 0-9, \"-\", \"_\", \".\" and \":\"");
        return Vec::new();
    };
    roles.sort();
    roles.dedup();
    roles
}
