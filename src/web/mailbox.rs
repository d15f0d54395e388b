//! The mailbox of development: the messages that were kept instead of sent, newest first. It works without a script.

use super::told;
use crate::engine::delivery::{MailboxMessage, MailboxReader};
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use minijinja::{AutoEscape, Environment, context};

/// How many messages are shown.
const SHOWN: usize = 50;

/// Nothing runs and nothing is fetched; the frames of the messages inherit this and have no rights of their own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";

const PAGE: &str = include_str!("mailbox.html");

/// The page.
pub(super) async fn page(mailbox: &MailboxReader) -> Response {
    match mailbox.newest(SHOWN).await {
        Ok(messages) => match render(&messages) {
            Ok(page) => ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response(),
            Err(error) => {
                tracing::error!(error = ?error.kind(), "the mailbox page cannot be made");
                told(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page cannot be made")
            }
        },
        Err(error) => {
            tracing::warn!(%error, "the mailbox page cannot be shown");
            told(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the mailbox cannot be read")
        }
    }
}

fn render(messages: &[MailboxMessage]) -> Result<String, minijinja::Error> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let messages: Vec<_> = messages
        .iter()
        .map(|message| {
            context! {
                id => message.message_id.to_string(),
                time => message.time.to_string(),
                to => message.to.as_str(),
                subject => message.subject.as_str(),
                text => message.text.as_str(),
                html => message.html.as_deref(),
            }
        })
        .collect();
    environment.render_str(PAGE, context! { messages })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::MessageId, time::Timestamp};
    use uuid::Uuid;

    #[test]
    fn what_a_message_says_stays_text() {
        let page = render(&[MailboxMessage {
            message_id: MessageId::new(Uuid::from_u128(1)),
            time: Timestamp::from_seconds(0),
            to: "<b>ada</b>@example.com".to_owned(),
            subject: "{{ 7 * 7 }} <script>alert(1)</script>".to_owned(),
            text: "</pre><script>alert(2)</script>".to_owned(),
            html: Some("\"><script>alert(3)</script>".to_owned()),
        }])
        .unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("{{ 7 * 7 }}"));
        assert!(page.contains("sandbox=\"\""));
    }

    #[test]
    fn an_sms_is_text_alone() {
        let page = render(&[MailboxMessage {
            message_id: MessageId::new(Uuid::from_u128(1)),
            time: Timestamp::from_seconds(0),
            to: "+491761234567".to_owned(),
            subject: String::new(),
            text: "123456 is <b>your</b> code\n\n@localhost #123456".to_owned(),
            html: None,
        }])
        .unwrap();
        assert!(page.contains("<h2>SMS</h2>") && page.contains("&lt;b&gt;your") && page.contains("@localhost #123456"));
        assert!(!page.contains("<iframe"), "{page}");
    }

    #[test]
    fn an_empty_mailbox_says_what_to_do() {
        assert!(render(&[]).unwrap().contains("SendOtp"));
    }
}
