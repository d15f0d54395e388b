//! What SendGrid, Twilio and a webhook's receiver answer, by their documentation.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Protocol, Request};

/// The API key that the double of SendGrid knows.
pub(crate) const API_KEY: &str = "SG.canary-key-0x0000.0000000000000000000000";
/// The account and the key that the double of Twilio knows.
pub(crate) const ACCOUNT_SID: &str = "AC00000000000000000000000000000001";
pub(crate) const API_KEY_SID: &str = "SK00000000000000000000000000000002";
pub(crate) const API_SECRET: &str = "canary-twilio-secret-0x000000000";
/// The secret that the webhook's receiver shares.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

type Answer = (u16, String, String);

/// Status, header lines and body.
pub(super) fn answer(protocol: Protocol, request: &Request) -> Answer {
    match protocol {
        Protocol::SendGrid => sendgrid(request),
        Protocol::Twilio => twilio(request),
        Protocol::Webhook => webhook(request),
    }
}

fn said(status: u16, body: &Value) -> Answer {
    (status, "content-type: application/json\r\n".to_owned(), body.to_string())
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map_or("", String::as_str)
}

fn sendgrid(request: &Request) -> Answer {
    let refused = |status, field: Option<&str>, message: &str| {
        said(status, &json!({ "errors": [{ "message": message, "field": field, "help": null }] }))
    };
    if header(request, "authorization") != format!("Bearer {API_KEY}") {
        return refused(401, None, "The provided authorization grant is invalid, expired, or revoked");
    }
    if request.line != "POST /v3/mail/send" {
        return refused(404, None, "not found");
    }
    if header(request, "content-type") != "application/json" {
        return refused(415, None, "Content-Type should be application/json.");
    }
    let Ok(mail) = serde_json::from_str::<Value>(&request.body) else {
        return refused(400, None, "Bad Request");
    };
    let kinds = [&mail["content"][0]["type"], &mail["content"][1]["type"]];
    if kinds != ["text/plain", "text/html"] {
        return refused(400, Some("content"), "The content value must be a string at least one character in length.");
    }
    let to = mail["personalizations"][0]["to"][0]["email"].as_str().unwrap_or_default();
    match to.split('@').next().unwrap_or_default() {
        "" => refused(400, Some("personalizations"), "The personalizations field is required."),
        "refuse-forever" => refused(400, Some("personalizations.0.to.0.email"), "Does not contain a valid address."),
        _ => (202, format!("x-message-id: sg-{}\r\n", request.body.len()), String::new()),
    }
}

fn twilio(request: &Request) -> Answer {
    let refused = |status: u16, code: u32, message: &str| {
        let more = format!("https://www.twilio.com/docs/errors/{code}");
        said(status, &json!({ "code": code, "message": message, "more_info": more, "status": status }))
    };
    if header(request, "authorization") != format!("Basic {}", STANDARD.encode(format!("{API_KEY_SID}:{API_SECRET}"))) {
        return refused(401, 20003, "Authenticate");
    }
    if request.line != format!("POST /2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json") {
        return refused(404, 20404, "The requested resource was not found");
    }
    let form = form(&request.body);
    let given = |name: &str| form.get(name).map_or("", String::as_str);
    if !given("To").starts_with('+') {
        return refused(400, 21211, "Invalid 'To' Phone Number");
    }
    if given("From").is_empty() == given("MessagingServiceSid").is_empty() {
        return refused(400, 21603, "A 'From' phone number is required.");
    }
    if given("Body").is_empty() {
        return refused(400, 21602, "Message body is required.");
    }
    let message = json!({
        "account_sid": ACCOUNT_SID,
        "body": given("Body"),
        "error_code": null,
        "error_message": null,
        "sid": format!("SM{:032}", request.body.len()),
        "status": "queued",
        "to": given("To"),
    });
    said(201, &message)
}

fn webhook(request: &Request) -> Answer {
    let key = STANDARD.decode(WEBHOOK_SECRET.trim_start_matches("whsec_")).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let [id, time, signature] =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| header(request, name));
    let signed = format!("{id}.{time}.{}", request.body);
    let tag = signature.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok()).unwrap_or_default();
    if hmac::verify(&key, signed.as_bytes(), &tag).is_err() || time.parse::<i64>().is_err() {
        return said(401, &json!({ "error": "wrong signature" }));
    }
    let event: Value = serde_json::from_str(&request.body).unwrap();
    if event["data"]["message_id"] != id {
        return said(400, &json!({ "error": "another id" }));
    }
    let to = event["data"]["to"].as_str().unwrap_or_default();
    if to.starts_with("refuse-forever@") {
        return said(422, &json!({ "error": "no such recipient" }));
    }
    said(200, &json!({ "id": format!("w-{id}") }))
}

/// `application/x-www-form-urlencoded`.
pub(super) fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}
