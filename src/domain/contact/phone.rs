//! Phone numbers: one spelling for identity, counting and sending, and what the numbering plans say of them.

use super::IdentifierKey;
use crate::domain::{digest::Digest, secret::Secret32};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType, Region};
use std::fmt;

/// How long a text may be that is read as a number: 15 digits (ITU-T E.164 section 6.2.1) of up to three octets each,
/// and formatting.
const MAX_OCTETS: usize = 96;

/// How many digits at the end are a subscriber's own: numbers that differ in these alone are often bought together.
const SEQUENTIAL_DIGITS: usize = 4;

/// A phone number in its canonical spelling: the international form of ITU-T E.164, `+` and digits.
///
/// It is not shown by `Debug`; `masked` is for showing, `as_str` for sending.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    text: String,
    calling_code: u16,
    country: Option<Country>,
    kind: NumberKind,
}

/// The text is not a phone number that this service takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number in international form such as +44 7400 123456")]
pub struct NotAPhoneNumber;

/// A country or territory by its two letters of ISO 3166-1, in upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// What a number is used for, as far as its numbering plan tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberKind {
    /// A mobile phone.
    Mobile,
    /// A fixed line.
    FixedLine,
    /// One of the two: the plan does not tell them apart, as in North America.
    FixedLineOrMobile,
    /// Whoever reaches it pays more than for a call.
    PremiumRate,
    /// Whoever is reached pays.
    TollFree,
    /// Both pay.
    SharedCost,
    /// Telephony over the internet.
    Voip,
    /// A person's, wherever that person is.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A company's for all its places (universal access number).
    Uan,
    /// A voice mailbox.
    Voicemail,
    /// The plan has the number and does not say what for.
    Unknown,
}

impl PhoneNumber {
    /// Reads a number in international form: `+`, the calling code and the national number, with the usual formatting
    /// between the digits: blanks, hyphens, dots, and parentheses in pairs. A zero that is dialled inside the country
    /// alone, as in `+44 (0)7400 123456`, is dropped.
    ///
    /// Digits are ASCII, full-width, Arabic or Persian, as keyboards of phones type them; those of other scripts are
    /// refused. So are national forms (whose country would be a guess), letters, extensions, blanks around the number,
    /// control and invisible characters, and numbers that no numbering plan has, by Google's metadata (libphonenumber).
    ///
    /// # Errors
    /// Where the text is not such a number.
    pub fn parse(text: &str) -> Result<Self, NotAPhoneNumber> {
        let number = Self::read(&digits(text).ok_or(NotAPhoneNumber)?)?;
        // What is stored is read again: the canonical spelling has to mean the same number.
        if Self::read(&number.text)? == number { Ok(number) } else { Err(NotAPhoneNumber) }
    }

    fn read(digits: &str) -> Result<Self, NotAPhoneNumber> {
        let number = PHONE_NUMBER_UTIL.parse(digits, None).map_err(|_| NotAPhoneNumber)?;
        if !number.is_valid() {
            return Err(NotAPhoneNumber);
        }
        let calling_code = u16::try_from(number.country_code).map_err(|_| NotAPhoneNumber)?;
        let country = number.get_region_code().and_then(|region| Country::new(region.as_region_str().as_str()));
        let text = format!("+{calling_code}{}", number.get_national_significant_number());
        Ok(Self { text, calling_code, country, kind: number.get_type().into() })
    }

    /// The number in the form of E.164, such as `+447400123456`, for sending to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The calling code and the last two digits, such as `+44********56`: enough to recognise, too little to dial.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown = 1 + self.calling_code.to_string().len();
        let hidden = self.text.len().saturating_sub(shown + 2);
        let (start, end) = (&self.text[..shown], &self.text[shown + hidden..]);
        format!("{start}{}{end}", "*".repeat(hidden))
    }

    /// The key under which the identity is kept.
    #[must_use]
    pub fn identity_key(&self, key: &Secret32) -> IdentifierKey {
        IdentifierKey(Digest::hmac(key, &[b"identity.v1 identifier", b"phone", self.text.as_bytes()]))
    }

    /// The key under which requests are counted. Formatting is gone by then, so one number has one budget.
    #[must_use]
    pub fn abuse_key(&self, key: &Secret32) -> IdentifierKey {
        IdentifierKey(Digest::hmac(key, &[b"identity.v1 abuse", b"phone", self.text.as_bytes()]))
    }

    /// The country whose plan the number stands in; `None` for numbers of no country, such as satellite phones (+881)
    /// and international freephone (+800).
    #[must_use]
    pub const fn country(&self) -> Option<Country> {
        self.country
    }

    /// The country calling code, such as 44; several countries may share one (+1, +7, +44).
    #[must_use]
    pub const fn calling_code(&self) -> u16 {
        self.calling_code
    }

    /// What the number is used for.
    #[must_use]
    pub const fn kind(&self) -> NumberKind {
        self.kind
    }

    /// The digits without `+` and without the last four: what the numbers of a block bought together share. It is no
    /// full number, and still personal data where a block is small: it is for keys, not for showing.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.text[1..self.text.len().saturating_sub(SEQUENTIAL_DIGITS).max(1)]
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

impl Country {
    /// Takes two ASCII letters in any case; `None` for anything else. That they are assigned is not checked: numbers of
    /// Kosovo (XK), Ascension (AC) and Tristan da Cunha (TA) have letters that ISO 3166-1 reserves.
    #[must_use]
    pub fn new(letters: &str) -> Option<Self> {
        let letters: [u8; 2] = letters.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_alphabetic).then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }

    /// A country that has phone numbers, by its two capital letters as they stand in files; `None` for anything else, such
    /// as UK, for numbers of the United Kingdom are those of GB.
    #[must_use]
    pub fn with_numbers(letters: &str) -> Option<Self> {
        let country = Self::new(letters).filter(|country| country.as_str() == letters)?;
        let region = Region::from_code(letters).ok()?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| country)
    }

    /// The two letters, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl NumberKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Mobile,
        Self::FixedLine,
        Self::FixedLineOrMobile,
        Self::PremiumRate,
        Self::TollFree,
        Self::SharedCost,
        Self::Voip,
        Self::PersonalNumber,
        Self::Pager,
        Self::Uan,
        Self::Voicemail,
        Self::Unknown,
    ];

    /// The name in policies, audit and telemetry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLine => "fixed_line",
            Self::FixedLineOrMobile => "fixed_line_or_mobile",
            Self::PremiumRate => "premium_rate",
            Self::TollFree => "toll_free",
            Self::SharedCost => "shared_cost",
            Self::Voip => "voip",
            Self::PersonalNumber => "personal_number",
            Self::Pager => "pager",
            Self::Uan => "uan",
            Self::Voicemail => "voicemail",
            Self::Unknown => "unknown",
        }
    }
}

impl From<PhoneNumberType> for NumberKind {
    fn from(kind: PhoneNumberType) -> Self {
        match kind {
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::FixedLineOrMobile => Self::FixedLineOrMobile,
            PhoneNumberType::PremiumRate => Self::PremiumRate,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::PersonalNumber,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }
}

/// `+` and the digits of `text`, where nothing but usual formatting stands between them. Where exactly it stands says
/// nothing and is not judged, except that the number begins with `+` and a digit and ends with a digit.
///
/// The parser of the metadata's library takes far more (letters, extensions, text around the number, every digit of
/// Unicode); it is given plain digits, so that what counts as one number is decided here.
fn digits(text: &str) -> Option<String> {
    let mut rest = text.chars().map(folded);
    if text.len() > MAX_OCTETS || rest.next() != Some('+') {
        return None;
    }
    let mut digits = String::from("+");
    let (mut last, mut open) = ('+', false);
    for c in rest {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' if last != '+' => {}
            '(' if last != '+' && !open => open = true,
            ')' if last.is_ascii_digit() && open => open = false,
            _ => return None,
        }
        last = c;
    }
    (last.is_ascii_digit() && !open).then_some(digits)
}

/// The ASCII sign for one that keyboards of phones type in its place: digits and signs in full width (East Asia), the
/// digits of Arabic and Persian, and the blanks and hyphens that keep a number on one line.
fn folded(c: char) -> char {
    let digit = |zero: char| char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c);
    match c {
        '\u{ff10}'..='\u{ff19}' => digit('\u{ff10}'),
        '\u{660}'..='\u{669}' => digit('\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit('\u{6f0}'),
        '\u{ff0b}' => '+',
        '\u{ff08}' => '(',
        '\u{ff09}' => ')',
        '\u{ff0e}' => '.',
        '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{3000}' => ' ',
        '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{ff0d}' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests;
