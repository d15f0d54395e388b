//! The door of the pages: every request passes it. A form that another site sends is turned away; as many run as may,
//! and none for ever.

use super::{
    Pages,
    cookies::Cookie,
    render::Trouble,
    visit::{self, Visit},
};
use crate::domain::refusal::Refusal;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use std::{sync::Arc, time::Duration};

/// How long the choice of a language is remembered.
const LANGUAGE_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// Lets a request in and its answer out.
pub(super) async fn pass(State(pages): State<Arc<Pages>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = Visit::of(&parts, &pages);
    if !is_safe(&parts.method) && !is_from_our_page(&parts.headers, &parts.uri, pages.options.secure) {
        let trouble = Trouble { status: StatusCode::FORBIDDEN, text: visit.words().not_our_page.to_owned() };
        return pages.trouble(&visit, &trouble);
    }
    // To leave it out would be to do something else than was asked for.
    if visit::is_too_long(&parts.uri) {
        visit.query.clear();
        let trouble = Trouble { status: StatusCode::BAD_REQUEST, text: visit.words().too_long.to_owned() };
        return pages.trouble(&visit, &trouble);
    }
    let Ok(place) = Arc::clone(&pages.running).try_acquire_owned() else {
        return pages.refused(&visit, &Refusal::Overloaded);
    };
    visit.place = Some(Arc::new(place));
    let visit = Arc::new(visit);
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(Arc::clone(&visit));
    // The work itself goes on to its end; only the person does not wait for it any longer.
    let answered = tokio::time::timeout(pages.options.request_timeout, next.run(request)).await;
    let mut answer = answered.unwrap_or_else(|_| pages.refused(&visit, &Refusal::StoreUnavailable));
    if visit.chosen {
        let kept = pages.jar.keep(Cookie::Language, visit.language.tag(), LANGUAGE_LIFETIME);
        if let Some(line) = kept {
            answer.headers_mut().append(header::SET_COOKIE, line);
        }
    }
    answer
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a request that changes something was sent by one of our own pages. Browsers say so themselves: in
/// `sec-fetch-site` (W3C Fetch Metadata), older ones in `origin`. What says neither is no browser's form, and is turned
/// away; so is whatever says something else. `secure` tells that our pages are reached by https alone: a page of the same
/// host in clear is then somebody else's.
fn is_from_our_page(headers: &HeaderMap, uri: &Uri, secure: bool) -> bool {
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value.to_str().ok()),
            (None, _) => Err(()),
            (Some(_), Some(_)) => Ok(None),
        }
    };
    if let Ok(site) = only(header::HeaderName::from_static("sec-fetch-site")) {
        return site == Some("same-origin");
    }
    let Ok(Some(origin)) = only(header::ORIGIN) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
    let in_clear = || origin.strip_prefix("http://").filter(|_| !secure);
    let sender = origin.strip_prefix("https://").or_else(in_clear);
    !host.is_empty() && sender.is_some_and(|sender| sender.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn ours(pairs: &[(&'static str, &'static str)]) -> bool {
        ours_over(false, pairs)
    }

    fn ours_over(secure: bool, pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        is_from_our_page(&headers, &Uri::from_static("/sign-in"), secure)
    }

    #[test]
    fn what_our_own_page_sends_is_taken() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "https://id.example.com")]));
        assert!(ours(&[("origin", "https://id.example.com"), ("host", "id.example.com")]));
        assert!(ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
    }

    #[test]
    fn a_page_in_clear_is_not_ours_behind_https() {
        let from = |origin| ours_over(true, &[("origin", origin), ("host", "id.example.com")]);
        assert!(from("https://id.example.com") && !from("http://id.example.com"));
    }

    #[test]
    fn nothing_else_is() {
        for pairs in [
            &[][..],
            &[("host", "id.example.com")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://id.example.com"), ("host", "id.example.com")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://id.example.com"), ("host", "id.example.com")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
            &[("origin", "null"), ("host", "id.example.com")],
            &[("origin", "https://evil.example"), ("host", "id.example.com")],
            &[("origin", "https://id.example.com.evil.example"), ("host", "id.example.com")],
            &[("origin", "https://id.example.com"), ("origin", "https://evil.example"), ("host", "id.example.com")],
            &[("origin", "https://id.example.com")],
            &[("origin", "https://"), ("host", "")],
            &[("referer", "https://id.example.com/sign-in"), ("host", "id.example.com")],
        ] {
            assert!(!ours(pairs), "{pairs:?}");
        }
    }
}
