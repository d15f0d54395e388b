//! An operator's templates: in messages, at the start, and on the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use identity::grpc::proto::SendOtpRequest;
use tempfile::TempDir;

use crate::both_stores::bodies_on_both_stores;
use crate::support::client::{send_otp_request, send_sms_request};
use crate::support::mail::Mail;
use crate::support::run;
use crate::support::settings::Settings;
use crate::support::world::{Store, World, identity};

bodies_on_both_stores!(
    messages_are_in_the_words_of_the_operator,
    a_message_is_in_the_language_that_was_asked_for,
    a_message_promises_no_longer_life_than_there_is,
    a109_nothing_that_a_caller_says_is_a_template,
);

/// A folder of templates with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = run::folder("templates");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn name(settings: &mut Settings, folder: &Path) {
    settings.set("templates.directory", folder.to_str().unwrap());
}

async fn ask(world: &World, email: &str, locale: &str) -> Mail {
    let request = SendOtpRequest { locale: locale.to_owned(), ..send_otp_request(email) };
    world.server.client().await.identity().send_otp(request).await.unwrap();
    world.server.mailbox().wait_for(email, 1).await
}

async fn messages_are_in_the_words_of_the_operator(store: Store) {
    let folder = folder(&[
        ("de/code.txt.j2", "Servus! {{ code }} ist Ihr Code für {{ client_name }}, {{ minutes }} Minuten lang."),
        ("it/code.subject.j2", "Il tuo codice per {{ client_name }}"),
        ("it/code.txt.j2", "{{ code }} è il tuo codice."),
        ("it/code.html.j2", "{% extends 'letter.html.j2' %}{% block enter %}Inserisci il codice:{% endblock %}"),
        ("de/code.sms.j2", "Servus!\n\n@{{ domain }} #{{ code }}"),
    ]);
    let world = World::with(store, |settings| {
        name(settings, folder.path());
        settings.offer_sms();
    })
    .await;
    let german = ask(&world, "ada@example.org", "de-AT").await;
    let code = german.code().unwrap();
    assert_eq!(german.text.trim_end(), format!("Servus! {code} ist Ihr Code für Identity, 5 Minuten lang."));
    assert!(german.raw.contains("<html lang=3D\"de\""), "the rest is built in: {}", german.raw);
    let italian = ask(&world, "ben@example.org", "it-CH").await;
    assert_eq!(italian.header("subject").as_deref(), Some("Il tuo codice per Identity"));
    assert!(italian.text.contains("il tuo codice") && italian.raw.contains("Inserisci il codice"), "{}", italian.raw);
    assert!(ask(&world, "cem@example.org", "tlh").await.text.contains("is your sign-in code"));

    let request = SendOtpRequest { locale: "de".to_owned(), ..send_sms_request("+491761234567") };
    world.server.client().await.identity().send_otp(request).await.unwrap();
    assert!(world.server.mailbox().wait_for("+491761234567", 1).await.text.starts_with("Servus!\n\n@localhost #"));
}

async fn a_message_is_in_the_language_that_was_asked_for(store: Store) {
    let world = World::on(store).await;
    for (locale, said) in [
        ("", "is your sign-in code for Identity."),
        ("en-GB", "is your sign-in code for Identity."),
        ("de-CH", "ist Ihr Anmeldecode für Identity."),
        ("fr-CA", "est votre code de connexion à Identity."),
        ("es-419", "es su código de acceso a Identity."),
        ("pt-BR", "é o seu código para entrar em Identity."),
        ("ja", "は Identity のサインイン用コードです。"),
        ("sv", "is your sign-in code for Identity."),
    ] {
        let mail = ask(&world, &format!("ada-{}@example.org", locale.to_lowercase()), locale).await;
        assert!(mail.text.starts_with(&format!("{} {said}\n", mail.code().unwrap())), "{}", mail.text);
        assert!(mail.text.contains("127.0.0.1"), "who asked: {}", mail.text);
    }
}

async fn a_message_promises_no_longer_life_than_there_is(store: Store) {
    let world = World::with(store, |settings| {
        settings.policy("codes.lifetime", "119s");
        settings.policy("links.lifetime", "179s");
    })
    .await;
    let request = SendOtpRequest { include_magic_link: true, ..send_otp_request("ada@example.org") };
    world.server.client().await.identity().send_otp(request).await.unwrap();
    let text = world.server.mailbox().wait_for("ada@example.org", 1).await.text;
    assert!(text.contains("The code works for 1 minute and the link for 2 minutes."), "{text}");
}

/// A109: nor is it markup. What a caller names is an identifier, a device, a locale, an agent; what an operator names is
/// the client application.
async fn a109_nothing_that_a_caller_says_is_a_template(store: Store) {
    let evil = "{{ 7*7 }}${7*7}<img src=x onerror=alert(1)>";
    let world = World::with(store, |settings| settings.client_named("evil", evil)).await;
    let mut request = SendOtpRequest { client_id: "evil".to_owned(), ..send_otp_request("ada@example.org") };
    request.device = Some(identity::grpc::proto::Device {
        device_id: "phone".to_owned(),
        display_name: evil.to_owned(),
        platform: evil.to_owned(),
        ..Default::default()
    });
    world.server.client().await.identity().send_otp(request).await.unwrap();
    let mail = world.server.mailbox().wait_for("ada@example.org", 1).await;
    assert!(mail.text.contains(&format!("code for {evil}.")), "{}", mail.text);
    assert_eq!(mail.header("subject").as_deref(), Some(&*format!("Your sign-in code for {evil}")));
    let html = mail.raw.split("text/html").nth(1).unwrap().replace("=\n", "");
    assert!(html.contains("&lt;img src=3Dx onerror=3Dalert(1)&gt;") && !html.contains("<img"), "{html}");
    assert!(html.contains("{{ 7*7 }}") && html.contains("${7*7}"), "{html}");
    // Nor does a name of the device, which a stranger chooses, stand in the message at all.
    assert_eq!(mail.text.matches("7*7").count(), 4, "twice in each of two names of the client: {}", mail.text);
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn a_bad_template_is_told_before_a_port_opens() {
    let own =
        folder(&[("de/code.txt.j2", "{{ code }}\n{{ cliant_name }}"), ("de/code.html.j2", "<img src=x>{{ code }}")]);
    let place = run::folder("config");
    let mut settings = Settings::new(place.path());
    settings.section("limiter.memory");
    settings.set("store.sqlite.path", place.path().join("identity.db").to_str().unwrap());
    name(&mut settings, own.path());
    let file: PathBuf = settings.file();
    let file = file.to_str().unwrap();
    let (code, served) = told(&identity(&["serve", "--config", file]));
    assert_eq!(code, Some(64), "{served}");
    assert!(!place.path().join("identity.db").exists(), "nothing was opened");
    let line = format!(
        "identity: {}/de/code.txt.j2:2: templates.directory: names cliant_name, which it does not get; known here: ",
        own.path().display()
    );
    assert!(served.starts_with(&line), "{served}");
    for command in [
        &["check-config", "--config", file][..],
        &["templates", "check", "--config", file],
        &["templates", "check", own.path().to_str().unwrap()],
        &["templates", "preview", "--config", file],
        &["templates", "preview", "--directory", own.path().to_str().unwrap()],
    ] {
        assert_eq!(told(&identity(command)), (Some(64), served.clone()), "{command:?}");
    }
    fs::write(own.path().join("de/code.txt.j2"), "{{ code }}").unwrap();
    let (code, next) = told(&identity(&["templates", "check", "--config", file]));
    assert!(code == Some(64) && next.contains("de/code.html.j2: templates.directory: fetches or runs"), "{next}");
    fs::remove_file(own.path().join("de/code.html.j2")).unwrap();
    for command in [&["check-config", "--config", file][..], &["templates", "check", "--config", file]] {
        assert_eq!(told(&identity(command)), (Some(0), String::new()), "{command:?}");
    }
    settings.set("templates.directory", "nowhere");
    let (code, gone) = told(&identity(&["check-config", "--config", settings.file().to_str().unwrap()]));
    assert!(code == Some(64) && gone.contains("nowhere: templates.directory: cannot be read: "), "{gone}");
}

#[test]
fn every_message_can_be_looked_at() {
    let out = run::folder("previews");
    let out_path = out.path().join("new");
    let output = identity(&["templates", "preview", "--output", out_path.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let index = fs::read_to_string(out_path.join("index.html")).unwrap();
    let links: Vec<&str> =
        index.split("href=\"").skip(1).filter_map(|rest| rest.split_once('"')).map(|(link, _)| link).collect();
    assert_eq!(links.len(), 6 * 7 * 3);
    for link in links {
        assert!(!fs::read_to_string(out_path.join(link)).unwrap().is_empty(), "{link}");
    }
    let print = |arguments: &[&str]| {
        let output = identity(&[&["templates", "preview"], arguments].concat());
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(print(&[]).starts_with("048213 is your sign-in code for Example Shop.\n"));
    let html = print(&["--language", "de-CH", "--kind", "link", "--format", "html"]);
    assert!(html.starts_with("<!doctype html>\n<html lang=\"de\"") && html.contains("https://"), "{html}");
    let sms = print(&["--kind", "code", "--format", "sms"]);
    assert!(
        sms.contains(" 19:04 UTC from 203.0.113.x.") && sms.ends_with("\n\n@identity.example.com #048213\n"),
        "{sms}"
    );
    assert!(print(&["--kind", "new_device", "--format", "subject", "--language", "ja"]).contains("セキュリティ通知"));
    for wrong in [&["--kind", "letter"][..], &["--format", "pdf"], &["--config", "a", "--directory", "b"], &["x"]] {
        let output = identity(&[&["templates", "preview"], wrong].concat());
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
    }
    assert_eq!(identity(&["templates", "check"]).status.code(), Some(64));
    let gone = identity(&["templates", "preview", "--output", "/proc/none"]);
    assert_eq!(gone.status.code(), Some(69), "{gone:?}");
}

/// What docs/templates.md lists is what there is.
#[test]
fn the_page_on_templates_names_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/templates.md")).unwrap();
    let built_in = root.join("src/engine/delivery/templates");
    for entry in fs::read_dir(&built_in).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(entry.is_dir() || page.contains(&format!("| `{name}` |")), "{name}");
    }
    for (file, least) in [("de/code.txt.j2", 9), ("de/code.sms.j2", 12)] {
        let folder = folder(&[(file, "{{ strange }}")]);
        let (_, told) = told(&identity(&["templates", "check", folder.path().to_str().unwrap()]));
        let known: Vec<&str> = told.trim_end().split("known here: ").nth(1).unwrap().split(", ").collect();
        assert!(known.len() >= least, "{known:?}");
        assert!(known.iter().all(|name| page.contains(&format!("`{name}`"))), "{known:?}");
    }
    let sentences = fs::read_to_string(built_in.join("en/notices.json")).unwrap();
    let sentences: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&sentences).unwrap();
    for key in sentences.keys() {
        let kind = key.split('.').next().unwrap();
        assert!(page.contains(&format!("`{kind}")), "{key}");
    }
}
