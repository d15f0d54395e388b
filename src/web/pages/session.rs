//! The pages' own session: its tokens in a sealed cookie, renewed through the same engine as everybody's.
//!
//! A page asks with the access token for as long as that lives, so that the refresh token is used once in a quarter of
//! an hour and not at each click. Two tabs that renew at the same time make the same call, under the same id, and get the
//! same tokens: neither is taken for a thief. Nor is a browser that comes again, however late, because the answer with its
//! next cookie was lost: the call is the same until the browser has shown that it has the next one.

use super::{
    Pages,
    cookies::Cookie,
    run,
    visit::{KnownBrowser, Visit},
};
use crate::{
    domain::{refusal::Refusal, secret::ExposeSecret as _, secret::SecretString, time::Timestamp},
    engine::token::{Refresh, Tokens},
};
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use zeroize::ZeroizeOnDrop;

/// How long before its end an access token is renewed, so that it lasts for the page it is used for.
const BEFORE_ITS_END: Duration = Duration::from_secs(30);

/// The tokens as the browser keeps them.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
struct Kept {
    access_token: String,
    refresh_token: String,
    renew_time: i64,
}

/// A session that can be used now.
pub(super) struct Running {
    /// The access token.
    pub(super) access_token: SecretString,
    /// What the browser is to keep instead, where the tokens have been renewed.
    pub(super) cookie: Option<HeaderValue>,
}

/// The header that has a browser keep the tokens.
pub(super) fn keep(pages: &Pages, tokens: &Tokens) -> Result<HeaderValue, Refusal> {
    let kept = Kept {
        access_token: tokens.access_token.expose_secret().to_owned(),
        refresh_token: tokens.refresh_token.expose_secret().to_owned(),
        renew_time: tokens.access_token_expire_time.before(BEFORE_ITS_END).micros(),
    };
    let lifetime = tokens.refresh_token_expire_time.since(pages.desk.now());
    let sealed = pages.desk.seal(Cookie::Session.seal(), &kept, lifetime)?;
    pages.jar.keep(Cookie::Session, &sealed, lifetime).ok_or(Refusal::Internal)
}

/// Whether the browser keeps a session, which may have ended.
pub(super) fn is_kept(pages: &Pages, visit: &Visit) -> bool {
    visit.kept::<Kept>(pages, Cookie::Session).is_some()
}

/// The browser's session; `None` where there is none or it has ended.
///
/// # Errors
/// Faults: nothing is known of the session then, and the cookie stays.
pub(super) async fn running(pages: &Pages, visit: &Visit) -> Result<Option<Running>, Refusal> {
    let Some(kept) = visit.kept::<Kept>(pages, Cookie::Session) else { return Ok(None) };
    let is_fresh = pages.desk.now() < Timestamp::from_micros(kept.renew_time);
    if is_fresh {
        match pages.tokens.authenticate(&kept.access_token) {
            Ok(_) => {
                return Ok(Some(Running { access_token: SecretString::from(kept.access_token.clone()), cookie: None }));
            }
            // Perhaps the key that signed it is gone; the refresh token knows better.
            Err(Refusal::TokenInvalid) => {}
            Err(fault) => return Err(fault),
        }
    }
    let tokens = match renew(pages, visit, &kept).await {
        Ok(tokens) => tokens,
        Err(Refusal::RefreshTokenInvalid | Refusal::RefreshTokenReused | Refusal::DeviceMismatch) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let cookie = Some(keep(pages, &tokens)?);
    Ok(Some(Running { access_token: tokens.access_token, cookie }))
}

async fn renew(pages: &Pages, visit: &Visit, kept: &Kept) -> Result<Tokens, Refusal> {
    let asked = Refresh {
        refresh_token: SecretString::from(kept.refresh_token.clone()),
        // A browser that forgot its name, and no other thing, is no thief: the cookie of the session is sealed.
        device_id: visit
            .kept::<KnownBrowser>(pages, Cookie::Device)
            .map(|known| known.device_id.clone())
            .unwrap_or_default(),
        request_id: Some(pages.desk.call_id(&[kept.refresh_token.as_bytes()])),
        patient: true,
    };
    let (tokens, origin) = (Arc::clone(&pages.tokens), visit.origin.clone());
    run(visit, async move { tokens.refresh(asked, &origin).await }).await
}
