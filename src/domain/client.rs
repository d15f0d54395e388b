//! The applications that people sign in to.

use super::redirect_uri::RedirectUri;
use std::sync::Arc;

/// Names a client application: 1 to 64 of `A-Z`, `a-z`, `0-9`, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// Takes a name; `None` where it has another form.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let permitted = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
        ((1..=64).contains(&name.len()) && name.bytes().all(permitted)).then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A registered client application.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name.
    pub client_id: ClientId,
    /// What people read in messages, such as "Example Shop".
    pub display_name: String,
    /// The `aud` of its access tokens, at least one.
    pub audiences: Vec<String>,
    /// Where its magic links may lead on to; none where they end on the service's own page.
    pub redirect_uris: Vec<RedirectUri>,
}

impl Client {
    /// Whether its links may lead on to `uri`: one of those registered, to the letter.
    #[must_use]
    pub fn may_redirect_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered.as_str() == uri)
    }
}

/// The registered client applications; the first is the default.
#[derive(Clone, Debug)]
pub struct Clients(Vec<Client>);

impl Clients {
    /// The list; `None` where it is empty, a name stands twice, or a client has no audience.
    #[must_use]
    pub fn new(clients: Vec<Client>) -> Option<Self> {
        let twice = clients.iter().enumerate().any(|(i, a)| clients[..i].iter().any(|b| a.client_id == b.client_id));
        let mute = clients.iter().any(|client| client.audiences.is_empty());
        (!clients.is_empty() && !twice && !mute).then_some(Self(clients))
    }

    /// The client of that name; the default where the name is empty; `None` where it is not registered.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Client> {
        if name.is_empty() { self.0.first() } else { self.0.iter().find(|client| client.client_id.as_str() == name) }
    }

    /// Every URI that people may be led on to.
    pub fn redirect_uris(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|client| client.redirect_uris.iter().map(RedirectUri::as_str))
    }

    /// Every audience that tokens of this service may name.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|client| client.audiences.iter().map(String::as_str))
    }
}
