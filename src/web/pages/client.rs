//! A client application that has a person sign in: what its link says, and the way back to it (RFC 6749 section 4.1.1,
//! RFC 7636, RFC 9207).

use super::{
    Pages,
    fault::Fault,
    render::{Trouble, content_policy, see},
    visit::Visit,
};
use crate::{
    domain::{client::ClientId, digest::Digest, web_origin},
    engine::grant::Asker,
};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt::Write as _};

/// The longest `state` that is carried.
const LONGEST_STATE: usize = 1024;

/// What a client application asked for, as the browser keeps it until the person is signed in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ClientWish {
    pub(super) client_id: String,
    redirect_uri: String,
    state: Option<String>,
    code_challenge: String,
}

/// What a link to the sign-in says.
pub(super) enum Asked {
    /// Nothing of a client application: the person signs in to these pages.
    Own,
    /// A client application asks, and may.
    Client(Box<ClientWish>),
    /// It asks what is not to be had; it is told so, or the person where it cannot be.
    No(Box<Response>),
}

/// A query whose names stand at most once each, with a value or without; an empty one is none (RFC 6749 section 3.1).
struct Query(Vec<(String, String)>);

impl Query {
    fn get(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = found.next().filter(|value| !value.is_empty());
        if found.next().is_some() { Err(Fault::repeated(name)) } else { Ok(value) }
    }

    fn need(&self, name: &str) -> Result<&str, Fault> {
        self.get(name)?.ok_or_else(|| Fault::missing(name))
    }

    /// The challenge of a link that is right in all else; or what its client application is told.
    fn challenge(&self) -> Result<&str, Fault> {
        if self.need("response_type")? != "code" {
            return Err(Fault::new("unsupported_response_type", "response_type has to be code"));
        }
        if self.get("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(Fault::invalid("response_mode has to be query"));
        }
        // Blanks name no scope. Some libraries cannot leave it out.
        if self.get("scope")?.is_some_and(|scope| !scope.trim_matches(' ').is_empty()) {
            return Err(Fault::new("invalid_scope", "there are no scopes here; leave scope out"));
        }
        if self.get("state")?.is_some_and(|state| state.len() > LONGEST_STATE) {
            return Err(Fault::too_long("state", LONGEST_STATE));
        }
        let challenge = self.need("code_challenge")?;
        if self.need("code_challenge_method")? != "S256" {
            return Err(Fault::invalid("code_challenge_method has to be S256"));
        }
        match Asker::verifier_hash(challenge) {
            Some(_) => Ok(challenge),
            None => Err(Fault::invalid("code_challenge has to be a SHA-256 in base64url without padding")),
        }
    }
}

impl Pages {
    /// Reads what a link to the sign-in says.
    pub(super) fn asked(&self, visit: &Visit) -> Asked {
        let query = Query(form_urlencoded::parse(visit.query.as_bytes()).into_owned().collect());
        let names = ["client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "response_type"];
        if !query.0.iter().any(|(name, _)| names.contains(&name.as_str())) {
            return Asked::Own;
        }
        // Whom nobody registered is led nowhere: the redirect itself would be the attack (RFC 9700 section 4.11).
        let (Ok(Some(client_id)), Ok(Some(redirect_uri))) = (query.get("client_id"), query.get("redirect_uri")) else {
            return Asked::No(Box::new(self.unknown_application(visit)));
        };
        if self.grants.client(client_id, redirect_uri).is_none() {
            return Asked::No(Box::new(self.unknown_application(visit)));
        }
        let state = query.get("state").ok().flatten().filter(|state| state.len() <= LONGEST_STATE);
        let mut wish = ClientWish {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            code_challenge: String::new(),
        };
        match query.challenge() {
            Ok(challenge) => {
                challenge.clone_into(&mut wish.code_challenge);
                Asked::Client(Box::new(wish))
            }
            Err(Fault { error, description }) => {
                let told = [("error", error), ("error_description", &description)];
                Asked::No(Box::new(see(&wish.way_back(&self.options.issuer, &told))))
            }
        }
    }

    /// A page that says that the application, or where it would be led back to, is not registered.
    pub(super) fn unknown_application(&self, visit: &Visit) -> Response {
        let text = visit.words().unknown_application.to_owned();
        self.trouble(visit, &Trouble { status: StatusCode::BAD_REQUEST, text })
    }
}

/// Lets the form of a page lead on to the client application: browsers hold a form's redirects to `form-action` too.
pub(super) fn let_lead_on(answer: &mut Response, wish: Option<&ClientWish>) {
    if let Some(wish) = wish {
        let policy = content_policy(&format!(" {}", origin_of(&wish.redirect_uri)));
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

impl ClientWish {
    /// Whether it may still be led back to where it asked for.
    pub(super) fn is_registered(&self, pages: &Pages) -> bool {
        pages.grants.client(&self.client_id, &self.redirect_uri).is_some()
    }

    /// Who is to get the code; `None` where the cookie is not one that this service could have written.
    pub(super) fn asker(&self) -> Option<Asker> {
        Some(Asker {
            client_id: ClientId::new(&self.client_id)?,
            redirect_uri: self.redirect_uri.clone(),
            verifier_hash: self.verifier_hash()?,
        })
    }

    fn verifier_hash(&self) -> Option<Digest> {
        Asker::verifier_hash(&self.code_challenge)
    }

    /// The page where the sign-in began.
    pub(super) fn form(&self) -> String {
        let mut path = format!(
            "/sign-in?response_type=code&client_id={}&redirect_uri={}&code_challenge={}&code_challenge_method=S256",
            escaped(&self.client_id),
            escaped(&self.redirect_uri),
            escaped(&self.code_challenge)
        );
        if let Some(state) = &self.state {
            let _ = write!(path, "&state={}", escaped(state));
        }
        path
    }

    /// The registered URI with what is told there: `told`, the client's own `state`, and who tells it (RFC 9207).
    pub(super) fn way_back(&self, issuer: &str, told: &[(&str, &str)]) -> String {
        let mut uri = self.redirect_uri.clone();
        let more = self.state.iter().map(|state| ("state", state.as_str())).chain([("iss", issuer)]);
        let mut sign = if uri.contains('?') { '&' } else { '?' };
        for (name, value) in told.iter().copied().chain(more) {
            let _ = write!(uri, "{sign}{name}={}", escaped(value));
            sign = '&';
        }
        uri
    }
}

/// Where a URI leads, as a source of a content policy: its scheme and host, or a private scheme.
fn origin_of(uri: &str) -> Cow<'_, str> {
    match uri.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            Cow::Owned(format!("{scheme}://{host}"))
        }
        _ => Cow::Owned(format!("{}:", uri.split(':').next().unwrap_or_default())),
    }
}

/// A value as it stands in a query. A blank is `%20`: not every client application reads a plus as one.
fn escaped(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The origin of a page that may read what `/token` answers: that of a registered redirect.
pub(super) fn is_of_a_client<'a>(origin: &HeaderValue, mut uris: impl Iterator<Item = &'a str>) -> bool {
    origin.to_str().is_ok_and(|origin| uris.any(|uri| web_origin::of(uri).is_some_and(|known| known == origin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(redirect_uri: &str, state: Option<&str>) -> ClientWish {
        ClientWish {
            client_id: "shop".to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.map(str::to_owned),
            code_challenge: String::new(),
        }
    }

    #[test]
    fn the_way_back_keeps_what_is_registered_and_escapes_what_is_told() {
        let told = [("code", "a b")];
        let back = wish("https://app.example.com/in", Some("x&y=%#é")).way_back("https://id.example.com", &told);
        assert_eq!(
            back,
            "https://app.example.com/in?code=a%20b&state=x%26y%3D%25%23%C3%A9&iss=https%3A%2F%2Fid.example.com"
        );
        let back = wish("com.example.app:/in?a=b", None).way_back("i", &[]);
        assert_eq!(back, "com.example.app:/in?a=b&iss=i");
    }

    #[test]
    fn a_form_may_lead_to_the_client_and_nowhere_beside() {
        assert_eq!(origin_of("https://app.example.com:8443/in?x=https://evil.example"), "https://app.example.com:8443");
        assert_eq!(origin_of("http://127.0.0.1:3000?x"), "http://127.0.0.1:3000");
        assert_eq!(origin_of("com.example.app:/in"), "com.example.app:");
        let ours = ["https://app.example.com/in", "com.example.app:/in", "https://Shop.Example:443/in"];
        let may = |origin: &'static str| is_of_a_client(&HeaderValue::from_static(origin), ours.into_iter());
        assert!(may("https://app.example.com") && may("https://shop.example"));
        for origin in ["https://app.example.com.evil.example", "http://app.example.com", "null", "com.example.app:"] {
            assert!(!may(origin), "{origin}");
        }
    }
}
