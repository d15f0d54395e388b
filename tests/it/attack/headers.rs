//! A107: what a caller says makes no header, no recipient and no command of SMTP, looked at where the mail arrives.

use std::collections::BTreeSet;

use identity::grpc::proto::{Device, SendOtpRequest};
use tonic::Code;

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::send_otp_request;
use crate::support::refusal::Refusal;
use crate::support::smtp::{Security, Smtp};
use crate::support::world::{Store, World};

bodies_on_both_stores!(a107_nothing_that_a_caller_says_makes_a_header,);

/// Every header of a message of this service, and the envelope that the server of the tests puts in front.
const HEADERS: [&str; 13] = [
    "x-envelope-from",
    "x-envelope-to",
    "x-envelope-tls",
    "x-envelope-authenticated",
    "message-id",
    "date",
    "from",
    "to",
    "subject",
    "auto-submitted",
    "x-auto-response-suppress",
    "mime-version",
    "content-type",
];

async fn a107_nothing_that_a_caller_says_makes_a_header(store: Store) {
    let relay = Smtp::start(Security::Plain);
    let world = World::with(store, |settings| {
        settings.remove("delivery");
        settings.set("delivery.smtp.host", "127.0.0.1");
        settings.set("delivery.smtp.port", i64::from(relay.port()));
        settings.set("delivery.smtp.tls", "disable-on-loopback");
        settings.set("delivery.smtp.from", "sign-in@example.org");
    })
    .await;
    let client = world.server.client().await;
    for evil in
        ["\r\nBcc: eve@example.com", "\nX-Evil: 1", "\r\n.\r\nRCPT TO:<eve@example.com>", "\u{2028}Cc: eve", "\0"]
    {
        let good = send_otp_request("ada@example.com");
        for (field, request) in [
            ("email", send_otp_request(&format!("ada@example.com{evil}"))),
            ("email", send_otp_request(&format!("ada{evil}@example.com"))),
            ("email", send_otp_request(&format!("\"ada{evil}\"@example.com"))),
            ("locale", SendOtpRequest { locale: format!("de{evil}"), ..good.clone() }),
            ("client_id", SendOtpRequest { client_id: format!("default{evil}"), ..good }),
        ] {
            let refusal = Refusal::from(client.identity().send_otp(request).await.unwrap_err());
            assert_eq!((refusal.code, refusal.field_names()), (Code::InvalidArgument, vec![field]), "{evil:?}");
        }
    }
    let on_device = |name: &str| SendOtpRequest {
        device: Some(Device { display_name: name.to_owned(), ..Device::default() }),
        ..send_otp_request("ada@example.com")
    };
    let breaks = on_device("phone\u{2028}Bcc: eve@example.com");
    let refusal = Refusal::from(client.identity().send_otp(breaks).await.unwrap_err());
    assert_eq!(refusal.field_names(), ["device.display_name"]);
    // What a device is called stands in no message.
    client.identity().send_otp(on_device("Bcc: eve@example.com")).await.unwrap();
    relay.wait_for("ada@example.com").await;
    let [mail] = &relay.received()[..] else { panic!("one message alone") };
    let (head, _) = mail.text.split_once("\r\n\r\n").unwrap();
    let names = head.lines().filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
    let names: Vec<String> = names.map(|(name, _)| name.to_lowercase()).collect();
    assert_eq!(names.len(), HEADERS.len(), "each once: {names:?}");
    assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(HEADERS));
    assert!(!mail.text.contains("eve@"), "{}", mail.text);
    assert!(head.contains("X-Envelope-To: ada@example.com\r\n") && head.contains("\r\nTo: ada@example.com\r\n"));
}
