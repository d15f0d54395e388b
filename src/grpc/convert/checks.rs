//! Checks of form. Everything that is wrong with a request is noted, so that its caller learns it at once.

use crate::domain::{
    contact::{EmailAddress, Identifier, PhoneNumber},
    refusal::{FieldReason, FieldViolation, Refusal},
    secret::{Secret, SecretString},
};
use crate::engine::answers::Repeatable;
use crate::grpc::proto;
use prost::Message;
use unicode_normalization::is_nfc;
use uuid::Uuid;

/// What is said of a number that its enumeration does not have.
pub(super) const NO_VALUE: &str = "is not a value of its enumeration";

/// What is wrong with a request, so far.
#[derive(Default)]
pub(super) struct Checks(Vec<FieldViolation>);

impl Checks {
    /// Notes that a field is wrong. `description` says what, and never the value.
    pub(super) fn wrong(&mut self, field: &'static str, description: impl Into<String>) {
        self.refuse(field, FieldReason::Field, description);
    }

    /// The same, with a reason of its own.
    pub(super) fn refuse(&mut self, field: &'static str, reason: FieldReason, description: impl Into<String>) {
        self.0.push(FieldViolation { field, description: description.into(), reason });
    }

    /// Notes that a field holds something that is not offered.
    pub(super) fn not_offered(&mut self, field: &'static str, offered: bool) {
        if !offered {
            self.wrong(field, "is not offered by this deployment; leave it out");
        }
    }

    /// Notes what others object to, but for fields of which something is noted already.
    pub(super) fn also(&mut self, objections: Vec<FieldViolation>) {
        for objection in objections {
            if self.0.iter().all(|noted| noted.field != objection.field) {
                self.0.push(objection);
            }
        }
    }

    /// The value, where nothing is wrong.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with everything that is.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Refusal> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Refusal::Invalid(self.0)),
        }
    }

    /// Text of at most `most` characters in form NFC, without control characters; may be empty.
    pub(super) fn text(&mut self, field: &'static str, text: &str, most: usize) {
        if text.len() > most && text.chars().count() > most {
            self.wrong(field, format!("is longer than {most} characters"));
        } else if text.chars().any(char::is_control) {
            self.wrong(field, "has control characters");
        } else if !is_nfc(text) {
            self.wrong(field, "is not in the Unicode form NFC");
        }
    }

    /// The same, for text that people are shown: nothing in it makes what stands beside it look different from what it is.
    pub(super) fn shown_text(&mut self, field: &'static str, text: &str, most: usize) {
        if text.chars().any(is_deceptive) {
            self.wrong(field, "has characters that turn text around, break lines or show nothing");
        } else {
            self.text(field, text, most);
        }
    }

    /// The same, and not empty.
    pub(super) fn required_text(&mut self, field: &'static str, text: &str, most: usize) {
        if text.is_empty() {
            self.wrong(field, "is missing");
        } else {
            self.text(field, text, most);
        }
    }

    /// A secret of at most `most` characters; `None` where it is empty.
    pub(super) fn secret(&mut self, field: &'static str, text: String, most: usize) -> Option<SecretString> {
        self.text(field, &text, most);
        (!text.is_empty()).then(|| SecretString::from(text))
    }

    /// A number of an enumeration of the contract; the default where it is none.
    pub(super) fn enumeration<T: TryFrom<i32> + Default>(&mut self, field: &'static str, number: i32) -> T {
        T::try_from(number).unwrap_or_else(|_| {
            self.wrong(field, NO_VALUE);
            T::default()
        })
    }

    /// An email address, in the field `email`.
    pub(super) fn email(&mut self, text: &str) -> Option<Identifier> {
        let email = EmailAddress::parse(text).ok();
        if email.is_none() {
            let description = "is not an email address of the form name@example.com, without blanks around it";
            self.refuse("email", FieldReason::Email, description);
        }
        email.map(Identifier::Email)
    }

    /// A phone number, in the field `phone_number`.
    pub(super) fn phone_number(&mut self, text: &str) -> Option<Identifier> {
        let phone = PhoneNumber::parse(text).ok();
        if phone.is_none() {
            let description =
                "is not a valid phone number in international form, such as +44 7400 123456, without blanks around it";
            self.refuse("phone_number", FieldReason::PhoneNumber, description);
        }
        phone.map(Identifier::Phone)
    }

    /// A person's language; may be empty (RFC 5646 section 2.1, its shape alone).
    pub(super) fn locale(&mut self, text: &str) {
        let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric());
        let mut parts = text.split('-');
        let language = parts.next().unwrap_or_default();
        let sound = text.len() <= 35
            && (2..=8).contains(&language.len())
            && language.bytes().all(|c| c.is_ascii_alphabetic())
            && parts.all(subtag);
        if !text.is_empty() && !sound {
            self.wrong("locale", "is not a language tag such as \"en\" or \"de-CH\"");
        }
    }

    /// The id of a repeatable call; `None` where it is empty. The nil UUID names no call (AIP-155): clients that have not set
    /// theirs send it.
    pub(super) fn request_id(&mut self, text: &str) -> Option<Uuid> {
        let id = (text.len() == 36).then(|| Uuid::parse_str(text).ok()).flatten();
        if id.is_none() && !text.is_empty() {
            self.wrong("request_id", "is not a UUID such as \"0192e4a0-7b7e-7c3a-9d0e-3f1a2b4c5d6e\"");
        } else if id.is_some_and(|id| id.is_nil()) {
            self.wrong("request_id", "is the nil UUID, which names no request; choose a new UUID, or leave it empty");
        }
        id.filter(|id| !id.is_nil())
    }

    /// What makes a call repeatable, of its `request_id` and its whole message. However the id is spelled, it is the same id,
    /// and the same request.
    pub(super) fn repeatable(&mut self, message: &impl HasRequestId) -> Option<Repeatable> {
        let request_id = self.request_id(message.request_id())?;
        let canonical = request_id.hyphenated().to_string();
        let encoded = if message.request_id() == canonical {
            message.encode_to_vec()
        } else {
            message.with_request_id(canonical).encode_to_vec()
        };
        Some(Repeatable { request_id, encoded: Secret::new(Box::new(encoded)) })
    }
}

/// A message of a call that may be repeated.
pub(super) trait HasRequestId: Message {
    /// The id as its caller spelled it.
    fn request_id(&self) -> &str;

    /// The same message with another id.
    fn with_request_id(&self, request_id: String) -> Self;
}

macro_rules! have_request_ids {
    ($($message:ident),+ $(,)?) => {$(
        impl HasRequestId for proto::$message {
            fn request_id(&self) -> &str {
                &self.request_id
            }

            fn with_request_id(&self, request_id: String) -> Self {
                let mut message = self.clone();
                message.request_id = request_id;
                message
            }
        }
    )+};
}

have_request_ids!(
    CompleteSignInRequest,
    DeleteSuppressionRequest,
    DisableUserRequest,
    DrainProviderRequest,
    EnableUserRequest,
    RedeemMagicLinkRequest,
    RejectMagicLinkRequest,
    ResendOtpRequest,
    ResumeProviderRequest,
    RevokeOtherSessionsRequest,
    SendOtpRequest,
    SetUserRolesRequest,
    UnlockRequest,
    VerifyOtpRequest,
);

/// Whether a character deceives whoever reads the text: it turns the text around (Unicode's `Bidi_Control`, UAX 9), breaks a line
/// where none is expected, shows nothing, or is no character at all. Joiners and tags stay: scripts and emoji are written with them.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}
