//! Where links lead: from configuration alone, whatever a request says of its host.

use crate::domain::{
    link::LinkToken,
    refusal::Refusal,
    secret::{ExposeSecret as _, Secret32},
};
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// Where the pages of links are. With a listener whose port is chosen when it is bound that is known only then.
#[derive(Debug, Default)]
pub struct LinkBase(OnceLock<String>);

impl LinkBase {
    /// At that URL, which has no closing slash.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self(OnceLock::from(url.to_owned()))
    }

    /// At that URL, which has no closing slash, unless it is known already. To be called before the first request.
    pub fn set(&self, url: &str) {
        self.0.get_or_init(|| url.to_owned());
    }

    /// The link of a token, veiled with `key`, which travels in the fragment: no server, proxy or referrer sees it.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where nobody has said yet where the pages are.
    pub(super) fn url(&self, token: &LinkToken, key: &Secret32) -> Result<Zeroizing<String>, Refusal> {
        let base = self.0.get().ok_or(Refusal::Internal)?;
        Ok(Zeroizing::new(format!("{base}/link#{}", token.to_text(key).expose_secret())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::ChallengeId, secret::secret32};
    use uuid::Uuid;

    #[test]
    fn the_first_place_stays() {
        let token = LinkToken { challenge_id: ChallengeId::new(Uuid::from_u128(1)), secret: secret32([0; 32]) };
        let (base, key) = (LinkBase::default(), secret32([1; 32]));
        assert_eq!(base.url(&token, &key).err(), Some(Refusal::Internal));
        base.set("https://id.example.com/sign-in");
        base.set("https://evil.example");
        let url = base.url(&token, &key).unwrap();
        let (place, fragment) = url.split_once('#').unwrap();
        assert_eq!(place, "https://id.example.com/sign-in/link");
        assert_eq!(fragment, token.to_text(&key).expose_secret());
    }
}
