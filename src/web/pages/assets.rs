//! The style and the script of the pages: files of ours, named by what is in them, so that a browser may keep them.

use crate::domain::digest::Digest;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, header};
use std::sync::LazyLock;

/// A file of the pages.
pub(super) struct Asset {
    /// Where it stands.
    pub(super) path: &'static str,
    /// The same with a mark that changes with its content.
    pub(super) link: String,
    kind: &'static str,
    content: &'static str,
}

/// How the pages look.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/pages.css", "text/css; charset=utf-8", include_str!("assets/pages.css")));

/// What the pages do beyond forms: count down, show times in the person's own manner, solve what proves a person.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/assets/pages.js", "text/javascript; charset=utf-8", include_str!("assets/pages.js")));

impl Asset {
    fn new(path: &'static str, kind: &'static str, content: &'static str) -> Self {
        let mark = Digest::of_file(content.as_bytes()).hex();
        Self { path, link: format!("{path}?{}", &mark[..12]), kind, content }
    }

    /// The file. Its link changes with its content, so that a browser need never ask again.
    pub(super) fn answer(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        ];
        (headers, self.content).into_response()
    }
}
