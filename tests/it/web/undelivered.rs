//! The page that asked for a code says where its message did not arrive.

use serde_json::{Value, json};

use crate::both_stores::bodies_on_both_stores;
use crate::ops::posting::Posting;
use crate::support::browser::Browser;
use crate::support::providers::receipts::{bounce, event};
use crate::support::world::Store;

const SAID: [(&str, &str); 6] = [
    ("en", "The message to m***@example.org could not be delivered."),
    ("de", "Die Nachricht an m***@example.org konnte nicht zugestellt werden."),
    ("fr", "Le message à m***@example.org n’a pas pu être remis."),
    ("es", "No se ha podido entregar el mensaje a m***@example.org."),
    ("pt", "Não foi possível entregar a mensagem para m***@example.org."),
    ("ja", "m***@example.orgへのメッセージを配信できませんでした。"),
];

async fn standing(browser: &mut Browser) -> Value {
    serde_json::from_str(&browser.get("/sign-in/standing").await.body).unwrap()
}

async fn a_person_is_told_where_the_message_did_not_arrive(store: Store) {
    let posting = Posting::with(store, |settings| settings.set("pages.enabled", true)).await;
    let mut browser = Browser::at(posting.world.server.addresses().http);
    let page = browser.submit("/sign-in", &[("identifier", "mira@example.org")]).await;
    let shown = |words: &str| format!(">{words}");
    assert!(page.body.contains("id=\"undelivered\"") && !page.body.contains(&shown(SAID[0].1)), "{}", page.body);
    let taken = posting.sendgrid.took(0).await;
    posting.tell(&[event(&taken, "delivered", &json!({}))]).await;
    assert_eq!(standing(&mut browser).await, json!({ "standing": "waiting", "undelivered": false }));
    posting.tell(&[bounce(&taken)]).await;
    assert_eq!(standing(&mut browser).await, json!({ "standing": "waiting", "undelivered": true }));
    for (language, words) in SAID {
        let page = browser.get(&format!("/sign-in/code?lang={language}")).await;
        assert!(page.status == 200 && page.body.contains(&shown(words)), "{language}: {}", page.body);
    }
    // Whoever asks for the same address anew is told as much, and for another nothing.
    for (identifier, undelivered) in [("mira@example.org", true), ("bo@example.org", false)] {
        let mut browser = Browser::at(posting.world.server.addresses().http);
        browser.submit("/sign-in", &[("identifier", identifier)]).await;
        let settled = || async { posting.world.number("SELECT count(*) FROM outbox WHERE settle_time IS NULL").await };
        crate::support::wait::until("the message to end", std::time::Duration::from_secs(10), async || {
            (settled().await == 0).then_some(())
        })
        .await;
        assert_eq!(standing(&mut browser).await["undelivered"], undelivered, "{identifier}");
    }
}

bodies_on_both_stores!(a_person_is_told_where_the_message_did_not_arrive);
