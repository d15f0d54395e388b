//! The one header that a token of this service may have.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

const ALGORITHM: &str = "RS256";
const TYPE: &str = "at+jwt";

/// A SHA-256 in base64url has this many characters.
const THUMBPRINT: usize = 43;

/// The members of a header: these, each once, and no other. So nothing can name a key or an address of its own (`jku`,
/// `jwk`, `x5u`, `x5c`), ask for an extension (`crit`, `b64`), or nest or compress (`cty`, `zip`).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
}

/// The encoded header of tokens that the key signs.
pub(super) fn encode(kid: &str) -> Result<String, serde_json::Error> {
    let header = Header { alg: ALGORITHM.into(), typ: TYPE.into(), kid: kid.into() };
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?))
}

/// The key that an encoded header names; `None` unless algorithm and type are the pinned ones (RFC 8725 section 3.1,
/// RFC 9068 section 4) and nothing else is said.
pub(super) fn key_id(encoded: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    // A list of the right length would pass for the members in their order.
    let header: Header<'_> = bytes.starts_with(b"{").then(|| serde_json::from_slice(&bytes).ok())??;
    let typed = header.typ.eq_ignore_ascii_case(TYPE) || header.typ.eq_ignore_ascii_case("application/at+jwt");
    let shaped = header.kid.len() == THUMBPRINT
        && header.kid.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    (header.alg == ALGORITHM && typed && shaped).then(|| header.kid.into_owned())
}
