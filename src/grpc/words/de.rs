//! German. Waits stand after „in“, and so in the dative.

use super::{Catalogue, Singular, Unit};

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const GERMAN: Catalogue = Catalogue {
    tag: "de",
    singular: Singular::One,
    second: Unit { one: "{n} Sekunde", other: "{n} Sekunden" },
    minute: Unit { one: "{n} Minute", other: "{n} Minuten" },
    hour: Unit { one: "{n} Stunde", other: "{n} Stunden" },
    day: Unit { one: "{n} Tag", other: "{n} Tagen" },
    comma: ", ",
    sentences: &[
        ("INVALID_EMAIL", "Das ist keine gültige E-Mail-Adresse. Schreiben Sie sie in der Form name@example.com."),
        ("INVALID_PHONE_NUMBER", "Das ist keine gültige Telefonnummer. Geben Sie sie mit Ländervorwahl ein, zum Beispiel +44 7700 900123."),
        ("INVALID_CODE_FORMAT", "Ein Code besteht aus 6 bis 10 Ziffern. Geben Sie ihn so ein, wie er in der Nachricht steht."),
        ("INVALID_FIELD", "Die Anfrage ist nicht gültig. Zu berichtigende Felder: {fields}."),
        ("INVALID_FIELD.message", "Die Nachricht ist nicht lesbar. Prüfen Sie sie anhand der Schnittstellenbeschreibung."),
        ("REDIRECT_URI_NOT_ALLOWED", "Diese Anwendung darf nicht auf die angegebene Seite weiterleiten. Beginnen Sie in der Anwendung noch einmal von vorn."),
        ("CODE_INVALID", "Der Code ist nicht gültig. Prüfen Sie ihn oder fordern Sie einen neuen an."),
        ("CODE_EXPIRED", "Der Code ist abgelaufen. Fordern Sie einen neuen an."),
        ("CHALLENGE_NOT_FOUND", "Dieser Anmeldevorgang ist beendet. Fordern Sie einen neuen Code an."),
        ("TOKEN_INVALID", "Das Zugriffstoken ist nicht gültig. Erneuern Sie es oder melden Sie sich neu an."),
        ("REFRESH_TOKEN_INVALID", "Die Sitzung ist beendet. Melden Sie sich neu an."),
        ("REFRESH_TOKEN_REUSED", "Ein altes Token wurde noch einmal verwendet. Zur Sicherheit wurden alle Sitzungen beendet. Melden Sie sich neu an."),
        ("DEVICE_MISMATCH", "Die Sitzung gehört zu einem anderen Gerät. Melden Sie sich auf diesem Gerät neu an."),
        ("SERVICE_CREDENTIAL_REQUIRED", "Diese Methode ist für Operatoren. Senden Sie das Operator-Token in den Metadaten unter x-service-token."),
        ("ROLE_NOT_ALLOWED", "Die Rolle des Aufrufers lässt das nicht zu. Bitten Sie einen Operator um eine passende Rolle."),
        ("USER_DISABLED", "Dieses Konto ist deaktiviert. Wenden Sie sich an den Support."),
        ("RATE_LIMITED", "Es wurden zu viele Codes angefordert. Versuchen Sie es in {wait} erneut."),
        ("ACCOUNT_LOCKED", "Es wurden zu viele falsche Codes eingegeben. Versuchen Sie es in {wait} erneut."),
        ("ATTEMPTS_EXHAUSTED", "Zu viele Versuche mit diesem Code. Fordern Sie einen neuen an."),
        ("RESEND_TOO_SOON", "Eben wurde ein Code gesendet. In {wait} können Sie einen weiteren anfordern."),
        ("STORE_UNAVAILABLE", "Der Dienst kann gerade nicht antworten. Es ist nichts verloren gegangen. Versuchen Sie es gleich noch einmal."),
        ("NOT_FOUND", "Das gibt es hier nicht oder nicht mehr. Prüfen Sie die Angabe."),
        ("NOT_FOUND.user", "Diesen Benutzer gibt es nicht. Prüfen Sie die Adresse oder die Kennung."),
        ("NOT_FOUND.session", "Diese Sitzung gibt es nicht, oder sie ist beendet. Sehen Sie noch einmal in die Liste der Sitzungen."),
        ("METHOD_NOT_FOUND", "Diese Methode gibt es hier nicht. Prüfen Sie ihren Namen und den Port."),
        ("METHOD_NOT_FOUND.compressed", "Komprimierte Nachrichten werden nicht angenommen. Senden Sie die Nachricht unkomprimiert."),
        ("DEADLINE_EXCEEDED", "Das hat zu lange gedauert. Versuchen Sie es gleich noch einmal."),
        ("MESSAGE_TOO_LARGE", "Die Nachricht ist zu groß. Senden Sie höchstens 16 KiB."),
        ("OVERLOADED", "Der Dienst ist ausgelastet. Versuchen Sie es gleich noch einmal."),
        ("INTERNAL", "Im Dienst ist ein Fehler aufgetreten. Versuchen Sie es noch einmal. Tritt er wieder auf, wenden Sie sich an den Support."),
    ],
};
