//! The credentials in a call's metadata.

use crate::domain::{
    digest::Digest,
    refusal::Refusal,
    secret::{ExposeSecret, SecretString},
};
use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderValue};
use std::{fmt, sync::Arc};
use tonic::metadata::MetadataMap;

/// An access token is never longer.
const MAX_TOKEN: usize = 8 * 1024;

/// The access token in `authorization: Bearer …`; `None` where the header is not there.
///
/// # Errors
/// [`Refusal::TokenInvalid`] where the header stands twice, names another scheme, or carries no token.
pub(in crate::grpc) fn access_token(metadata: &MetadataMap) -> Result<Option<SecretString>, Refusal> {
    let mut values = metadata.as_ref().get_all(http::header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match bearer(value) {
            Some(token) => Ok(Some(SecretString::from(token))),
            None => Err(Refusal::TokenInvalid),
        },
        (Some(_), Some(_)) => Err(Refusal::TokenInvalid),
    }
}

/// The access token that a method of a person's own account needs.
///
/// # Errors
/// [`Refusal::TokenInvalid`] where there is none.
pub(in crate::grpc) fn required_access_token(metadata: &MetadataMap) -> Result<SecretString, Refusal> {
    access_token(metadata)?.ok_or(Refusal::TokenInvalid)
}

/// `Bearer` in any case, blanks, one `token68` (RFC 6750 section 2.1, RFC 9110 section 11.4).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let permitted = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
    let sound = (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(permitted);
    (scheme.eq_ignore_ascii_case("bearer") && sound).then_some(token)
}

/// The operator's token, kept as its hash. It may be replaced while the service runs; clones are the same.
#[derive(Clone)]
pub struct OperatorToken(Arc<ArcSwap<Digest>>);

impl OperatorToken {
    /// The token that operators have to show.
    #[must_use]
    pub fn new(token: &SecretString) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(hash(token.expose_secret().as_bytes()))))
    }

    /// Takes another in its place, for the calls that come from now on. Gives whether it is another.
    #[must_use]
    pub fn replace(&self, token: &SecretString) -> bool {
        let token = hash(token.expose_secret().as_bytes());
        *self.0.swap(Arc::new(token)) != token
    }

    /// Whether the call shows it, in `x-service-token` or as a bearer token. Takes the same time wherever the first
    /// difference is. Where both headers are there, `x-service-token` counts; a header that stands twice counts not.
    pub(in crate::grpc) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let alone = |name: &str| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none())
        };
        let shown = if headers.contains_key("x-service-token") {
            alone("x-service-token").map(HeaderValue::as_bytes)
        } else {
            alone("authorization").and_then(bearer).map(str::as_bytes)
        };
        shown.is_some_and(|shown| hash(shown) == **self.0.load())
    }
}

fn hash(token: &[u8]) -> Digest {
    Digest::sha256(&[token])
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in of {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    fn read(of: &[(&'static str, &'static str)]) -> Result<Option<String>, Refusal> {
        access_token(&MetadataMap::from_headers(headers(of)))
            .map(|token| token.map(|token| token.expose_secret().to_owned()))
    }

    #[test]
    fn one_bearer_token() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("authorization", "Bearer a.b-c_d")]), Ok(Some("a.b-c_d".to_owned())));
        assert_eq!(read(&[("authorization", "bearer abc")]), Ok(Some("abc".to_owned())));
        assert_eq!(read(&[("authorization", "Bearer   abc")]), Ok(Some("abc".to_owned())));
        for bad in ["", "Bearer", "Bearer ", "Bearer   ", "Bearer a b", "Basic abc", "DPoP abc", "Bearer a,b", "abc"] {
            assert_eq!(read(&[("authorization", bad)]), Err(Refusal::TokenInvalid), "{bad}");
        }
        assert_eq!(read(&[("authorization", "Bearer a"), ("authorization", "Bearer a")]), Err(Refusal::TokenInvalid));
    }

    #[test]
    fn the_operators_token() {
        let token = OperatorToken::new(&SecretString::from("s3cret"));
        assert!(token.is_shown(&headers(&[("x-service-token", "s3cret")])));
        assert!(token.is_shown(&headers(&[("authorization", "Bearer s3cret")])));
        assert!(token.is_shown(&headers(&[("x-service-token", "s3cret"), ("authorization", "Bearer other")])));
        for bad in [
            headers(&[]),
            headers(&[("x-service-token", "")]),
            headers(&[("x-service-token", "s3cret2")]),
            headers(&[("x-service-token", "s3cret"), ("x-service-token", "s3cret")]),
            headers(&[("x-service-token", "other"), ("authorization", "Bearer s3cret")]),
            headers(&[("authorization", "s3cret")]),
        ] {
            assert!(!token.is_shown(&bad), "{bad:?}");
        }
        assert!(token.clone().replace(&SecretString::from("another")));
        assert!(!token.replace(&SecretString::from("another")), "it is the same");
        assert!(token.is_shown(&headers(&[("x-service-token", "another")])));
        assert!(!token.is_shown(&headers(&[("x-service-token", "s3cret")])));
    }
}
