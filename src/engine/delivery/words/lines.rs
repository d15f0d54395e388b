//! Lines that fit a letter, and lines that stay one.

use std::borrow::Cow;
use textwrap::{LineEnding, Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The columns that a line of a text part has at most, unless one word is longer: mail of such lines needs no quoting.
pub(in crate::engine::delivery) const COLUMNS: usize = 76;

/// The text in lines of at most [`COLUMNS`], broken where the language permits it (UAX #14) and never within a link; it
/// ends with the end of a line.
pub(in crate::engine::delivery) fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.trim_end().split('\n') {
        let line = line.trim_end();
        if line.len() <= COLUMNS {
            out.push_str(line);
        } else {
            let filled: Vec<Cow<'_, str>> = textwrap::wrap(line, options(line));
            out.push_str(&filled.join("\n"));
        }
        out.push('\n');
    }
    out
}

fn options(line: &str) -> Options<'static> {
    // A link has places where a line may end by the rules of Unicode, but no mail program puts it together again.
    let by_blanks = line.is_ascii() || line.contains("://");
    let separator = if by_blanks { WordSeparator::AsciiSpace } else { WordSeparator::UnicodeBreakProperties };
    Options::new(COLUMNS)
        .break_words(false)
        .line_ending(LineEnding::LF)
        .word_separator(separator)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
}

/// The text without what could begin a line, end a header or turn the reading direction.
pub(in crate::engine::delivery) fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let text: String = text.chars().filter(|c| !turns(*c)).map(|c| if breaks(c) { ' ' } else { c }).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_and_words_are_not() {
        let word = "x".repeat(90);
        let link = format!("https://id.example.com/link#{}", "aB-_".repeat(16));
        for (text, lines) in [
            ("", "\n"),
            ("short\n\nand two  \n\n", "short\n\nand two\n"),
            (&"word ".repeat(20), &format!("{}word\n{}word\n", "word ".repeat(14), "word ".repeat(4))),
            (&word, &format!("{word}\n")),
            (&format!("あ {link} い"), &format!("あ\n{link}\nい\n")),
        ] {
            assert_eq!(wrapped(text), *lines);
        }
        // No line begins with what closes a sentence.
        for line in wrapped(&"日本語の文章。".repeat(20)).lines() {
            assert!(!line.starts_with('。') && line.chars().count() * 2 <= COLUMNS, "{line}");
        }
    }
}
