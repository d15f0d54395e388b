//! `[links]`: where the pages of magic links are.

use super::{form::Text, network, reader::Section, service::Environment};

/// Where the pages of magic links are, as far as the file says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkPages {
    /// At this URL: an absolute one without user, query, fragment or closing slash.
    At(String),
    /// At the address of the service's own HTTP listener, whatever port it gets: for this machine.
    OwnListener,
}

/// The word for [`LinkPages::OwnListener`].
const OWN: &str = "own-listener";

/// Reads the section; `None` within where it says nothing.
#[expect(clippy::option_option, reason = "the outer tells whether it could be read, the inner whether it is there")]
pub(super) fn read(section: &mut Section<'_>) -> Option<Option<LinkPages>> {
    let form = Text {
        parse: |text: &str| match text {
            OWN => Some(LinkPages::OwnListener),
            url => (network::is_url(url) && fits(url)).then(|| LinkPages::At(url.to_owned())),
        },
        expected: "an absolute https URL such as \"https://identity.example.com\", without user, query, fragment or \
                   closing slash; http for this machine alone; or \"own-listener\" for development",
    };
    section.get("base_url", &form).optional()
}

/// A link in clear is for this machine: whoever reads the page on its way could change it.
fn fits(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    !network::is_clear(url) || network::is_loopback(host)
}

/// Notes what production refuses, and gives the pages their place: the issuer's where none is named.
pub(super) fn check(
    root: &mut Section<'_>,
    environment: Option<Environment>,
    issuer: Option<&str>,
    pages: Option<LinkPages>,
) -> Option<LinkPages> {
    if environment == Some(Environment::Production) {
        let in_clear = match &pages {
            Some(LinkPages::At(url)) => network::is_clear(url),
            Some(LinkPages::OwnListener) => true,
            None => false,
        };
        if in_clear {
            root.wrong(
                "links",
                "has a base_url that other machines cannot reach by TLS, in production",
                "give the https URL of the pages that people open as links.base_url, or leave it out for the issuer's",
            );
        }
    }
    pages.or_else(|| issuer.map(|issuer| LinkPages::At(issuer.to_owned())))
}
