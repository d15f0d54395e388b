//! What short messages of notices say, letter by letter, and what they take.

use super::{
    Templates,
    built_in::LANGUAGES,
    preview::{PreviewKind, notices},
    set::Set,
    short::{GSM_7, parts},
};
use crate::{domain::message::Content, engine::delivery::notices::Notice};

fn sms(content: &Content, locale: &str) -> String {
    Templates::built_in().unwrap().sms(content, locale, "id.example.com").unwrap()
}

/// What happened and what to do if it was somebody else.
type HappenedNotYou = (&'static str, &'static str);

/// The words of each language: when and from where; then of a lock, of one session and of all sessions that have ended, and of a
/// sign-in on a new device.
const SAID: [(&str, &str, [HappenedNotYou; 4]); LANGUAGES.len()] = [
    (
        "en",
        "Noticed 19:04 UTC from 203.0.113.x.",
        [
            (
                "Security notice: too many wrong codes. Sign-in from unknown devices is paused.",
                "Not you? There is nothing to do.",
            ),
            (
                "Security notice: you were signed out on a device, to protect you.",
                "Not you? Check your devices for strange apps.",
            ),
            (
                "Security notice: you were signed out everywhere, to protect you.",
                "Not you? Check your devices for strange apps.",
            ),
            (
                "Security notice: a new device signed in with a code or link sent to this number.",
                "Not you? Sign out everywhere.",
            ),
        ],
    ),
    (
        "de",
        "Bemerkt 19:04 UTC von 203.0.113.x.",
        [
            (
                "Sicherheitshinweis: zu viele falsche Codes. Anmeldung von unbekannten Geräten ruht.",
                "Nicht Sie? Sie müssen nichts tun.",
            ),
            (
                "Sicherheitshinweis: Sie wurden zum Schutz auf einem Gerät abgemeldet.",
                "Nicht Sie? Suchen Sie nach fremden Apps.",
            ),
            (
                "Sicherheitshinweis: Sie wurden zum Schutz überall abgemeldet.",
                "Nicht Sie? Suchen Sie nach fremden Apps.",
            ),
            (
                "Sicherheitshinweis: neues Gerät mit Code oder Link an diese Nummer angemeldet.",
                "Nicht Sie? Melden Sie sich überall ab.",
            ),
        ],
    ),
    (
        "fr",
        "Constaté à 19:04 UTC (203.0.113.x).",
        [
            (
                "Avis de sécurité : trop de codes erronés. Connexion suspendue sur les appareils inconnus.",
                "Pas vous ? Rien à faire.",
            ),
            (
                "Avis de sécurité : par prudence, vous avez été déconnecté d'un appareil.",
                "Pas vous ? Cherchez des applis inconnues.",
            ),
            (
                "Avis de sécurité : par prudence, vous avez été déconnecté partout.",
                "Pas vous ? Cherchez des applis inconnues.",
            ),
            (
                "Avis de sécurité : nouvel appareil connecté par code ou lien à ce numéro.",
                "Pas vous ? Déconnectez tous les appareils.",
            ),
        ],
    ),
    (
        "es",
        "Detectado: 19:04 UTC (203.0.113.x).",
        [
            (
                "Seguridad: demasiadas claves incorrectas. No se puede entrar desde dispositivos nuevos.",
                "¿No fue usted? No haga nada.",
            ),
            (
                "Seguridad: para protegerle, se ha cerrado su acceso en un dispositivo.",
                "¿No fue usted? Busque aplicaciones extrañas.",
            ),
            (
                "Seguridad: para protegerle, se ha cerrado su acceso en todas partes.",
                "¿No fue usted? Busque aplicaciones extrañas.",
            ),
            (
                "Seguridad: acceso en dispositivo nuevo con clave o enlace a este teléfono.",
                "¿No fue usted? Cierre todas las sesiones.",
            ),
        ],
    ),
    (
        "pt",
        "Detectado: 19:04 UTC (203.0.113.x).",
        [
            (
                "Alerta da conta: tentativas erradas demais. Acesso suspenso em aparelhos desconhecidos.",
                "Foi outra pessoa? Ignore.",
            ),
            (
                "Alerta da conta: por cautela, seu acesso foi encerrado em um aparelho.",
                "Foi outra pessoa? Procure apps desconhecidos.",
            ),
            (
                "Alerta da conta: por cautela, seu acesso foi encerrado em toda parte.",
                "Foi outra pessoa? Procure apps desconhecidos.",
            ),
            (
                "Alerta da conta: acesso em aparelho novo por mensagem a este telefone.",
                "Foi outra pessoa? Saia de todos os aparelhos.",
            ),
        ],
    ),
    (
        "ja",
        "検知：19:04 UTC 203.0.113.x。",
        [
            (
                "セキュリティ通知：誤ったサインインコードが多すぎるため、不明な端末からのサインインを停止しています。以前に使用した端末からはサインインできます。",
                "心当たりがなくても、対応は不要です。",
            ),
            (
                "セキュリティ通知：アカウントを保護するため、端末の一つからサインアウトしました。",
                "心当たりがなければ、端末に覚えのないアプリがないか確認してください。",
            ),
            (
                "セキュリティ通知：アカウントを保護するため、すべての端末からサインアウトしました。",
                "心当たりがなければ、端末に覚えのないアプリがないか確認してください。",
            ),
            (
                "セキュリティ通知：この電話番号に送られたコードまたはリンクを使って、不明な端末からサインインがありました。",
                "心当たりがなければ、サインインしてすべての端末からサインアウトしてください。",
            ),
        ],
    ),
];

#[test]
fn a_notice_in_each_language() {
    for (tag, noticed, [locked, on_one, everywhere, new]) in SAID {
        for (kind, wide, (happened, not_you)) in [
            (PreviewKind::IdentifierLocked, true, locked),
            (PreviewKind::IdentifierLocked, false, locked),
            (PreviewKind::RefreshTokenReused, false, on_one),
            (PreviewKind::RefreshTokenReused, true, everywhere),
            (PreviewKind::DeviceMismatch, false, on_one),
            (PreviewKind::DeviceMismatch, true, everywhere),
            (PreviewKind::NewDevice, false, new),
            (PreviewKind::NewDevice, true, new),
        ] {
            let said = sms(&kind.content(tag, wide), tag);
            assert_eq!(said, format!("{happened}\n{noticed}\n{not_you}"), "{tag} {}", kind.name());
        }
    }
    assert_eq!(SAID.map(|(tag, ..)| tag), LANGUAGES.map(|language| language.tag));
}

/// The same as `content` from another address.
fn from(mut content: Content, from: &str) -> Content {
    let (Content::IdentifierLocked { address, .. }
    | Content::RefreshTokenReused { address, .. }
    | Content::DeviceMismatch { address, .. }
    | Content::NewDevice { address, .. }) = &mut content
    else {
        panic!()
    };
    from.clone_into(address);
    content
}

/// Every notice of this program has room for every network: in one part of the default alphabet, in two in Japanese. That is
/// what it takes without its origin as well.
#[test]
fn the_origin_of_a_notice_takes_no_further_part() {
    let set = Set::built_in().unwrap();
    for language in LANGUAGES {
        for (address, network) in [
            ("255.255.255.255", Some("255.255.255.x")),
            ("::ffff:255.255.255.255", Some("255.255.255.x")),
            ("ffff:ffff:ffff::1", Some("ffff:ffff:ffff::/48")),
            ("", None),
        ] {
            for content in notices(language.tag).into_iter().map(|content| from(content, address)) {
                let [whole, _, bare] = Notice::of(&content, set.sentences(language.tag).unwrap()).unwrap().short;
                let text = sms(&content, language.tag);
                assert_eq!(text, whole, "nothing is left out");
                let room = if language.tag == "ja" { 2 } else { 1 };
                assert_eq!((parts(&text), parts(&bare)), (room, room), "{text}");
                let strange: Vec<char> = text.chars().filter(|c| !GSM_7.contains(*c)).collect();
                assert_eq!(strange.is_empty(), language.tag != "ja", "{strange:?}: {text}");
                assert!(network.is_none_or(|network| text.contains(network)), "{text}");
                assert!(text.contains("19:04 UTC") && !text.contains("255.255.255.255"), "{text}");
            }
        }
    }
}

#[test]
fn a_notice_is_in_the_language_of_its_recipient() {
    let text = sms(&PreviewKind::NewDevice.content("", false), "fr-CA");
    assert!(text.contains("lien à ce numéro") && !text.contains("id.example.com"), "{text}");
}

/// An address that is none says nothing, and least of all what stands in it.
#[test]
fn what_is_no_address_is_not_repeated() {
    let content = from(PreviewKind::NewDevice.content("", false), "evil.example/login");
    let text = sms(&content, "en");
    assert!(text.contains("\nNoticed 19:04 UTC.\n") && !text.contains("evil"), "{text}");
}
