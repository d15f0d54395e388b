//! `/account`: see one's sessions, and end them.

use super::{
    Pages,
    cookies::Cookie,
    render::{moment, see},
    run,
    session::{self, Running},
    visit::Visit,
};
use crate::{
    domain::{id::SessionId, page_token::PageToken, refusal::Refusal, secret::ExposeSecret as _, session::Session},
    engine::{account::SessionList, token::SignOut},
};
use axum::{
    Extension,
    extract::{
        Form, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    response::Response,
};
use http::{StatusCode, header};
use minijinja::{Value, context};
use serde::Deserialize;
use std::sync::Arc;

/// Sessions on a page.
const PAGE: u32 = 20;

/// What a link to this page says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    done: String,
    page: String,
}

/// Which session is to be ended.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    session_id: String,
}

/// The person's sessions.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    note: Result<Query<Note>, QueryRejection>,
) -> Response {
    let Note { done, page } = note.map(|Query(note)| note).unwrap_or_default();
    let note = match done.as_str() {
        "ended" => Some(visit.words().session_ended),
        "others" => Some(visit.words().others_ended),
        _ => None,
    };
    // Who has just ended the session that they were in is told so where they sign in again.
    let sign_in = if done == "ended" { "/sign-in?done=ended" } else { "/sign-in" };
    let running = match session::running(&pages, &visit).await {
        Ok(Some(running)) => running,
        Ok(None) => return to_sign_in(&pages, sign_in),
        Err(refusal) => return pages.refused(&visit, &refusal),
    };
    let token = PageToken::parse(&page);
    if token.is_none() && !page.is_empty() {
        // What names no page leads to the first.
        return with_cookie(see("/account"), running);
    }
    let (accounts, access) = (Arc::clone(&pages.accounts), running.access_token.clone());
    let read = async move {
        let user = accounts.current_user(access.expose_secret()).await?;
        Ok((user, accounts.list_sessions(access.expose_secret(), PAGE, token).await?))
    };
    match run(&visit, read).await {
        Ok((user, list)) => {
            let who = if user.contact.email.is_empty() { &user.contact.phone_number } else { &user.contact.email };
            let shown = context! { who, note, sessions => shown(&pages, &list), more => list.next_page_token };
            with_cookie(pages.page(&visit, StatusCode::OK, "account.html", shown), running)
        }
        Err(Refusal::TokenInvalid) => to_sign_in(&pages, sign_in),
        Err(Refusal::Invalid(_)) => with_cookie(see("/account"), running),
        Err(refusal) => with_cookie(pages.refused(&visit, &refusal), running),
    }
}

fn shown(pages: &Pages, list: &SessionList) -> Vec<Value> {
    let one = |session: &Session| {
        let client = pages.desk.client(session.client_id.as_str()).map(|client| client.display_name.as_str());
        context! {
            id => session.session_id.to_string(),
            device => session.device.display_name.as_str(),
            application => client.unwrap_or(session.client_id.as_str()),
            last_use => moment(session.last_use_time),
            address => session.last_use_address.map(|address| address.to_string()),
            created => moment(session.create_time),
            current => session.session_id == list.current,
        }
    };
    list.sessions.iter().map(one).collect()
}

/// Ends one session.
pub(super) async fn end(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    named: Result<Form<Named>, FormRejection>,
) -> Response {
    let named = named.map(|Form(named)| named).unwrap_or_default();
    let Some(session_id) = SessionId::parse(&named.session_id) else { return see("/account") };
    let running = match session::running(&pages, &visit).await {
        Ok(Some(running)) => running,
        Ok(None) => return to_sign_in(&pages, "/sign-in"),
        Err(refusal) => return pages.refused(&visit, &refusal),
    };
    let (accounts, token, origin) = (Arc::clone(&pages.accounts), running.access_token.clone(), visit.origin.clone());
    let ended =
        run(&visit, async move { accounts.revoke_session(token.expose_secret(), session_id, &origin).await }).await;
    answer(&pages, &visit, running, ended, "/account?done=ended")
}

/// Ends every session but this one.
pub(super) async fn end_others(State(pages): State<Arc<Pages>>, Extension(visit): Extension<Arc<Visit>>) -> Response {
    let running = match session::running(&pages, &visit).await {
        Ok(Some(running)) => running,
        Ok(None) => return to_sign_in(&pages, "/sign-in"),
        Err(refusal) => return pages.refused(&visit, &refusal),
    };
    let (accounts, token, origin) = (Arc::clone(&pages.accounts), running.access_token.clone(), visit.origin.clone());
    let ended =
        run(
            &visit,
            async move { accounts.revoke_other_sessions(token.expose_secret(), None, &origin).await.map(|_| ()) },
        );
    let ended = ended.await;
    answer(&pages, &visit, running, ended, "/account?done=others")
}

/// Ends this session, and has the browser forget it.
pub(super) async fn sign_out(State(pages): State<Arc<Pages>>, Extension(visit): Extension<Arc<Visit>>) -> Response {
    let running = match session::running(&pages, &visit).await {
        Ok(Some(running)) => running,
        Ok(None) => return to_sign_in(&pages, "/sign-in?done=out"),
        Err(refusal) => return pages.refused(&visit, &refusal),
    };
    // By the access token: another tab may have renewed the refresh token since.
    let asked = SignOut { refresh_token: None, access_token: Some(running.access_token.clone()), all_sessions: false };
    let (tokens, origin) = (Arc::clone(&pages.tokens), visit.origin.clone());
    match run(&visit, async move { tokens.sign_out(asked, &origin).await }).await {
        Ok(()) | Err(Refusal::TokenInvalid) => to_sign_in(&pages, "/sign-in?done=out"),
        Err(refusal) => with_cookie(pages.refused(&visit, &refusal), running),
    }
}

fn answer(pages: &Pages, visit: &Visit, running: Running, ended: Result<(), Refusal>, to: &str) -> Response {
    match ended {
        Ok(()) => with_cookie(see(to), running),
        Err(Refusal::TokenInvalid) => to_sign_in(pages, "/sign-in"),
        Err(refusal) => with_cookie(pages.refused(visit, &refusal), running),
    }
}

/// Forgets a session that has ended.
fn to_sign_in(pages: &Pages, path: &str) -> Response {
    let mut answer = see(path);
    answer.headers_mut().extend(pages.jar.forget(Cookie::Session).map(|line| (header::SET_COOKIE, line)));
    answer
}

fn with_cookie(mut answer: Response, running: Running) -> Response {
    answer.headers_mut().extend(running.cookie.map(|line| (header::SET_COOKIE, line)));
    answer
}
