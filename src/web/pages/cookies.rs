//! What a browser keeps between two pages (RFC 6265): the names, how they are read, and how they are written.

use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// A cookie of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The sign-in that is under way, sealed.
    SignIn,
    /// The session of the pages, sealed.
    Session,
    /// The browser's name and the proof that it signed in before, sealed.
    Device,
    /// The language that the person chose, in clear.
    Language,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "identity_sign_in",
            Self::Session => "identity_session",
            Self::Device => "identity_device",
            Self::Language => "identity_language",
        }
    }

    /// Under which name a sealed value belongs to this cookie and to no other.
    pub(super) const fn seal(self) -> &'static str {
        match self {
            Self::SignIn => "page sign-in",
            Self::Session => "page session",
            Self::Device => "page device",
            Self::Language => "page language",
        }
    }
}

/// How cookies are named and marked: behind https with the prefix by which a browser takes them from this host, over
/// https, alone (RFC 6265bis section 4.1.3.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct Jar {
    /// Whether people reach the pages by https.
    pub(super) secure: bool,
}

impl Jar {
    const fn prefix(self) -> &'static str {
        if self.secure { "__Host-" } else { "" }
    }

    /// The value of a cookie; `None` where the browser sent none, or several of the name.
    pub(super) fn read(self, headers: &HeaderMap, cookie: Cookie) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
            let name = pair.trim_start().strip_prefix(self.prefix())?.strip_prefix(cookie.name())?;
            name.strip_prefix('=').map(str::trim_end)
        });
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The header that has a browser keep a value for so long. `value` is of `A-Z a-z 0-9 - _ .`.
    pub(super) fn keep(self, cookie: Cookie, value: &str, lifetime: Duration) -> Option<HeaderValue> {
        let mut line = HeaderValue::from_str(&self.line(cookie, value, lifetime.as_secs())).ok()?;
        line.set_sensitive(true);
        Some(line)
    }

    /// The header that has a browser forget a cookie.
    pub(super) fn forget(self, cookie: Cookie) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.line(cookie, "", 0)).ok()
    }

    fn line(self, cookie: Cookie, value: &str, seconds: u64) -> String {
        let (prefix, name) = (self.prefix(), cookie.name());
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{prefix}{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (header::COOKIE, HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn behind_https_a_cookie_is_bound_to_its_host() {
        let line = Jar { secure: true }.keep(Cookie::Session, "a.b", Duration::from_mins(1)).unwrap();
        let expected = "__Host-identity_session=a.b; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(line.to_str().unwrap(), expected);
        assert!(line.is_sensitive());
        let line = Jar { secure: false }.forget(Cookie::Session).unwrap();
        assert_eq!(line.to_str().unwrap(), "identity_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_cookie_is_read_by_its_whole_name_and_once() {
        let jar = Jar { secure: true };
        let sent = headers(&["a=1; __Host-identity_session=x.y; identity_session=no"]);
        assert_eq!(jar.read(&sent, Cookie::Session), Some("x.y"));
        assert_eq!(jar.read(&sent, Cookie::Device), None);
        assert_eq!(jar.read(&headers(&["identity_session=no"]), Cookie::Session), None, "without the prefix");
        assert_eq!(jar.read(&headers(&["__Host-identity_sessions=no"]), Cookie::Session), None, "a longer name");
        let twice = headers(&["__Host-identity_session=x", "__Host-identity_session=y"]);
        assert_eq!(jar.read(&twice, Cookie::Session), None, "which one is ours cannot be told");
        let split = headers(&["a=1", "__Host-identity_session=z"]);
        assert_eq!(jar.read(&split, Cookie::Session), Some("z"), "HTTP/2 sends each on a line of its own");
    }
}
