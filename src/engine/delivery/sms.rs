//! The templates of short messages: text alone, and a last line that binds a code to the domain that it is for, so that
//! phones fill it in there and nowhere else (WICG, "Origin-bound one-time codes delivered via SMS").

/// The languages that codes are sent in; the first serves everyone else.
pub(super) const LANGUAGES: [&str; 6] = ["en", "de", "es", "fr", "ja", "pt"];

pub(super) const SOURCES: [(&str, &str); 6] = [
    ("en/code.sms.j2", include_str!("templates/en/code.sms.j2")),
    ("de/code.sms.j2", include_str!("templates/de/code.sms.j2")),
    ("es/code.sms.j2", include_str!("templates/es/code.sms.j2")),
    ("fr/code.sms.j2", include_str!("templates/fr/code.sms.j2")),
    ("ja/code.sms.j2", include_str!("templates/ja/code.sms.j2")),
    ("pt/code.sms.j2", include_str!("templates/pt/code.sms.j2")),
];

#[cfg(test)]
mod tests;
