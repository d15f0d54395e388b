//! The templates and sentences that this program has, by file name.

/// A file of templates: its name from the folder of templates on, and what stands in it.
pub(super) type File = (&'static str, &'static str);

/// A language that this program speaks.
pub(super) struct Language {
    /// Its tag (RFC 5646), in lower case: the name of its folder.
    pub(super) tag: &'static str,
    /// Its letters.
    pub(super) letters: [File; 12],
    /// The sentences of its notices.
    pub(super) notices: &'static str,
}

macro_rules! language {
    ($tag:literal) => {
        language!($tag, "code.subject.j2", "code.txt.j2", "code.html.j2", "code.sms.j2", "link.subject.j2", "link.txt.j2",
            "link.html.j2", "link.sms.j2", "code_link.subject.j2", "code_link.txt.j2", "code_link.html.j2",
            "code_link.sms.j2")
    };
    ($tag:literal, $($file:literal),*) => {
        Language {
            tag: $tag,
            letters: [$((concat!($tag, "/", $file), include_str!(concat!("../templates/", $tag, "/", $file)))),*],
            notices: include_str!(concat!("../templates/", $tag, "/notices.json")),
        }
    };
}

/// What all languages share.
pub(super) const SHARED: [File; 3] = [
    ("layout.html.j2", include_str!("../templates/layout.html.j2")),
    ("letter.html.j2", include_str!("../templates/letter.html.j2")),
    ("notice.html.j2", include_str!("../templates/notice.html.j2")),
];

/// The languages; the first serves everyone else.
pub(super) const LANGUAGES: [Language; 6] =
    [language!("en"), language!("de"), language!("fr"), language!("es"), language!("pt"), language!("ja")];
