//! Inspect: what whoever opens a link is shown. It consumes nothing.

use super::{super::OtpEngine, Wanted};
use crate::domain::{
    link::Completion,
    refusal::Refusal,
    secret::SecretString,
    session::{Device, Origin},
    time::Timestamp,
};
use std::net::IpAddr;

/// A link as whoever opens it sees it.
#[derive(Debug)]
pub struct InspectedLink {
    /// The device that asked, in the client's words.
    pub device: Device,
    /// The network address that asked, where known.
    pub address: Option<IpAddr>,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// Which device gets the session.
    pub completion: Completion,
    /// Whether redeeming it takes the number that the asking device shows.
    pub needs_match_number: bool,
    /// Where the landing page leads on to, with the token in the fragment; empty for nowhere.
    pub redirect_uri: String,
    /// Who would be signed in: the address or number that asked, masked.
    pub masked_destination: String,
    /// What people call the client application.
    pub client_name: String,
}

impl OtpEngine {
    /// Tells what a link is for, as often as it is asked while the link can be redeemed.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`] for a wrong, old, used, rejected or unknown one alike; faults.
    pub async fn inspect_link(&self, token: &SecretString, origin: &Origin) -> Result<InspectedLink, Refusal> {
        let now = self.parts.clock.now();
        let presented = self.presented(token, Wanted::Use, origin, now).await?;
        let (challenge, link) = (presented.challenge, *presented.link);
        let masked_destination = self.destination(&challenge)?.masked();
        let client = self.parts.clients.find(challenge.scope.client_id.as_str());
        Ok(InspectedLink {
            device: link.asker.device,
            address: link.asker.address,
            create_time: challenge.create_time,
            completion: link.completion,
            needs_match_number: link.match_number.is_some(),
            redirect_uri: link.redirect_uri,
            masked_destination,
            client_name: client.map(|client| client.display_name.clone()).unwrap_or_default(),
        })
    }
}
