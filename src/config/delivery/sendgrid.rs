//! `[delivery.sendgrid]`: emails by SendGrid.

use super::{Service, read_service, smtp};
use crate::{
    config::{network, reader::Section},
    domain::contact::EmailAddress,
};
use std::path::PathBuf;

/// SendGrid.
#[derive(Clone, Debug)]
pub struct SendGrid {
    /// The secret file with an API key that may send mail.
    pub api_key_file: PathBuf,
    /// The sender's address, which SendGrid has verified.
    pub from: EmailAddress,
    /// The sender's name; empty for none.
    pub from_name: String,
    /// How its service is reached.
    pub service: Service,
}

pub(super) fn read(section: &mut Section<'_>) -> Option<SendGrid> {
    let api_key_file = network::need_path(section, "api_key_file", "the path of a file with an API key of SendGrid");
    let (from, from_name) = smtp::sender(section);
    let service = read_service(section);
    Some(SendGrid { api_key_file: api_key_file?, from: from?, from_name: from_name?, service: service? })
}
