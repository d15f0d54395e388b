//! Rust text as tokens, without comments, strings and what is compiled for unit tests alone.

/// A token and its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

/// The tokens of `text`: identifiers, `::`, and single characters.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    without_tests(&all(text))
}

fn all(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let (mut index, mut line) = (0, 1);
    while index < characters.len() {
        let start = index;
        let character = at(index);
        if character == '/' && at(index + 1) == '/' {
            while index < characters.len() && at(index) != '\n' {
                index += 1;
            }
        } else if character == '/' && at(index + 1) == '*' {
            index = after_block_comment(&characters, index);
        } else if let Some(end) = after_literal(&characters, index) {
            index = end;
        } else if character == 'r' && at(index + 1) == '#' {
            index += 2;
        } else if is_word(character) {
            while is_word(at(index)) {
                index += 1;
            }
            found.push(Token { text: characters[start..index].iter().collect(), line });
        } else if character == ':' && at(index + 1) == ':' {
            index += 2;
            found.push(Token { text: "::".to_owned(), line });
        } else {
            index += 1;
            if !character.is_whitespace() {
                found.push(Token { text: character.to_string(), line });
            }
        }
        line += characters[start..index].iter().filter(|character| **character == '\n').count();
    }
    found
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Where the block comment that starts at `index` ends; block comments nest.
fn after_block_comment(characters: &[char], mut index: usize) -> usize {
    let mut depth = 0;
    while index < characters.len() {
        match (characters[index], characters.get(index + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                index += 1;
                continue;
            }
        }
        index += 2;
        if depth == 0 {
            break;
        }
    }
    index
}

/// Where the string or character that starts at `index` ends; `None` when none starts there. A lifetime is a character
/// alone: its quote is passed over, its name stays as a word.
fn after_literal(characters: &[char], index: usize) -> Option<usize> {
    let at = |index: usize| characters.get(index).copied().unwrap_or('\0');
    let mut quote = index;
    if matches!(at(quote), 'b' | 'c') && matches!(at(quote + 1), '"' | '\'' | 'r') {
        quote += 1;
    }
    if at(quote) == 'r' {
        let hashes = characters[quote + 1..].iter().take_while(|character| **character == '#').count();
        if at(quote + 1 + hashes) != '"' {
            return None;
        }
        let end: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        let rest: String = characters[quote + 2 + hashes..].iter().collect();
        let length = rest.find(&end).map_or(rest.len(), |bytes| bytes + end.len());
        return Some(quote + 2 + hashes + rest[..length].chars().count());
    }
    match at(quote) {
        '\'' if at(quote + 1) != '\\' && at(quote + 2) != '\'' => Some(quote + 1),
        mark @ ('"' | '\'') => {
            let mut end = quote + 1;
            while end < characters.len() && at(end) != mark {
                end += if at(end) == '\\' { 2 } else { 1 };
            }
            Some(end + 1).map(|end| end.min(characters.len()))
        }
        _ => None,
    }
}

/// Leaves out each item behind `#[cfg(test)]`: to its closing brace, or to its semicolon.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let marked = tokens[index..].iter().take(MARK.len()).map(|token| token.text.as_str()).eq(MARK);
        if !marked {
            kept.push(tokens[index].clone());
            index += 1;
            continue;
        }
        index += MARK.len();
        let mut depth = 0;
        while index < tokens.len() {
            let text = tokens[index].text.as_str();
            index += 1;
            match text {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(text, "}" | ";") {
                break;
            }
        }
    }
    kept
}
