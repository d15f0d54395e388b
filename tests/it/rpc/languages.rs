//! Refusals in the caller's language: six of them, chosen by the request's locale, else by `accept-language`.

use std::collections::BTreeSet;

use identity::grpc::proto::send_otp_request::Identifier;
use identity::grpc::proto::{GetUserRequest, SendOtpRequest, VerifyOtpRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::both_stores::on_both_stores;
use crate::support::client::{Client, operator, send_otp_request, with_metadata};

/// Each language, by what a browser of its speakers sends, and how its words for a wrong code begin.
const LANGUAGES: [(&str, &str, &str); 6] = [
    ("en-GB,en;q=0.9", "en", "The code is not valid."),
    ("de-CH, de;q=0.9, en;q=0.8", "de", "Der Code ist nicht gültig."),
    ("fr-CA,fr;q=0.8,en;q=0.5", "fr", "Le code n’est pas valide."),
    ("sv, es-419;q=0.9", "es", "El código no es válido."),
    ("pt-BR", "pt", "O código não é válido."),
    ("en;q=0.1, ja", "ja", "コードが正しくありません。"),
];

/// The language that a status names, once its message stands alike in both places.
#[track_caller]
fn language(status: &Status) -> String {
    let localized = status.get_details_localized_message().expect("LocalizedMessage");
    assert_eq!(localized.message, status.message());
    localized.locale
}

async fn present(client: &Client, challenge_id: &str, accepted: &str) -> Status {
    let request = VerifyOtpRequest {
        challenge_id: challenge_id.to_owned(),
        code: "000000".to_owned(),
        ..VerifyOtpRequest::default()
    };
    client.identity().verify_otp(with_metadata(request, "accept-language", accepted)).await.unwrap_err()
}

async fn ask(client: &Client, email: &str, locale: &str, accepted: &str) -> Result<(), Status> {
    let request = SendOtpRequest { locale: locale.to_owned(), ..send_otp_request(email) };
    client.identity().send_otp(with_metadata(request, "accept-language", accepted)).await.map(|_| ())
}

on_both_stores!(a_refusal_speaks_the_language_that_is_accepted, |world| {
    let client = world.server.client().await;
    for (accepted, tag, words) in LANGUAGES {
        let status = present(&client, super::NO_SUCH_ID, accepted).await;
        assert_eq!((status.code(), language(&status).as_str()), (Code::Unauthenticated, tag), "{accepted}");
        assert!(status.message().starts_with(words), "{}", status.message());
        assert_eq!(status.get_details_error_info().unwrap().reason, "CODE_INVALID");
    }
    for without in ["sv", "*", "", "de;q=0", "de;q=9", ";;;,,,"] {
        assert_eq!(language(&present(&client, super::NO_SUCH_ID, without).await), "en", "{without}");
    }
});

on_both_stores!(the_requests_own_locale_counts_first, |world| {
    let client = world.server.client().await;
    for (locale, accepted, expected) in [
        ("fr-CH", "de", "fr"),
        ("en", "de", "en"),
        ("", "de", "de"),
        ("sv", "de", "de"),
        ("sv", "nb", "en"),
        ("de_DE", "ja", "ja"),
    ] {
        let status = ask(&client, "not an address", locale, accepted).await.unwrap_err();
        assert_eq!(language(&status), expected, "{locale:?} and {accepted:?}");
    }
});

on_both_stores!(what_a_person_mistyped_is_said_to_the_person, |world| {
    let client = world.server.client().await;
    let request = SendOtpRequest {
        identifier: Some(Identifier::Email("ada@".to_owned())),
        locale: "ja".to_owned(),
        request_id: "?".to_owned(),
        ..SendOtpRequest::default()
    };
    let status = client.identity().send_otp(request).await.unwrap_err();
    assert!(status.message().starts_with("メールアドレスの形式が正しくありません。"), "{}", status.message());
    let violations = status.get_details_bad_request().unwrap().field_violations;
    let named = |field: &str| violations.iter().find(|violation| violation.field == field).unwrap();
    assert!(named("email").description.starts_with("is not an email address"), "for whoever wrote the client");
    let said = named("email").localized_message.clone().unwrap();
    assert_eq!((said.locale.as_str(), said.message.as_str()), ("ja", status.message()));
    assert!(named("request_id").localized_message.is_none() && named("request_id").description.is_ascii());

    let request = VerifyOtpRequest { challenge_id: "x".to_owned(), code: "12a".to_owned(), ..Default::default() };
    let status = client.identity().verify_otp(with_metadata(request, "accept-language", "es")).await.unwrap_err();
    let violation = &status.get_details_bad_request().unwrap().field_violations[0];
    assert_eq!(violation.localized_message.clone().unwrap().message, status.message());
    assert!(status.message().starts_with("Un código tiene de 6 a 10 dígitos."), "{}", status.message());

    let empty = with_metadata(VerifyOtpRequest::default(), "accept-language", "de");
    let status = client.identity().verify_otp(empty).await.unwrap_err();
    assert!(status.message().starts_with("Ein Code besteht aus"), "{}", status.message());
    let request =
        SendOtpRequest { purpose: 99, client_id: "no such".to_owned(), ..send_otp_request("ada@example.org") };
    let status = client.identity().send_otp(with_metadata(request, "accept-language", "fr")).await.unwrap_err();
    let expected = "La requête n’est pas valide. Champs à corriger\u{a0}: purpose, client_id.";
    assert_eq!(status.message(), expected);
});

on_both_stores!(waits_are_spelled_in_the_language, |world| {
    let client = world.server.client().await;
    for nth in 0..3 {
        ask(&client, "waits@example.org", "", "").await.unwrap_or_else(|status| panic!("{nth}: {status}"));
    }
    for (accepted, words) in [
        ("en", "Try again in 5 minutes."),
        ("de", "Versuchen Sie es in 5 Minuten erneut."),
        ("fr", "Réessayez dans 5 minutes."),
        ("es", "Inténtelo de nuevo dentro de 5 minutos."),
        ("pt", "Tente novamente daqui a 5 minutos."),
        ("ja", "5分後にもう一度お試しください。"),
    ] {
        let status = ask(&client, "waits@example.org", "", accepted).await.unwrap_err();
        assert!(status.message().ends_with(words), "{}", status.message());
        assert!(status.metadata().contains_key("retry-after") && status.get_details_retry_info().is_some());
    }
});

on_both_stores!(known_and_unknown_stay_alike_in_every_language, |world| {
    let client = world.server.client().await;
    for (accepted, tag, _) in LANGUAGES {
        let (known, unknown) = (format!("known--{tag}@example.org"), format!("unknown{tag}@example.org"));
        world.server.sign_in(&known).await;
        let mut seen = BTreeSet::new();
        for email in [known, unknown] {
            let challenge = client.send_otp(&email).await.unwrap();
            let status = present(&client, &challenge.challenge_id, accepted).await;
            seen.insert((status.message().to_owned(), status.details().to_vec()));
        }
        let status = present(&client, super::NO_SUCH_ID, accepted).await;
        seen.insert((status.message().to_owned(), status.details().to_vec()));
        assert_eq!(seen.len(), 1, "{tag}: {seen:?}");
    }
});

on_both_stores!(faults_of_the_transport_and_of_operators_too, |world| {
    let client = world.server.client().await;
    let request = with_metadata(GetUserRequest::default(), "accept-language", "pt");
    let status = client.admin().get_user(request).await.unwrap_err();
    assert_eq!((status.code(), language(&status).as_str()), (Code::Unimplemented, "pt"));
    assert!(status.message().starts_with("Este método não existe aqui."), "{}", status.message());

    let admin = world.server.admin().await;
    let request = with_metadata(GetUserRequest::default(), "accept-language", "fr");
    let status = admin.admin().get_user(request).await.unwrap_err();
    assert_eq!((status.code(), language(&status).as_str()), (Code::Unauthenticated, "fr"));

    let request = GetUserRequest { user_id: super::NO_SUCH_ID.to_owned() };
    let request = with_metadata(operator(request, &world.server.admin_token()), "accept-language", "de");
    let status = admin.admin().get_user(request).await.unwrap_err();
    assert!(status.message().starts_with("Diesen Benutzer gibt es nicht."), "{}", status.message());

    let too_large = send_otp_request(&"x".repeat(20 * 1024));
    let status = client.identity().send_otp(with_metadata(too_large, "accept-language", "es")).await.unwrap_err();
    assert_eq!((status.code(), language(&status).as_str()), (Code::OutOfRange, "es"));
});
