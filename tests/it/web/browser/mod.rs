//! The pages in a real browser: Chromium, driven by a script in `scenarios.mjs`, against the service itself.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use identity::grpc::proto::{LinkCompletion, SendMagicLinkRequest};
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::send_link_request;
use crate::support::logs::Log;
use crate::support::port::Port;
use crate::support::run::Watched;
use crate::support::service::Service;
use crate::support::settings::Settings;
use crate::support::world::{Store, World};

/// Browsers at a time: each wants a core.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// What a scenario has the test do.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    /// The browser's process, which ends with the test at the latest.
    Browser(u32),
    /// So many seconds on the clock of the service.
    Advance(u64),
}

fn with_pages(settings: &mut Settings) {
    settings.set("pages.enabled", true);
    settings.set("links.base_url", "own-listener");
}

/// Runs a scenario on a service with pages.
async fn run(world: &World, scenario: &str) {
    run_with(world, scenario, "", "").await;
}

async fn run_with(world: &World, scenario: &str, redirect: &str, screenshots: &str) {
    let _turn = BROWSERS.acquire().await.unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = json!({
        "tools": root.join(".tools"),
        "base": format!("http://{}", world.server.addresses().http),
        "mailbox": world.settings.mailbox(),
        "scenario": scenario,
        "redirect": redirect,
        "screenshots": screenshots,
    });
    let log = Log::at(&world.settings.folder().join(format!("{scenario}.log")));
    let mut command = Command::new("node");
    command.arg(root.join("tests/it/web/browser/scenarios.mjs")).arg(told.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.writer());
    // On SIGTERM the script closes its browser.
    let mut script = Service::spawn("node", &mut command, Signal::TERM);
    let child = script.child();
    let (mut answers, wishes) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let (send, mut receive) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for wish in wishes.lines().map_while(Result::ok) {
            let _ = send.blocking_send(wish);
        }
    });
    let mut browser = None;
    let limit = Duration::from_mins(3);
    let ended = tokio::time::timeout(limit, async {
        while let Some(wish) = receive.recv().await {
            match serde_json::from_str(&wish).unwrap_or_else(|error| panic!("{scenario}: {error}: {wish}")) {
                Wish::Browser(id) => browser = Some(Watched::process(id, "KILL")),
                Wish::Advance(seconds) => world.advance(Duration::from_secs(seconds)),
            }
            answers.write_all(b"done\n").unwrap();
        }
    });
    let ended = ended.await;
    let status = if ended.is_ok() { script.wait(Duration::from_secs(10)) } else { None };
    assert!(status.is_some_and(|status| status.success()), "{scenario}: {status:?}\n{}", log.text());
    drop(browser);
}

/// Scenarios that need nothing but pages, on SQLite.
macro_rules! scenarios {
    ($($(#[$attribute:meta])* $name:ident = $scenario:literal),+ $(,)?) => {$(
        $(#[$attribute])*
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            run(&World::with(Store::Sqlite, with_pages).await, $scenario).await;
        }
    )+};
}

scenarios!(
    what_goes_wrong_is_said_and_one_can_go_on = "wrongThenLocked",
    a_keyboard_is_enough = "keyboardAlone",
    neither_style_nor_script_is_needed = "withoutStyleAndScript",
    every_language_fits_a_small_phone = "languages",
    nothing_is_in_the_way_of_a_screen_reader = "accessible",
    /// What the page learns of the message later it says aloud, and takes back where a further one is under way.
    a_page_says_where_the_message_did_not_arrive = "undelivered",
    /// LIM-4: whoever reloads what a wrong code has left is not charged for it again.
    a_reload_sends_nothing_again = "reloadAfterRefusal",
    the_way_back_from_a_link_decides_nothing = "backFromLink",
    a_form_that_is_over_says_so = "formThatIsOver",
    the_address_of_a_form_shows_a_page = "addressesOfForms",
    links_work_in_the_mailbox = "linksOfTheMailbox",
    /// A page of another site cannot send our forms, whatever it has the browser do.
    another_site_cannot_act_for_a_person = "anotherSite",
    /// A56: the page says nothing of the token to anyone.
    a_link_without_script_says_what_to_do = "linkWithoutScript",
);

async fn a_person_signs_in_by_a_pasted_code(store: Store) {
    run(&World::with(store, with_pages).await, "signInByPaste").await;
}

async fn a_code_is_sent_again_and_ends(store: Store) {
    run(&World::with_clock_and(store, with_pages).await, "resendAndExpire").await;
}

async fn sessions_are_seen_and_ended(store: Store) {
    run(&World::with(store, with_pages).await, "sessions").await;
}

async fn an_application_gets_tokens(store: Store) {
    let port = Port::free();
    let redirect = format!("http://127.0.0.1:{}/in", port.number());
    let world = World::with(store, |settings| {
        with_pages(settings);
        settings.redirects(&[&redirect]);
    });
    run_with(&world.await, "clientApplication", &redirect, "").await;
}

/// A57: the opener approves by the number that the asking device shows, and gets no session.
async fn a57_a_link_on_another_device_approves_by_a_number(store: Store) {
    run(&World::with(store, with_pages).await, "linkElsewhere").await;
}

async fn this_was_not_me_ends_link_code_and_sessions(store: Store) {
    run(&World::with(store, with_pages).await, "notMe").await;
}

/// A53: what opens, renders and follows everything consumes nothing.
async fn a53_a_scanner_consumes_nothing(store: Store) {
    let world = World::with(store, with_pages).await;
    run(&world, "scanner").await;
    let audit = world.audit().await;
    assert_eq!((audit.count("link.approved", ""), audit.count("session.started", "")), (1, 1), "the person's alone");
}

async fn a_link_signs_in_where_it_is_opened(store: Store) {
    let world = World::with(store, with_pages).await;
    let client = world.server.client().await;
    client.send_link("mira@example.org", LinkCompletion::OpeningDevice).await.unwrap();
    run(&world, "linkHere").await;
}

/// LINK-4: on to a registered page of the client application, with the token behind the `#`.
async fn a_link_leads_on_to_the_application_by_a_click(store: Store) {
    let port = Port::free();
    let redirect = format!("http://127.0.0.1:{}/in", port.number());
    let world = World::with(store, |settings| {
        with_pages(settings);
        settings.redirects(&[&redirect]);
    })
    .await;
    let request = SendMagicLinkRequest {
        link_completion: LinkCompletion::OpeningDevice.into(),
        redirect_uri: redirect.clone(),
        ..send_link_request("mira@example.org")
    };
    world.server.client().await.identity().send_magic_link(request).await.unwrap();
    run_with(&world, "linkLeadsOn", &redirect, "").await;
}

bodies_on_both_stores!(
    a57_a_link_on_another_device_approves_by_a_number,
    this_was_not_me_ends_link_code_and_sessions,
    a53_a_scanner_consumes_nothing,
    a_link_signs_in_where_it_is_opened,
    a_link_leads_on_to_the_application_by_a_click,
    a_person_signs_in_by_a_pasted_code,
    a_code_is_sent_again_and_ends,
    sessions_are_seen_and_ended,
    an_application_gets_tokens,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_proves_by_work_that_nobody_is_a_robot() {
    let world = World::with(Store::Sqlite, |settings| {
        with_pages(settings);
        settings.set("proof.when", "always");
        settings.set("proof.kind", "proof_of_work");
        settings.set("proof.difficulty", 12);
    });
    run(&world.await, "proofOfWork").await;
}

/// Takes the pictures of `docs/screenshots/` where `make screenshots` asks for them, else into a folder of the run: that
/// every page can be pictured is tested either way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screenshots() {
    let world = World::with(Store::Sqlite, with_pages).await;
    let folder = match std::env::var_os("SCREENSHOTS") {
        Some(folder) => Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        None => world.settings.folder().join("screenshots"),
    };
    run_with(&world, "screenshots", "", folder.to_str().unwrap()).await;
    assert!(std::fs::read_dir(folder).unwrap().count() >= 24);
}
