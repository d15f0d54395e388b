//! The mailbox of development: the messages that were kept instead of sent, newest first. It works without a script.

use super::told;
use crate::engine::delivery::{MailboxMessage, MailboxReader};
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use minijinja::{AutoEscape, Environment, Value, context};

/// How many messages are shown.
const SHOWN: usize = 50;

/// Nothing runs and nothing is fetched; the frames of the messages inherit this, and have no right but that a person's click
/// on a link opens a page of its own.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";

const PAGE: &str = include_str!("mailbox.html");

/// The page; `pages` tells whether people can ask for a code on a page of this service.
pub(super) async fn page(mailbox: &MailboxReader, pages: bool) -> Response {
    match mailbox.newest(SHOWN).await {
        Ok(messages) => match render(&messages, pages) {
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

fn render(messages: &[MailboxMessage], pages: bool) -> Result<String, minijinja::Error> {
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
                parts => parts(&message.text),
                html => message.html.as_deref(),
            }
        })
        .collect();
    environment.render_str(PAGE, context! { messages, pages })
}

/// A text cut where its links begin and end, so that they can be followed as in a mail program.
fn parts(text: &str) -> Vec<Value> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(begin) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, from) = rest.split_at(begin);
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
        let link = from.split(ends).next().unwrap_or_default().trim_end_matches(['.', ',', ')', ':', ';', '。', '、']);
        parts.extend([context! { text => before }, context! { link }]);
        rest = &from[link.len()..];
    }
    parts.push(context! { text => rest });
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::MessageId, time::Timestamp};
    use uuid::Uuid;

    #[test]
    fn what_a_message_says_stays_text() {
        let messages = [MailboxMessage {
            message_id: MessageId::new(Uuid::from_u128(1)),
            time: Timestamp::from_seconds(0),
            to: "<b>ada</b>@example.com".to_owned(),
            subject: "{{ 7 * 7 }} <script>alert(1)</script>".to_owned(),
            text: "</pre><script>alert(2)</script>".to_owned(),
            html: Some("\"><script>alert(3)</script>".to_owned()),
        }];
        let page = render(&messages, true).unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("{{ 7 * 7 }}"));
        assert!(page.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""));
    }

    #[test]
    fn a_link_is_one_and_nothing_else_is() {
        let page = |text: &str| {
            let message = MailboxMessage {
                message_id: MessageId::new(Uuid::from_u128(1)),
                time: Timestamp::from_seconds(0),
                to: "ada@example.com".to_owned(),
                subject: String::new(),
                text: text.to_owned(),
                html: None,
            };
            let page = render(&[message], true).unwrap();
            page.split("<pre>").nth(1).unwrap().split("</pre>").next().unwrap().replace("&#x2f;", "/")
        };
        let link = |to: &str| format!("<a href=\"{to}\" target=\"_blank\" rel=\"noreferrer\">{to}</a>");
        let (one, two) = ("http://127.0.0.1:8080/link#abc-_9", "https://example.com/a");
        let wanted = format!("Open {}\n({}).", link(one), link(two));
        assert_eq!(page(&format!("Open {one}\n({two}).")), wanted);
        assert_eq!(page("http://"), link("http://"), "no text is lost");
        assert_eq!(page("javascript:alert(1) data:x ftp://y"), "javascript:alert(1) data:x ftp://y");
        assert!(page("https://x\"><script>").starts_with(&link("https://x")));
    }

    #[test]
    fn an_sms_is_text_alone() {
        let messages = [MailboxMessage {
            message_id: MessageId::new(Uuid::from_u128(1)),
            time: Timestamp::from_seconds(0),
            to: "+491761234567".to_owned(),
            subject: String::new(),
            text: "123456 is <b>your</b> code\n\n@localhost #123456".to_owned(),
            html: None,
        }];
        let page = render(&messages, true).unwrap();
        assert!(page.contains("<h2>SMS</h2>") && page.contains("&lt;b&gt;your") && page.contains("@localhost #123456"));
        assert!(!page.contains("<iframe"), "{page}");
    }

    #[test]
    fn an_empty_mailbox_says_what_to_do() {
        let says = |pages| render(&[], pages).unwrap();
        assert!(says(true).contains("SendOtp") && says(true).contains("sign-in"));
        assert!(says(false).contains("SendOtp") && !says(false).contains("sign-in"));
    }
}
