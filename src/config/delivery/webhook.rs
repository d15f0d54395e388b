//! `[delivery.webhook]` and `[delivery.sms.webhook]`: messages to a service of the operator's own.

use super::{read_ca_file, read_timeout};
use crate::{
    config::{
        form::{List, Text},
        network,
        reader::Section,
    },
    domain::network::is_public,
};
use ipnet::IpNet;
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// A webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The receiver's whole address.
    pub url: String,
    /// The secret file that the receiver has too.
    pub secret_file: PathBuf,
    /// Networks that are not public and may be dialled all the same, in development.
    pub allowed_networks: Vec<IpNet>,
    /// Authorities that are trusted instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// How long one message may take, connecting included.
    pub timeout: Duration,
}

pub(in crate::config) fn read(section: &mut Section<'_>) -> Option<Webhook> {
    let url = Text {
        parse: |text: &str| network::is_safe_url(text).then(|| text.to_owned()),
        expected: "an https URL such as \"https://messages.example.com/hook\", without user, query or fragment",
    };
    let url = section.need("url", &url);
    let secret_file = network::need_path(section, "secret_file", "the path of a file with the secret whsec_…");
    let range =
        Text { parse: |text: &str| text.parse().ok(), expected: "a range of addresses such as \"127.0.0.0/8\"" };
    let allowed = section.get("allowed_networks", &List(range)).or(Vec::new());
    let (ca_file, timeout) = (read_ca_file(section), read_timeout(section));
    let (url, allowed_networks) = (url?, allowed?);
    if !may_be_dialled(&url, &allowed_networks) {
        section.wrong(
            "url",
            "leads into a network that is not public",
            "name a receiver on the internet; in development allowed_networks lets in others",
        );
        return None;
    }
    Some(Webhook { url, secret_file: secret_file?, allowed_networks, ca_file: ca_file?, timeout: timeout? })
}

/// What can be told without asking for a name's addresses; those are judged when they are dialled.
fn may_be_dialled(url: &str, allowed: &[IpNet]) -> bool {
    let permits = |address: IpAddr| is_public(address) || allowed.iter().any(|network| network.contains(&address));
    let host = network::host_of(url);
    if let Ok(address) = host.parse::<IpAddr>() {
        return permits(address);
    }
    let host = host.trim_end_matches('.');
    let here = host == "localhost" || host.ends_with(".localhost");
    !here || allowed.iter().any(|network| network.addr().is_loopback())
}
