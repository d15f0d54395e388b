//! One request for a page: who sends it, in which language, and what the browser keeps.

use super::{
    Pages,
    cookies::Cookie,
    device,
    words::{self, PageWords},
};
use crate::{
    domain::{
        secret::SecretString,
        session::{Device, Origin},
    },
    edge::{
        origin,
        words::{Accepted, Language, of_locale},
    },
    telemetry,
};
use axum::extract::Query;
use http::{HeaderMap, Uri, request::Parts};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Span;

/// How long a browser is known by its name; as long as the proof that it signed in before counts.
pub(super) const DEVICE_LIFETIME: Duration = Duration::from_hours(180 * 24);

/// The longest query that is kept from one page to the next.
const LONGEST_QUERY: usize = 4096;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::web) struct Peer(pub(in crate::web) SocketAddr);

/// A request for a page. It has no `Debug`: its headers carry cookies.
pub(super) struct Visit {
    /// Its place among those that run at once; whatever works for it holds it too.
    pub(super) place: Option<Arc<OwnedSemaphorePermit>>,
    /// In which language the person is answered.
    pub(super) language: Language,
    /// Whether this very request names the language.
    pub(super) chosen: bool,
    /// Where it comes from.
    pub(super) origin: Origin,
    /// The path.
    pub(super) path: String,
    /// The query without the language, as it was sent.
    pub(super) query: String,
    /// Its headers: cookies.
    pub(super) headers: HeaderMap,
}

/// What a browser is known by.
#[derive(Clone, Default, Serialize, Deserialize, zeroize::ZeroizeOnDrop)]
pub(super) struct KnownBrowser {
    /// Its name.
    pub(super) device_id: String,
    /// The proof that it signed in before; empty where it has not.
    pub(super) device_token: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wish {
    lang: String,
    ui_locales: String,
}

impl Visit {
    /// Reads the head of a request.
    pub(super) fn of(parts: &Parts, pages: &Pages) -> Self {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let address = peer.map(|peer| origin::address_of(peer, &parts.headers, &pages.options.trusted_proxies));
        let parent = telemetry::extract_parent(&parts.headers);
        let asked = asked_for(&parts.uri);
        let kept = || of_locale(pages.jar.read(&parts.headers, Cookie::Language)?);
        let language = asked.or_else(kept).or_else(|| Accepted::of(&parts.headers).best());
        Self {
            place: None,
            language: language.unwrap_or(Language::English),
            chosen: asked.is_some(),
            origin: Origin { address, trace_id: telemetry::trace_id(&Span::current(), &parent) },
            path: parts.uri.path().to_owned(),
            query: without_language(parts.uri.query().unwrap_or_default()),
            headers: parts.headers.clone(),
        }
    }

    /// The texts of its language.
    pub(super) const fn words(&self) -> &'static PageWords {
        words::of(self.language)
    }

    /// The same page with `query` beside what is asked for already.
    pub(super) fn with_query(&self, path: &str) -> String {
        if self.query.is_empty() { path.to_owned() } else { format!("{path}?{}", self.query) }
    }

    /// A sealed cookie.
    pub(super) fn kept<T: serde::de::DeserializeOwned>(&self, pages: &Pages, cookie: Cookie) -> Option<T> {
        pages.desk.open(cookie.seal(), pages.jar.read(&self.headers, cookie)?)
    }

    /// What the browser is known by; a new name where it is not.
    pub(super) fn browser(&self, pages: &Pages) -> KnownBrowser {
        let known = self.kept(pages, Cookie::Device);
        known.unwrap_or_else(|| KnownBrowser { device_id: pages.desk.new_device_id(), device_token: String::new() })
    }

    /// The device that signs in. A session of a client application goes on in the application, which names its own device
    /// or none when it renews its tokens: so it stays unnamed here.
    pub(super) fn device(&self, browser: &KnownBrowser, named: bool) -> Device {
        Device {
            device_id: if named { browser.device_id.clone() } else { String::new() },
            display_name: device::name(&self.headers),
            platform: "web".to_owned(),
        }
    }
}

impl KnownBrowser {
    /// The proof that it signed in before.
    pub(super) fn token(&self) -> Option<SecretString> {
        (!self.device_token.is_empty()).then(|| SecretString::from(self.device_token.clone()))
    }
}

/// The language that a request names: `lang`, or the first of `ui_locales` that is there (OpenID Connect Core 1.0,
/// section 3.1.2.1).
fn asked_for(uri: &Uri) -> Option<Language> {
    let Query(wish) = Query::<Wish>::try_from_uri(uri).ok()?;
    of_locale(&wish.lang).or_else(|| wish.ui_locales.split(' ').find_map(of_locale))
}

/// Whether a query is longer than a page would make it, and so is not to be carried on from page to page.
pub(super) fn is_too_long(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| query.len() > LONGEST_QUERY)
}

fn without_language(query: &str) -> String {
    let kept = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && name != "lang" && name != "ui_locales"
    });
    kept.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_asked_for_is_taken_from_either_name() {
        let asked = |query: &str| asked_for(&format!("/sign-in?{query}").parse().unwrap());
        assert_eq!(asked("lang=de"), Some(Language::German));
        assert_eq!(asked("ui_locales=sv%20fr-CA%20en"), Some(Language::French));
        assert_eq!(asked("lang=ja&ui_locales=fr"), Some(Language::Japanese));
        assert_eq!(asked("lang=xx"), None);
        assert_eq!(asked("lang=de&lang=fr"), None, "twice is nothing");
        assert_eq!(asked(""), None);
    }

    #[test]
    fn a_query_goes_on_as_it_came_without_its_language() {
        assert_eq!(without_language("client_id=a&lang=de&state=x%26y"), "client_id=a&state=x%26y");
        assert_eq!(without_language("ui_locales=de"), "");
        let long = |length| is_too_long(&format!("/sign-in?{}", "x".repeat(length)).parse().unwrap());
        assert!(!long(LONGEST_QUERY) && long(LONGEST_QUERY + 1));
    }
}
