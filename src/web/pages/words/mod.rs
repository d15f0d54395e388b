//! What the pages say: one file for each language, one line for each text. A text that is missing does not compile.

mod de;
mod en;
mod es;
mod fr;
mod ja;
mod pt;

use crate::edge::words::Language;
use std::collections::BTreeMap;

macro_rules! texts {
    ($($name:ident)+) => {
        /// The texts of the pages in one language. Words in braces are filled in: `{client}`, `{to}`, `{who}`, `{n}`,
        /// `{time}`.
        pub(super) struct PageWords {$(
            pub(super) $name: &'static str,
        )+}

        impl PageWords {
            /// Every text by its name, for the templates.
            pub(super) fn by_name(&self) -> BTreeMap<&'static str, &'static str> {
                [$((stringify!($name), self.$name)),+].into()
            }
        }
    };
}

texts! {
    tag
    name
    language
    sign_in
    sign_in_to
    no_password
    email
    email_or_phone
    phone_hint
    send_code
    proof_working
    needs_script
    enter_code
    code_sent
    code_resent
    undelivered
    code
    code_hint
    time_left
    attempts_left
    resend
    resend_wait
    other_address
    other_tab
    your_sessions
    signed_in_as
    this_session
    unknown_device
    last_used
    address
    signed_in
    application
    end_session
    end_others
    sign_out
    session_ended
    others_ended
    signed_out
    no_others
    more
    went_wrong
    not_our_page
    not_found
    unknown_application
    too_long
    start_again
    or_link
    go_on
    by_itself
    link_title
    link_reading
    link_missing
    link_needs_script
    link_who
    device
    asked_at
    sign_in_here
    lead_on
    number
    number_hint
    approve
    not_me
    end_all_too
    link_approved
    link_rejected
    link_elsewhere
    number_wrong
}

/// The texts of a language.
pub(super) const fn of(language: Language) -> &'static PageWords {
    match language {
        Language::English => &en::ENGLISH,
        Language::German => &de::GERMAN,
        Language::French => &fr::FRENCH,
        Language::Spanish => &es::SPANISH,
        Language::Portuguese => &pt::PORTUGUESE,
        Language::Japanese => &ja::JAPANESE,
    }
}

/// Every language by its tag and name, for whoever wants another.
pub(super) fn all() -> [(&'static str, &'static str); 6] {
    Language::ALL.map(|language| (of(language).tag, of(language).name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn texts(language: Language) -> BTreeMap<&'static str, &'static str> {
        of(language).by_name()
    }

    fn placeholders(text: &str) -> BTreeSet<String> {
        text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0.to_owned()).collect()
    }

    #[test]
    fn french_keeps_its_signs_at_their_words() {
        for (name, text) in texts(Language::French) {
            for (at, _) in text.match_indices([':', ';', '!', '?']) {
                assert!(text[..at].ends_with('\u{a0}'), "{name}: {text}");
            }
        }
    }

    #[test]
    fn every_language_fills_in_the_same_words_and_says_them_its_own_way() {
        for language in Language::ALL {
            assert_eq!(of(language).tag, language.tag());
            for ((name, text), (_, english)) in texts(language).into_iter().zip(texts(Language::English)) {
                assert!(!text.is_empty() && text.trim() == text, "{} {name}", language.tag());
                assert_eq!(placeholders(text), placeholders(english), "{} {name}", language.tag());
                // A few short words are spelled alike in two languages.
                let alike = ["code", "application"].contains(&name);
                assert!(language == Language::English || alike || text != english, "{} {name}", language.tag());
            }
        }
    }
}
