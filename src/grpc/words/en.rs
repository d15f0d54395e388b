//! English: the language of whoever names none.

use super::{Catalogue, Singular, Unit};

// One sentence a line, to be read side by side with the other languages.
#[rustfmt::skip]
pub(super) const ENGLISH: Catalogue = Catalogue {
    tag: "en",
    singular: Singular::One,
    second: Unit { one: "{n} second", other: "{n} seconds" },
    minute: Unit { one: "{n} minute", other: "{n} minutes" },
    hour: Unit { one: "{n} hour", other: "{n} hours" },
    day: Unit { one: "{n} day", other: "{n} days" },
    comma: ", ",
    sentences: &[
        ("INVALID_EMAIL", "This is not a valid email address. Write it in the form name@example.com."),
        ("INVALID_PHONE_NUMBER", "This is not a valid phone number. Write it with its country code, such as +44 7700 900123."),
        ("INVALID_CODE_FORMAT", "A code has 6 to 10 digits. Enter it as it stands in the message."),
        ("INVALID_FIELD", "The request is not valid. Fields to correct: {fields}."),
        ("INVALID_FIELD.message", "The message cannot be read. Check it against the contract."),
        ("REDIRECT_URI_NOT_ALLOWED", "This application may not lead on to that page. Start again in the application."),
        ("CODE_INVALID", "The code is not valid. Check it, or ask for a new one."),
        ("CODE_EXPIRED", "The code has expired. Ask for a new one."),
        ("CHALLENGE_NOT_FOUND", "This sign-in has ended. Ask for a new code."),
        ("TOKEN_INVALID", "The access token is not valid. Renew it, or sign in again."),
        ("REFRESH_TOKEN_INVALID", "The session has ended. Sign in again."),
        ("REFRESH_TOKEN_REUSED", "An old token was used again. To be safe, all sessions have been ended. Sign in again."),
        ("DEVICE_MISMATCH", "The session belongs to another device. Sign in again on this one."),
        ("SERVICE_CREDENTIAL_REQUIRED", "This method is for operators. Send the operator's token in the metadata x-service-token."),
        ("ROLE_NOT_ALLOWED", "The caller's role does not allow this. Ask an operator for a role that does."),
        ("USER_DISABLED", "This account is disabled. Contact support."),
        ("RATE_LIMITED", "Too many requests for codes. Try again in {wait}."),
        ("ACCOUNT_LOCKED", "Too many wrong codes. Try again in {wait}."),
        ("ATTEMPTS_EXHAUSTED", "Too many attempts with this code. Ask for a new one."),
        ("RESEND_TOO_SOON", "A code was sent a moment ago. Ask for another in {wait}."),
        ("STORE_UNAVAILABLE", "The service cannot answer now. Nothing was lost. Try again in a moment."),
        ("NOT_FOUND", "There is no such thing here, or no longer. Check what was asked for."),
        ("NOT_FOUND.user", "There is no such user. Check the address or the id."),
        ("NOT_FOUND.session", "There is no such session, or it has ended. Look at the list of sessions again."),
        ("METHOD_NOT_FOUND", "There is no such method here. Check its name and the port."),
        ("METHOD_NOT_FOUND.compressed", "Compressed messages are not taken. Send it uncompressed."),
        ("DEADLINE_EXCEEDED", "This took too long. Try again in a moment."),
        ("MESSAGE_TOO_LARGE", "The message is too large. Send at most 16 KiB."),
        ("OVERLOADED", "The service is busy. Try again in a moment."),
        ("INTERNAL", "The service failed. Try again. If it fails again, contact support."),
    ],
};
