//! `[delivery.sendgrid]`: emails by SendGrid.

use super::{Service, read_service, smtp};
use crate::{
    config::{form::Text, network, reader::Section},
    domain::contact::EmailAddress,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
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
    /// The public key by which its events are known, in base64; `None` where it posts none.
    pub receipts: Option<String>,
}

pub(super) fn read(section: &mut Section<'_>) -> Option<SendGrid> {
    let api_key_file = network::need_path(section, "api_key_file", "the path of a file with an API key of SendGrid");
    let (from, from_name) = smtp::sender(section);
    let service = read_service(section);
    let receipts = if section.has("receipts") {
        let key = Text {
            parse: |text: &str| (text.len() <= 256 && STANDARD.decode(text).is_ok()).then(|| text.to_owned()),
            expected: "the verification key as SendGrid shows it, in base64",
        };
        section.section("receipts", |section| section.need("public_key", &key)).map(Some)
    } else {
        Some(None)
    };
    Some(SendGrid {
        api_key_file: api_key_file?,
        from: from?,
        from_name: from_name?,
        service: service?,
        receipts: receipts?,
    })
}
