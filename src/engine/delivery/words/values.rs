//! What templates may name, and how a value comes out.

use super::{lines::one_line, moment::Moment, short::Origin};
use crate::domain::message::Content;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value, context, filters, tests};

/// Everything that a template of a letter may name.
pub(super) const OF_LETTERS: [&str; 9] =
    ["language", "direction", "code", "link", "client_name", "minutes", "link_minutes", "address", "asked_at"];

/// What a template of a short message may name beside them.
pub(super) const OF_SHORT_MESSAGES: [&str; 3] = ["domain", "time", "network"];

/// What the template of notices may name.
pub(super) const OF_NOTICES: [&str; 5] = ["language", "direction", "title", "preview", "paragraphs"];

/// Instructions that one template may take. The longest of this program takes about three hundred.
const FUEL: u64 = 20_000;

/// Languages that are written from right to left.
const FROM_THE_RIGHT: [&str; 9] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ur", "yi"];

/// An environment with few filters, none of which lets a value through as markup, in which a value that a template names
/// and does not get is an error.
fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(32);
    // An error with debug information would carry the values, and so the code.
    environment.set_debug(false);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("default", filters::default);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment.add_filter("date", Moment::date);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("undefined", tests::is_undefined);
    environment
}

/// The environment of templates of text, whose values come out as they are.
pub(super) fn text() -> Environment<'static> {
    environment()
}

/// The environment of templates of HTML. It escapes every value, whatever a template says about that.
pub(super) fn html() -> Environment<'static> {
    let mut environment = environment();
    // What macros and blocks have made has been escaped already, and is then known as such.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(escaped);
    environment
}

fn escaped(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let own;
    let text = match value.as_str() {
        Some(text) if value.is_safe() => return Ok(out.write_str(text)?),
        Some(text) => text,
        None => {
            own = value.to_string();
            &own
        }
    };
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    Ok(out.write_str(rest)?)
}

/// The values of a letter in the language of the folder `tag`; none where the content is no letter.
pub(super) fn of_letter(content: &Content, tag: &str) -> Value {
    let Content::Code { destination: _, code, link, client_name, minutes, link_minutes, locale: _, address, asked_at } =
        content
    else {
        return Value::default();
    };
    context! {
        language => tag,
        direction => direction(tag),
        code => one_line(code),
        link => one_line(link),
        client_name => one_line(client_name),
        minutes => minutes,
        link_minutes => if *link_minutes == 0 { minutes } else { link_minutes },
        address => one_line(address),
        asked_at => Value::from_object(Moment(*asked_at)),
    }
}

/// The values of a letter that is a text message with so much of its origin; `domain` is what its code is bound to.
pub(super) fn of_short_message(content: &Content, tag: &str, domain: &str, origin: Origin) -> Value {
    let (asked_at, address) = match content {
        Content::Code { asked_at, address, .. } => (*asked_at, address.as_str()),
        _ => (0, ""),
    };
    let (time, network) = origin.told(asked_at, address);
    context! { domain, time, network, ..of_letter(content, tag) }
}

/// Where lines of the language begin, for the attribute `dir` of HTML.
pub(super) fn direction(tag: &str) -> &'static str {
    let primary = tag.split('-').next().unwrap_or_default();
    if FROM_THE_RIGHT.contains(&primary) { "rtl" } else { "ltr" }
}
