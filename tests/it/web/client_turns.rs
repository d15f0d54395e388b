//! Signing in for a client application while things change: its registration, its link, its connection.

use std::time::Duration;

use identity::grpc::proto::{InspectMagicLinkRequest, LinkCompletion, RejectMagicLinkRequest, SendMagicLinkRequest};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{REDIRECT, error, exchange_at, led_back, link, told, world};
use super::pages::code;
use crate::both_stores::bodies_on_both_stores;
use crate::support::browser::{Browser, encoded, field};
use crate::support::client::send_link_request;
use crate::support::refusal::Refusal;
use crate::support::wait;
use crate::support::world::{Store, World};

const EMAIL: &str = "mira@example.org";

/// The same browser at another process.
fn moved(browser: &Browser, address: std::net::SocketAddr) -> Browser {
    let mut moved = Browser::at(address);
    moved.cookies.clone_from(&browser.cookies);
    moved
}

async fn a_redirect_that_is_no_longer_registered_is_led_to_no_more(store: Store) {
    let mut world = world(store).await;
    let before = world.server.addresses().http;
    let client = world.server.client().await;
    // A code that was given, a sign-in under way, and a link: all begun while the redirect was registered.
    let back = led_back(&world, &mut Browser::at(before), &link(&[]), "noa@example.org").await;
    let given = told(&back, "code").unwrap();
    let mut browser = Browser::at(before);
    let page = browser.submit(&link(&[]), &[("identifier", EMAIL)]).await;
    let (challenge, digits) = (field(&page, "challenge"), code(&world, EMAIL, 1).await);
    let completion = LinkCompletion::OpeningDevice.into();
    let request = SendMagicLinkRequest {
        redirect_uri: REDIRECT.to_owned(),
        link_completion: completion,
        ..send_link_request("leo@example.org")
    };
    let send = async || client.identity().send_magic_link(request).await.unwrap();
    let (_, token) = world.server.link_of("leo@example.org", send).await;
    let told_before =
        client.identity().inspect_magic_link(InspectMagicLinkRequest { token: token.clone() }).await.unwrap();
    assert_eq!(told_before.into_inner().redirect_uri, REDIRECT);

    world.settings.redirects(&["http://127.0.0.1:9/in", "com.example.app:/in"]);
    let after = world.another().await;
    let address = after.addresses().http;
    let mut there = moved(&browser, address);
    let fields = [("challenge", challenge.as_str()), ("code", digits.as_str())];
    for answer in [
        there.get("/sign-in/code").await,
        there.post("/sign-in/code", &fields).await,
        there.post("/sign-in/resend", &[]).await,
        there.post("/sign-in/collect", &[]).await,
    ] {
        assert!(answer.status == 400 && answer.body.contains("is not registered"), "{}\n{}", answer.head, answer.body);
        assert!(answer.header("location").is_none(), "{}", answer.head);
    }
    let attempts = "SELECT MAX(attempts) FROM challenges WHERE NOT used";
    assert_eq!(world.number(attempts).await, 0, "nothing was charged for it");
    let refused = exchange_at(address, &[("code", &given)]).await;
    assert_eq!(error(&refused), (400, "invalid_grant".to_owned()));
    let people = after.client().await;
    assert_eq!(people.inspect(&token).await.unwrap_err().reason, "LINK_INVALID");
    assert_eq!(people.redeem(&token).await.unwrap_err().reason, "LINK_INVALID");
    assert_eq!(Browser::at(address).post("/link/inspect", &[("token", &token)]).await.status, 409);
    assert_eq!(world.audit().await.count("link.refused", "REDIRECT_URI_NOT_ALLOWED"), 3);

    // Where it still is, all of it is as good as it was.
    let answer = browser.post("/sign-in/code", &fields).await;
    assert!(answer.header("location").unwrap().starts_with(REDIRECT), "{}", answer.head);
    assert_eq!(exchange_at(before, &[("code", &given)]).await.status, 200);
    // "This was not me" leads nowhere.
    let rejection = RejectMagicLinkRequest { token: token.clone(), ..RejectMagicLinkRequest::default() };
    people.identity().reject_magic_link(rejection).await.map_err(Refusal::from).unwrap();
}

async fn a_query_that_is_too_long_is_refused_and_not_left_out(store: Store) {
    let world = world(store).await;
    let mut browser = Browser::at(world.server.addresses().http);
    let with_state = |length| link(&[("state", &"s".repeat(length))]);
    let query = |link: &str| link.len() - "/sign-in?".len();
    let short = query(&with_state(1));
    let longest = with_state(4096 - short + 1);
    assert_eq!(query(&longest), 4096);
    // So long a state is too long for the client, which is told so; one character more, and the person is.
    assert_eq!(told(browser.get(&longest).await.header("location").unwrap(), "error").unwrap(), "invalid_request");
    let longer = with_state(4096 - short + 2);
    for answer in [browser.get(&longer).await, browser.post(&longer, &[("identifier", EMAIL)]).await] {
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains("too long to be read") && !answer.body.contains("name=\"identifier\""));
        assert!(!answer.body.contains("ssssssss"), "it is not carried on");
    }
    assert!(world.server.mailbox().all().is_empty());
}

/// Holds up every writer.
enum Held {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Held {
    async fn up(world: &World) -> Self {
        if let Some(database) = &world.database {
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            sqlx::raw_sql("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
                .execute(&mut connection)
                .await
                .unwrap();
            Self::Postgres(connection)
        } else {
            let mut connection = SqliteConnectOptions::new().filename(world.sqlite_file()).connect().await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            Self::Sqlite(connection)
        }
    }

    async fn no_more(self) {
        match self {
            Self::Postgres(mut connection) => drop(sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap()),
            Self::Sqlite(mut connection) => drop(sqlx::raw_sql("COMMIT").execute(&mut connection).await.unwrap()),
        }
    }
}

/// A128: a browser that goes away while its code is taken leaves no session whose tokens nobody gets.
async fn a128_a_sign_in_for_an_application_is_not_cut_in_half(store: Store) {
    let world = world(store).await;
    let address = world.server.addresses().http;
    let mut forms = Vec::new();
    for nth in 0..4 {
        let (mut browser, email) = (Browser::at(address), format!("a128-{nth}@example.org"));
        let page = browser.submit(&link(&[]), &[("identifier", &email)]).await;
        let body = encoded(&[("challenge", &field(&page, "challenge")), ("code", &code(&world, &email, 1).await)]);
        let head = format!(
            "POST /sign-in/code HTTP/1.1\r\nhost: {address}\r\nsec-fetch-site: same-origin\r\ncookie: \
            identity_sign_in={}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
            expect: 100-continue\r\n\r\n",
            browser.cookies["identity_sign_in"],
            body.len()
        );
        forms.push((head, body));
    }
    let held = Held::up(&world).await;
    for (head, body) in &forms {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n", "the form is awaited");
        stream.write_all(body.as_bytes()).await.unwrap();
        // The form is taken while another page is answered; then the browser is gone.
        Browser::at(address).get("/sign-in").await;
        drop(stream);
    }
    // What a server learns of a connection's end it learns in its turn, before what comes on the next.
    Browser::at(address).get("/sign-in").await;
    held.no_more().await;
    let whole = "SELECT COUNT(*) FROM sessions s JOIN grants g ON g.session_id = s.session_id";
    let count = async |query| world.number(query).await;
    wait::until("every session with its code", Duration::from_secs(10), async || {
        let sessions = count("SELECT COUNT(*) FROM sessions").await;
        (sessions > 0 && sessions == count(whole).await).then_some(())
    })
    .await;
}

bodies_on_both_stores!(
    a_redirect_that_is_no_longer_registered_is_led_to_no_more,
    a_query_that_is_too_long_is_refused_and_not_left_out,
    a128_a_sign_in_for_an_application_is_not_cut_in_half,
);
