//! German.

use super::Catalogue;

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const GERMAN: Catalogue = Catalogue {
    tag: "de",
    minute: "%d.%m.%Y, %H:%M UTC",
    sentences: &[
        ("noticed", "Bemerkt am {time}."),
        ("noticed.from", "Bemerkt am {time}, von der Netzwerkadresse {address}."),
        ("identifier_locked.subject", "Sicherheitshinweis: zu viele falsche Anmeldecodes"),
        ("identifier_locked.title", "Zu viele falsche Anmeldecodes"),
        ("identifier_locked.preview", "Die Anmeldung von unbekannten Geräten ist ausgesetzt, um Ihr Konto zu schützen."),
        ("identifier_locked.what", "Jemand hat zu viele falsche Codes für diese Adresse eingegeben. Deshalb ist die Anmeldung von unbekannten Geräten ausgesetzt."),
        ("identifier_locked.what.until", "Jemand hat zu viele falsche Codes für diese Adresse eingegeben. Deshalb ist die Anmeldung von unbekannten Geräten bis {until} ausgesetzt."),
        ("identifier_locked.do", "Auf einem Gerät, das Sie schon benutzt haben, können Sie sich weiterhin anmelden. Das beendet auch die Sperre; sonst wenden Sie sich an den Support. Wenn Sie es nicht waren, müssen Sie nichts tun: Ein falscher Code lässt niemanden hinein."),
        ("identifier_locked.do.until", "Auf einem Gerät, das Sie schon benutzt haben, können Sie sich weiterhin anmelden. Wenn Sie es nicht waren, müssen Sie nichts tun: Ein falscher Code lässt niemanden hinein."),
        ("refresh_token_reused.subject", "Sicherheitshinweis: Sie wurden auf einem Gerät abgemeldet"),
        ("refresh_token_reused.subject.everywhere", "Sicherheitshinweis: Sie wurden überall abgemeldet"),
        ("refresh_token_reused.title", "Sie wurden auf einem Gerät abgemeldet"),
        ("refresh_token_reused.title.everywhere", "Sie wurden überall abgemeldet"),
        ("refresh_token_reused.preview", "Sie wurden auf einem Ihrer Geräte abgemeldet, um Ihr Konto zu schützen."),
        ("refresh_token_reused.preview.everywhere", "Sie wurden auf allen Ihren Geräten abgemeldet, um Ihr Konto zu schützen."),
        ("refresh_token_reused.what", "Das geschah zum Schutz Ihres Kontos. Ein alter Nachweis Ihrer Anmeldung wurde ein zweites Mal benutzt. Das kommt vor, wenn jemand ihn von einem Ihrer Geräte kopiert hat, und manchmal, wenn eine App einen Fehler gemacht hat. Die zugehörige Anmeldung wurde beendet."),
        ("refresh_token_reused.what.everywhere", "Das geschah zum Schutz Ihres Kontos. Ein alter Nachweis Ihrer Anmeldung wurde ein zweites Mal benutzt. Das kommt vor, wenn jemand ihn von einem Ihrer Geräte kopiert hat, und manchmal, wenn eine App einen Fehler gemacht hat."),
        ("refresh_token_reused.do", "Melden Sie sich wieder an, um fortzufahren. Wenn Sie sich das nicht erklären können, prüfen Sie Ihre Geräte auf Programme, die Sie nicht installiert haben."),
        ("device_mismatch.subject", "Sicherheitshinweis: Sie wurden auf einem Gerät abgemeldet"),
        ("device_mismatch.subject.everywhere", "Sicherheitshinweis: Sie wurden überall abgemeldet"),
        ("device_mismatch.title", "Sie wurden auf einem Gerät abgemeldet"),
        ("device_mismatch.title.everywhere", "Sie wurden überall abgemeldet"),
        ("device_mismatch.preview", "Sie wurden auf einem Ihrer Geräte abgemeldet, um Ihr Konto zu schützen."),
        ("device_mismatch.preview.everywhere", "Sie wurden auf allen Ihren Geräten abgemeldet, um Ihr Konto zu schützen."),
        ("device_mismatch.what", "Das geschah zum Schutz Ihres Kontos. Der Nachweis Ihrer Anmeldung auf einem Gerät wurde von einem anderen benutzt. Das kommt vor, wenn jemand ihn kopiert hat, und manchmal, wenn eine App auf ein neues Gerät umgezogen ist. Die zugehörige Anmeldung wurde beendet."),
        ("device_mismatch.what.everywhere", "Das geschah zum Schutz Ihres Kontos. Der Nachweis Ihrer Anmeldung auf einem Gerät wurde von einem anderen benutzt. Das kommt vor, wenn jemand ihn kopiert hat, und manchmal, wenn eine App auf ein neues Gerät umgezogen ist."),
        ("device_mismatch.do", "Melden Sie sich wieder an, um fortzufahren. Wenn Sie sich das nicht erklären können, prüfen Sie Ihre Geräte auf Programme, die Sie nicht installiert haben."),
        ("new_device.subject", "Sicherheitshinweis: neue Anmeldung bei Ihrem Konto"),
        ("new_device.title", "Neue Anmeldung bei Ihrem Konto"),
        ("new_device.preview", "Jemand hat sich mit einem Code aus diesem Postfach auf einem Gerät angemeldet, das wir nicht kennen."),
        ("new_device.short", "Jemand hat sich mit einem Code an diese Nummer auf einem Gerät angemeldet, das wir nicht kennen."),
        ("new_device.what", "Jemand hat sich mit einem Code aus diesem Postfach bei Ihrem Konto angemeldet, auf einem Gerät, das wir nicht kennen."),
        ("new_device.what.everywhere", "Jemand hat sich mit einem Code aus diesem Postfach bei Ihrem Konto angemeldet, auf einem Gerät, das wir nicht kennen. Alle anderen Geräte wurden abgemeldet."),
        ("new_device.do", "Wenn Sie es waren, müssen Sie nichts tun. Wenn nicht, kann jemand anderes Ihre E-Mails lesen: Sichern Sie zuerst Ihr Postfach, melden Sie sich dann an und überall ab."),
    ],
};
