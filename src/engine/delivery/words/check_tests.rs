//! What an operator's templates may do, and what is said of those that are wrong.

use super::{
    Letter,
    check::{TemplateFile, TemplateProblem},
    preview::{SAMPLE_CODE, SAMPLE_LINK, Sample, letter},
    *,
};

fn files(files: &[(&str, &str)]) -> Vec<TemplateFile> {
    files.iter().map(|(name, text)| TemplateFile { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}

fn with(own: &[(&str, &str)]) -> Templates {
    Templates::with(files(own)).map_err(|problems| format!("{problems:?}")).unwrap()
}

/// What is said of the files, as `name:line: what; remedy`.
fn refused(own: &[(&str, &str)]) -> Vec<String> {
    let problems = Templates::with(files(own)).err().unwrap_or_else(|| panic!("{own:?} is taken"));
    let line = |line: Option<usize>| line.map(|line| format!(":{line}")).unwrap_or_default();
    let told = |p: &TemplateProblem| format!("{}{}: {}; {}", p.name, line(p.line), p.what, p.remedy);
    problems.iter().map(told).collect()
}

fn text(templates: &Templates, of: Letter, locale: &str) -> String {
    templates.words(&letter(of, locale, Sample::Usual), "").unwrap().text
}

#[test]
fn a_template_takes_the_place_of_the_one_of_its_name() {
    let own = with(&[("de/code.txt.j2", "{{ code }} für {{ client_name }} am {{ asked_at|date('%d.%m.') }}")]);
    assert_eq!(text(&own, Letter::Code, "de-AT"), "048213 für Example Shop am 20.11.\n");
    let built_in = Templates::built_in().unwrap();
    assert_eq!(text(&own, Letter::Code, "en"), text(&built_in, Letter::Code, "en"));
    assert_eq!(text(&own, Letter::Link, "de"), text(&built_in, Letter::Link, "de"));
    assert_eq!(text(&with(&[]), Letter::Code, "de"), text(&built_in, Letter::Code, "de"));
}

#[test]
fn a_variety_of_a_language_takes_what_it_has() {
    let own = with(&[("de-ch/code.subject.j2", "Ihr Code, {{ client_name }}")]);
    for (locale, subject) in [
        ("de-CH", "Ihr Code, Example Shop"),
        ("de_ch_1996", "Ihr Code, Example Shop"),
        ("de", "Ihr Anmeldecode für Example Shop"),
    ] {
        let words = own.words(&letter(Letter::Code, locale, Sample::Usual), "").unwrap();
        assert_eq!(words.subject, subject);
        assert!(words.text.contains("Ihr Anmeldecode"), "{}", words.text);
    }
}

#[test]
fn a_further_language_is_a_folder() {
    let html = "{% extends 'letter.html.j2' %}{% block enter %}הזינו את הקוד{% endblock %}";
    let own = with(&[("he/code.subject.j2", "הקוד"), ("he/code.txt.j2", "{{ code }}"), ("he/code.html.j2", html)]);
    assert_eq!(own.languages(), ["de", "en", "es", "fr", "he", "ja", "pt"]);
    let words = own.words(&letter(Letter::Code, "he-IL", Sample::Usual), "").unwrap();
    assert!(words.html.contains("<html lang=\"he\" dir=\"rtl\">") && words.html.contains("הזינו את הקוד"));
    // What it lacks comes in English as a whole.
    assert!(text(&own, Letter::Link, "he").starts_with("Here is your sign-in link"));
    let told = refused(&[("it/code.txt.j2", "{{ code }}")]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("it/code.html.j2: is missing, and an email is in one language; add it"), "{told:?}");
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_remedy() {
    let extends = "{% extends 'letter.html.j2' %}";
    for (name, template, wanted) in [
        ("de/code.text.j2", "x", "de/code.text.j2: is not the name of a template; remove it, or give it a name"),
        ("DE/code.txt.j2", "x", "DE/code.txt.j2: is not the name of a template"),
        ("../code.txt.j2", "x", "../code.txt.j2: is not the name of a template"),
        ("de/code.txt.j2", "a\n{{ code", "de/code.txt.j2:2: syntax error: unexpected end of "),
        (
            "de/code.txt.j2",
            "{{ code }}\n\n{{ cliant_name }}",
            "de/code.txt.j2:3: names cliant_name, which it does not get; known here: language",
        ),
        (
            "de/code.txt.j2",
            "{{ code }}\n{% if minutes == 77 %}{{ secret }}{% endif %}",
            "de/code.txt.j2:2: names secret",
        ),
        ("de/code.txt.j2", "{{ code }}{{ domain }}", "de/code.txt.j2:1: names domain"),
        ("layout.html.j2", "{{ code }}", "layout.html.j2:1: names code"),
        ("de/code.txt.j2", "{{ code|rot13 }}", "de/code.txt.j2:1: unknown filter: "),
        ("de/code.html.j2", "{{ code|safe }}", "de/code.html.j2:1: unknown filter: "),
        ("de/code.txt.j2", "{{ code }}{% include 'secrets.txt' %}", "de/code.txt.j2:1: template not found: "),
        ("de/code.html.j2", "{{ code }}{% include 'de/code.txt.j2' %}", "de/code.html.j2:1: template not found: "),
        (
            "de/code.txt.j2",
            "{{ code }}{{ address|date('%Y') }}",
            "de/code.txt.j2:1: invalid operation: date is for points",
        ),
        (
            "de/code.txt.j2",
            "{{ code }}{{ asked_at|date('%!') }}",
            "de/code.txt.j2:1: invalid operation: the form of the",
        ),
        ("de/code.txt.j2", "Kein Code", "de/code.txt.j2: leaves the code out; write {{ code }}"),
        ("de/link.txt.j2", "Kein Link", "de/link.txt.j2: leaves the link out; write {{ link }} on a line of its own"),
        ("de/link.txt.j2", "<{{ link }}>", "de/link.txt.j2: leaves the link out"),
        ("de/code.subject.j2", " ", "de/code.subject.j2: makes a subject that is empty"),
        ("de/code.subject.j2", "{{ code }}", "de/code.subject.j2: puts the code or the link into the subject"),
        ("de/code.txt.j2", "{{ code }}{{ network }}", "de/code.txt.j2:1: names network"),
        ("de/code.sms.j2", "{{ networks }}@{{ domain }} #{{ code }}", "de/code.sms.j2:1: names networks"),
        (
            "de/code.sms.j2",
            "{% if time %}{{ time }}\n@{{ domain }} #{{ code }}{% endif %}",
            "de/code.sms.j2: does not end with the line that binds the code",
        ),
        (
            "de/code.sms.j2",
            "{% if not network %}{{ time|date('%Y') }}{% endif %}\n@{{ domain }} #{{ code }}",
            "de/code.sms.j2:1: invalid operation: date is for points",
        ),
        ("de/code.sms.j2", "{{ code }}", "de/code.sms.j2: does not end with the line that binds the code"),
        ("de/code_link.sms.j2", "@{{ domain }} #{{ code }}", "de/code_link.sms.j2: leaves the link out"),
        ("de/link.html.j2", "{{ link }}", "de/link.html.j2: has no link to the link; write <a href"),
        (
            "de/code.html.j2",
            "{{ code }}<img src=\"https://example.com/x.png\">",
            "de/code.html.j2: fetches or runs something",
        ),
        (
            "layout.html.j2",
            "<style>@import 'x';</style>{% block body %}{% endblock %}",
            "layout.html.j2: fetches or runs something",
        ),
        ("letter.html.j2", extends, "letter.html.j2"),
        ("notice.html.j2", "{{ title }}", "notice.html.j2: leaves paragraphs out"),
        ("de/code.txt.j2", "{{ code }}{{ 'a' * 1000000 }}", "de/code.txt.j2"),
        ("de/notices.json", "{\n\"x\": \"\"}", "de/notices.json:2: x is no sentence of a notice"),
    ] {
        let told = refused(&[(name, template)]);
        assert!(told.iter().any(|told| told.starts_with(wanted)), "{wanted}\n{told:#?}");
    }
}

/// An operator's short message says so much of its origin as takes no further part, and may say all of it in any case.
#[test]
fn a_short_message_of_the_operator_tells_its_origin() {
    let bound = "\n\n@{{ domain }} #{{ code }}";
    for (template, wanted) in [
        (
            "Servus!{% if time %} {{ time }}{% if network %}, {{ network }}{% endif %}{% endif %}",
            "Servus! 19:04 UTC, 203.0.113.x",
        ),
        ("Servus!{% if network %} {{ network }}{% endif %}", "Servus! 203.0.113.x"),
        ("{{ 'a' * 110 }}{% if time %} {{ time }}{% if network %}, {{ network }}{% endif %}{% endif %}", " 19:04 UTC"),
        ("{{ 'a' * 125 }}{% if time %} {{ time }}{% if network %}, {{ network }}{% endif %}{% endif %}", "a"),
        ("{{ 'a' * 125 }} {{ asked_at|date('%d.%m.') }} {{ address }}", " 20.11. 203.0.113.7"),
    ] {
        let own = with(&[("de/code.sms.j2", &format!("{template}{bound}"))]);
        let text = own.preview(PreviewKind::Code, "de").unwrap().sms;
        let said = text.strip_suffix("\n\n@identity.example.com #048213").unwrap();
        assert!(said.trim_start_matches('a') == wanted.trim_start_matches('a'), "{template}: {text}");
    }
}

/// The same holds for sentences of notices, which have their own placeholders for it.
#[test]
fn a_short_notice_of_the_operator_tells_its_origin() {
    let sentences = |length: usize| {
        let sentences = serde_json::json!({
            "noticed.short": "{time}.",
            "noticed.short.from": "{network}, {time}.",
            "new_device.short": "a".repeat(length),
            "new_device.not_you": "Nicht Sie?",
        });
        sentences.to_string()
    };
    for (length, wanted) in [
        (1, "203.0.113.x, 19:04 UTC.\n"),
        (125, "203.0.113.x, 19:04 UTC.\n"),
        (126, "19:04 UTC.\n"),
        (138, "19:04 UTC.\n"),
        (139, ""),
        (149, ""),
        (150, "203.0.113.x, 19:04 UTC.\n"),
    ] {
        let own = with(&[("de/notices.json", &sentences(length))]);
        let text = own.preview(PreviewKind::NewDevice, "de").unwrap().sms;
        assert_eq!(text, format!("{}\n{wanted}Nicht Sie?", "a".repeat(length)), "{length}");
    }
    let told = refused(&[("de/notices.json", &sentences(600))]);
    assert!(told[0].starts_with("de/notices.json: makes an SMS of more than 600 characters; shorten it"), "{told:?}");
    let told = refused(&[("de/notices.json", "{\"noticed.short.from\": \"{time}, {address}\"}")]);
    assert!(told[0].contains("name {network} and {time} in it"), "{told:?}");
}

/// No template takes long, or makes much.
#[test]
fn rendering_is_bounded() {
    let deep = |text: &str| text.repeat(6);
    let (begin, end) = (deep("{% for letter in 'abcdefghijklmnopqrstuvwxyz' %}"), deep("{% endfor %}"));
    let loops = format!("{{{{ code }}}}{begin}x{end}");
    let told = refused(&[("de/code.txt.j2", &loops)]);
    assert!(told[0].contains("engine ran out of fuel; make it shorter"), "{told:?}");
    let itself = "{{ code }}{% include 'de/code.txt.j2' %}";
    assert!(!refused(&[("de/code.txt.j2", itself)]).is_empty());
}

/// A109: whatever an operator's template says, a value is text in HTML.
#[test]
fn a109_no_template_lets_markup_through() {
    let name = "<b>{{ 7*7 }}</b>";
    for template in [
        "{{ code }}{{ client_name }}",
        "{{ code }}{% autoescape false %}{{ client_name }}{% endautoescape %}",
        "{{ code }}{% set x %}{{ client_name }}{% endset %}{{ x }}",
        "{{ code }}{% autoescape false %}{% set x %}{{ client_name }}{% endset %}{{ x }}{% endautoescape %}",
        "{{ code }}{% macro m(x) %}{{ x }}{% endmacro %}{{ m(client_name) }}",
        "{{ code }}{{ client_name|trim|lower }}",
        "{{ code }}{{ client_name ~ '' }}",
    ] {
        let own = with(&[("en/code.html.j2", template)]);
        let mut content = letter(Letter::Code, "en", Sample::Usual);
        let Content::Code { client_name, .. } = &mut content else { panic!() };
        name.clone_into(client_name);
        let html = own.words(&content, "").unwrap().html;
        assert!(!html.contains("<b>") && !html.contains("49") && html.contains("{{ 7*7 }}"), "{template}: {html}");
    }
}

/// A template that fails with values that it was not tried with costs nobody the message.
#[test]
fn the_built_in_template_stands_in_for_one_that_fails_later() {
    let own = with(&[("en/code.txt.j2", "{{ code }}{% if minutes == 77 %}{{ minutes|rot13 }}{% endif %}")]);
    assert_eq!(text(&own, Letter::Code, "en"), format!("{SAMPLE_CODE}\n"));
    let mut content = letter(Letter::Code, "en", Sample::Usual);
    let Content::Code { minutes, .. } = &mut content else { panic!() };
    *minutes = 77;
    assert!(own.words(&content, "").unwrap().text.starts_with("048213 is your sign-in code"));
}

#[test]
fn every_message_can_be_looked_at() {
    let own = with(&[("it/code.sms.j2", "{{ code }}\n\n@{{ domain }} #{{ code }}")]);
    for language in own.languages() {
        for kind in PreviewKind::ALL {
            let Preview { subject, text, html, sms } = own.preview(kind, &language).unwrap();
            assert!([subject, text, html, sms].iter().all(|part| !part.is_empty()), "{language} {}", kind.name());
        }
    }
    assert_eq!(own.preview(PreviewKind::Code, "it").unwrap().sms, "048213\n\n@identity.example.com #048213");
    assert!(own.preview(PreviewKind::Link, "de").unwrap().text.contains(SAMPLE_LINK));
}
