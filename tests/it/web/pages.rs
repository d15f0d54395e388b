//! Signing in on the pages, and one's sessions there, by a browser without a script.

use std::time::Duration;

use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::{Browser, field};
use crate::support::http::{self, Answer};
use crate::support::wait;
use crate::support::world::{Store, World};

/// A service with pages.
pub(crate) async fn world(store: Store) -> World {
    World::with(store, |settings| settings.set("pages.enabled", true)).await
}

/// Waits for the newest of `count` codes to `email`.
pub(crate) async fn code(world: &World, email: &str, count: usize) -> String {
    let codes = || world.server.mailbox().to(email).into_iter().filter_map(|mail| mail.code());
    wait::until("a code", Duration::from_secs(10), async || codes().nth(count - 1)).await
}

/// Asks for a code and gives the page that takes it.
pub(crate) async fn ask(browser: &mut Browser, email: &str) -> Answer {
    let page = browser.submit("/sign-in", &[("identifier", email)]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page
}

/// Signs in, and gives the page of the sessions.
pub(crate) async fn sign_in(world: &World, browser: &mut Browser, email: &str) -> Answer {
    let before = world.server.mailbox().to(email).into_iter().filter_map(|mail| mail.code()).count();
    let page = ask(browser, email).await;
    let code = code(world, email, before + 1).await;
    browser.submit("/sign-in/code", &[("challenge", &field(&page, "challenge")), ("code", &code)]).await
}

fn another(code: &str) -> String {
    let first = if code.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &code[1..])
}

async fn a_person_signs_in_sees_the_session_and_signs_out(store: Store) {
    let world = world(store).await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let mut browser = Browser::at(world.server.addresses().http).with("user-agent", agent);
    assert_eq!(browser.get("/account").await.header("location"), Some("/sign-in"));
    let form = browser.get("/sign-in").await;
    assert!(
        form.body.contains("<label for=\"identifier\">") && form.body.contains("Sign in to Identity"),
        "{}",
        form.body
    );
    let page = ask(&mut browser, "mira@example.org").await;
    assert!(page.body.contains("autocomplete=\"one-time-code\"") && page.body.contains("inputmode=\"numeric\""));
    assert!(page.body.contains("Attempts left: 5") && !page.body.contains("mira@example.org"), "{}", page.body);
    let code = code(&world, "mira@example.org", 1).await;
    let pasted = format!(" {} {} ", &code[..3], &code[3..]);
    let challenge = field(&page, "challenge");
    let account = browser.submit("/sign-in/code", &[("challenge", &challenge), ("code", &pasted)]).await;
    assert!(account.body.contains("Signed in as mira@example.org"), "{}", account.body);
    assert!(account.body.contains("Firefox, Linux") && account.body.contains("127.0.0.1"), "{}", account.body);
    assert!(account.body.contains("There are no other sessions."), "{}", account.body);
    let out = browser.submit("/account/sign-out", &[]).await;
    assert!(out.body.contains("You are signed out."), "{}", out.body);
    assert_eq!(browser.get("/account").await.header("location"), Some("/sign-in"));
}

async fn a_number_is_taken_in_full_width(store: Store) {
    let world = World::with(store, |settings| {
        settings.set("pages.enabled", true);
        settings.offer_sms();
    })
    .await;
    let page = ask(&mut Browser::at(world.server.addresses().http), "＋４９１７６１２３４５６９").await;
    assert!(page.body.contains("+49********69"), "{}", page.body);
}

async fn what_goes_wrong_is_said_with_what_to_do(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let refused = browser.post("/sign-in", &[("identifier", "mira@")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("This is not a valid email address.") && refused.body.contains("aria-invalid"));
    assert!(refused.body.contains("value=\"mira@\""), "what was written stays");

    let page = ask(&mut browser, "mira@example.org").await;
    let (challenge, right) = (field(&page, "challenge"), code(&world, "mira@example.org", 1).await);
    let form = browser.post("/sign-in/code", &[("challenge", &challenge), ("code", "12")]).await;
    assert!(form.status == 422 && form.body.contains("A code has 6 to 10 digits."), "{}", form.body);
    for left in [4, 3] {
        let wrong = browser.post("/sign-in/code", &[("challenge", &challenge), ("code", &another(&right))]).await;
        assert_eq!(wrong.status, 422);
        assert!(
            wrong.body.contains("The code is not valid.") && wrong.body.contains(&format!("Attempts left: {left}"))
        );
    }
    let soon = browser.post("/sign-in/resend", &[]).await;
    assert!(soon.status == 429 && soon.header("retry-after").is_some(), "{}", soon.head);
    assert_eq!(soon.header("x-ratelimit-remaining"), Some("0"));
    assert!(soon.body.contains("A code was sent a moment ago."), "{}", soon.body);
    // The third in a row locks the address for five minutes.
    browser.post("/sign-in/code", &[("challenge", &challenge), ("code", &another(&right))]).await;
    let locked = browser.post("/sign-in/code", &[("challenge", &challenge), ("code", &right)]).await;
    assert_eq!(locked.status, 429);
    assert!(locked.body.contains("Too many wrong codes. Try again in 5 minutes."), "{}", locked.body);
    assert!(locked.header("retry-after").unwrap().parse::<u32>().unwrap() > 200);

    for _ in 0..2 {
        let sent = browser.post("/sign-in", &[("identifier", "mira@example.org")]).await;
        assert!(sent.status == 303 && sent.header("x-ratelimit-limit").is_some(), "{}", sent.head);
    }
    let many = browser.post("/sign-in", &[("identifier", "mira@example.org")]).await;
    assert_eq!((many.status, many.header("x-ratelimit-remaining")), (429, Some("0")));
    assert!(many.body.contains("Too many requests for codes.") && many.header("retry-after").is_some());
}

async fn a_code_that_is_over_is_followed_by_another(store: Store) {
    let world = World::with_clock_and(store, |settings| settings.set("pages.enabled", true)).await;
    let mut browser = Browser::at(world.server.addresses().http);
    ask(&mut browser, "mira@example.org").await;
    world.advance(Duration::from_secs(31));
    let resent = browser.submit("/sign-in/resend", &[]).await;
    assert!(resent.body.contains("A new code is on its way."), "{}", resent.body);
    let first = code(&world, "mira@example.org", 1).await;
    world.advance(Duration::from_mins(6));
    let over = browser.get("/sign-in/code").await;
    assert!(over.body.contains("The code has expired.") && !over.body.contains("name=\"code\""), "{}", over.body);
    let next = browser.submit("/sign-in/resend", &[]).await;
    assert!(next.status == 200 && next.body.contains("name=\"code\""), "{}", next.body);
    let (challenge, newest) = (field(&next, "challenge"), code(&world, "mira@example.org", 3).await);
    assert_ne!(first, newest);
    let taken = browser.post("/sign-in/code", &[("challenge", &challenge), ("code", &newest)]).await;
    assert_eq!((taken.status, taken.header("location")), (303, Some("/account")), "{}", taken.body);
}

async fn another_tab_costs_no_attempt(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let first = ask(&mut browser, "mira@example.org").await;
    let second = ask(&mut browser, "mira@example.org").await;
    let code = code(&world, "mira@example.org", 1).await;
    let told = browser.submit("/sign-in/code", &[("challenge", &field(&first, "challenge")), ("code", &code)]).await;
    assert!(told.body.contains("in a second tab") && told.body.contains("Attempts left: 5"), "{}", told.body);
    assert_eq!(field(&told, "challenge"), field(&second, "challenge"));
}

async fn a_form_that_is_sent_twice_is_answered_alike(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let page = ask(&mut browser, "mira@example.org").await;
    let (challenge, code) = (field(&page, "challenge"), code(&world, "mira@example.org", 1).await);
    let mut twin = browser.clone();
    let fields = [("challenge", challenge.as_str()), ("code", code.as_str())];
    let (one, other) = tokio::join!(browser.post("/sign-in/code", &fields), twin.post("/sign-in/code", &fields));
    for answer in [&one, &other] {
        assert_eq!((answer.status, answer.header("location")), (303, Some("/account")), "{}", answer.body);
    }
    let account = twin.get("/account").await;
    assert!(account.body.contains("There are no other sessions."), "one session: {}", account.body);
}

async fn sessions_are_seen_and_ended(store: Store) {
    let world = world(store).await;
    let address = world.server.addresses().http;
    let [mut here, mut there, mut elsewhere] = [(); 3].map(|()| Browser::at(address));
    for browser in [&mut elsewhere, &mut there, &mut here] {
        sign_in(&world, browser, "mira@example.org").await;
    }
    let mut stranger = Browser::at(address);
    let own = sign_in(&world, &mut stranger, "noa@example.org").await;
    let page = here.get("/account").await;
    assert_eq!(page.body.matches("action=\"/account/end\"").count(), 2, "{}", page.body);
    let newest = field(&page, "session_id");
    let mine = field(&there.get("/account").await, "session_id");
    // Another person's id ends nothing.
    stranger.submit("/account/end", &[("session_id", &newest)]).await;
    assert!(there.get("/account").await.body.contains("Signed in as mira@example.org"));
    let page = here.submit("/account/end", &[("session_id", &newest)]).await;
    assert!(page.body.contains("The session has ended."), "{}", page.body);
    assert_eq!(there.get("/account").await.header("location"), Some("/sign-in"));
    assert!(elsewhere.get("/account").await.status == 200);
    let page = here.submit("/account/end-others", &[]).await;
    assert!(page.body.contains("All other sessions have ended.") && page.body.contains("There are no other sessions."));
    assert_eq!(elsewhere.get("/account").await.header("location"), Some("/sign-in"));
    let over = here.submit("/account/end", &[("session_id", &mine)]).await;
    let page = here.get(over.header("location").unwrap()).await;
    assert!(page.body.contains("The session has ended.") && page.body.contains("name=\"identifier\""), "{}", page.body);
    assert!(own.body.contains("noa@example.org") && stranger.get("/account").await.status == 200);
}

/// Moves the clock, and waits until the service has read revocations by the new time.
async fn advance(world: &World, span: Duration, watcher: &mut Browser) {
    world.advance(span);
    let served = async || Some(watcher.get("/account").await.status).filter(|status| *status == 200);
    wait::until("a page by the new time", Duration::from_secs(10), served).await;
}

async fn two_tabs_that_renew_at_once_stay_signed_in(store: Store) {
    let world = World::with_clock_and(store, |settings| settings.set("pages.enabled", true)).await;
    let mut browser = Browser::at(world.server.addresses().http);
    sign_in(&world, &mut browser, "mira@example.org").await;
    let mut watcher = Browser::at(world.server.addresses().http);
    sign_in(&world, &mut watcher, "noa@example.org").await;
    for _ in 0..3 {
        advance(&world, Duration::from_mins(16), &mut watcher).await;
        let mut tabs: Vec<Browser> = std::iter::repeat_n(browser.clone(), 8).collect();
        let opened = tabs.iter_mut().map(|tab| tab.get("/account"));
        for answer in futures_util::future::join_all(opened).await {
            assert!(answer.body.contains("Signed in as mira@example.org"), "{}", answer.head);
        }
        // The answer that arrives last need not be the one that was made last; a slow tab comes long after.
        advance(&world, Duration::from_mins(1), &mut watcher).await;
        let mut slow = browser.clone();
        assert!(slow.get("/account").await.status == 200, "a tab that was slow");
        browser = if slow.cookies == browser.cookies { tabs.remove(3) } else { slow };
        assert!(browser.get("/account").await.status == 200);
    }
}

async fn a_lost_answer_ends_no_session(store: Store) {
    let world = World::with_clock_and(store, |settings| settings.set("pages.enabled", true)).await;
    let address = world.server.addresses().http;
    let [mut browser, mut elsewhere, mut watcher] = [(); 3].map(|()| Browser::at(address));
    sign_in(&world, &mut browser, "mira@example.org").await;
    sign_in(&world, &mut elsewhere, "mira@example.org").await;
    sign_in(&world, &mut watcher, "noa@example.org").await;
    let first = browser.clone();
    for away in [Duration::from_mins(16), Duration::from_hours(1), Duration::from_hours(3 * 24)] {
        advance(&world, Duration::from_mins(16), &mut watcher).await;
        // The renewed cookie never arrives; the browser comes again with the one it has.
        let mut lost = browser.clone();
        assert_eq!(lost.get("/account").await.status, 200);
        assert_ne!(lost.cookies["identity_session"], browser.cookies["identity_session"]);
        advance(&world, away, &mut watcher).await;
        let page = browser.get("/account").await;
        assert!(page.body.contains("Signed in as mira@example.org"), "after {away:?}: {}", page.head);
        assert_eq!(elsewhere.get("/account").await.status, 200, "after {away:?}");
    }
    assert_eq!(world.audit().await.count("refresh_token.reused", ""), 0);
    // A cookie from before the last one that was shown is in two hands.
    advance(&world, Duration::from_mins(16), &mut watcher).await;
    assert_eq!(browser.get("/account").await.status, 200);
    let mut thief = first;
    assert_eq!(thief.get("/account").await.header("location"), Some("/sign-in"));
    assert_eq!(world.audit().await.count("refresh_token.reused", "REFRESH_TOKEN_REUSED"), 1);
    for ended in [&mut browser, &mut elsewhere] {
        assert_eq!(
            ended.get("/account").await.header("location"),
            Some("/sign-in"),
            "every session of the person ends"
        );
    }
}

async fn pages_speak_six_languages(store: Store) {
    let world = world(store).await;
    let address = world.server.addresses().http;
    for (accepted, tag, words) in [
        ("en-GB,en;q=0.9", "en", "Sign in to Identity"),
        ("de-CH, en;q=0.8", "de", "Bei Identity anmelden"),
        ("fr-CA", "fr", "Se connecter à Identity"),
        ("sv, es-419;q=0.9", "es", "Iniciar sesión en Identity"),
        ("pt-BR", "pt", "Entrar em Identity"),
        ("ja", "ja", "Identityにサインイン"),
    ] {
        let mut browser = Browser::at(address).with("accept-language", accepted);
        let page = browser.get("/sign-in").await;
        assert!(page.body.contains(&format!("<html lang=\"{tag}\">")) && page.body.contains(words), "{}", page.body);
        assert_eq!(page.header("content-language"), Some(tag));
    }
    let mut browser = Browser::at(address).with("accept-language", "fr");
    assert!(browser.get("/sign-in?lang=de").await.body.contains("lang=\"de\">"));
    let refused = browser.post("/sign-in", &[("identifier", "x")]).await;
    assert!(refused.body.contains("Das ist keine gültige E-Mail-Adresse."), "the choice stays: {}", refused.body);
    let page = browser.get("/sign-in?ui_locales=xx%20ja").await;
    assert!(page.body.contains("<html lang=\"ja\">"));
    let page = browser.submit("/sign-in", &[("identifier", "mira@example.org")]).await;
    assert!(page.body.contains("コードを入力"));
}

bodies_on_both_stores!(
    a_person_signs_in_sees_the_session_and_signs_out,
    a_number_is_taken_in_full_width,
    what_goes_wrong_is_said_with_what_to_do,
    a_code_that_is_over_is_followed_by_another,
    another_tab_costs_no_attempt,
    a_form_that_is_sent_twice_is_answered_alike,
    sessions_are_seen_and_ended,
    two_tabs_that_renew_at_once_stay_signed_in,
    a_lost_answer_ends_no_session,
    pages_speak_six_languages,
);

#[tokio::test]
async fn there_are_no_pages_where_nobody_asked_for_them() {
    let world = World::on(Store::Sqlite).await;
    for path in ["/sign-in", "/sign-in/code", "/account", "/assets/pages.css"] {
        assert_eq!(http::get(world.server.addresses().http, path).await.status, 404, "{path}");
    }
}
