//! SQL text cut into tokens, as the server's scanner would: enough to tell words, parameters, quoted
//! text and comments apart, for any input whatever.
//!
//! Trap: an identifier may hold `$`, so `date$1` is one word, while `$1date` is a parameter and a word.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// White space and comments.
    Blank,
    /// A keyword or an identifier without quotes.
    Word,
    /// `"An identifier"`, also `U&"..."`.
    QuotedName,
    /// `'text'` in any of its forms, also `$tag$text$tag$`.
    Text,
    /// `$1`
    Parameter,
    Number,
    /// Anything else, one character each.
    Other,
}

/// One token: `text[start..end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    pub fn of(self, text: &str) -> &str {
        &text[self.start..self.end]
    }

    /// Whether it is that word, given in lower case; quoted names are no words.
    pub fn is_word(self, text: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.of(text).eq_ignore_ascii_case(word)
    }

    /// Whether it is that character.
    pub fn is(self, text: &str, character: char) -> bool {
        self.kind == Kind::Other && self.of(text).starts_with(character)
    }

    /// The number of a parameter; `None` for anything else and for numbers out of range.
    pub fn parameter(self, text: &str) -> Option<u32> {
        (self.kind == Kind::Parameter).then(|| self.of(text)[1..].parse().ok()).flatten()
    }
}

/// All tokens; together they cover the text without a gap.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::with_capacity(text.len() / 4);
    let mut start = 0;
    while start < text.len() {
        let (kind, length) = first_token(&text[start..]);
        found.push(Token { kind, start, end: start + length });
        start += length;
    }
    found
}

/// The tokens that mean something.
pub fn significant(text: &str) -> Vec<Token> {
    tokens(text).into_iter().filter(|token| token.kind != Kind::Blank).collect()
}

/// The highest parameter of a text, 0 without any.
pub fn highest_parameter(text: &str) -> u32 {
    tokens(text).into_iter().filter_map(|token| token.parameter(text)).max().unwrap_or(0)
}

fn first_token(rest: &str) -> (Kind, usize) {
    let Some(first) = rest.chars().next() else { return (Kind::Other, 0) };
    if first.is_ascii_whitespace() || first == '\u{b}' {
        let length = rest.find(|c: char| !(c.is_ascii_whitespace() || c == '\u{b}'));
        return (Kind::Blank, length.unwrap_or(rest.len()));
    }
    if rest.starts_with("--") {
        return (Kind::Blank, rest.find(['\n', '\r']).unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Blank, block_comment(rest));
    }
    if let Some((kind, prefix)) = quote_prefix(rest) {
        let escapes = matches!(first, 'e' | 'E');
        return (kind, prefix + quoted(&rest[prefix..], escapes));
    }
    if is_name_start(first) {
        return (Kind::Word, rest.find(|c| !is_name_part(c)).unwrap_or(rest.len()));
    }
    if first == '$' {
        if let Some(tag) = dollar_tag(rest) {
            let body = rest[tag..].find(&rest[..tag]);
            return (Kind::Text, body.map_or(rest.len(), |at| at + 2 * tag));
        }
        let digits = 1 + leading_digits(&rest[1..]);
        return if digits > 1 { (Kind::Parameter, digits) } else { (Kind::Other, 1) };
    }
    if first.is_ascii_digit() || first == '.' && leading_digits(&rest[1..]) > 0 {
        return (Kind::Number, number(rest));
    }
    (Kind::Other, first.len_utf8())
}

fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_name_part(c: char) -> bool {
    is_name_start(c) || c.is_ascii_digit() || c == '$'
}

fn leading_digits(rest: &str) -> usize {
    rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
}

/// Digits, a point, more digits, an exponent: a number need not be right, only to be one token.
fn number(rest: &str) -> usize {
    let mut length = leading_digits(rest);
    if rest[length..].starts_with('.') && !rest[length..].starts_with("..") {
        length += 1;
        length += leading_digits(&rest[length..]);
    }
    let tail = &rest[length..];
    if tail.starts_with(['e', 'E']) {
        let sign = usize::from(tail[1..].starts_with(['+', '-']));
        let digits = leading_digits(&tail[1 + sign..]);
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    length
}

/// Block comments nest in SQL.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// What a quote opens, and where that quote stands: `'`, `"`, E', B', X', U&', U&". N' is a keyword
/// and a text.
fn quote_prefix(rest: &str) -> Option<(Kind, usize)> {
    let bytes = rest.as_bytes();
    match bytes.first()?.to_ascii_lowercase() {
        b'\'' => Some((Kind::Text, 0)),
        b'"' => Some((Kind::QuotedName, 0)),
        b'e' | b'b' | b'x' if bytes.get(1) == Some(&b'\'') => Some((Kind::Text, 1)),
        b'u' if bytes.get(1) == Some(&b'&') => match bytes.get(2)? {
            b'\'' => Some((Kind::Text, 2)),
            b'"' => Some((Kind::QuotedName, 2)),
            _ => None,
        },
        _ => None,
    }
}

/// The length of what the quote at the start opens; a doubled quote goes on, and so does one after a
/// backslash where those escape.
fn quoted(rest: &str, escapes: bool) -> usize {
    let Some(quote) = rest.bytes().next() else { return 0 };
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if escapes && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    rest.len()
}

/// The length of `$tag$` at the start; `$1` is a parameter and no tag.
fn dollar_tag(rest: &str) -> Option<usize> {
    let name = rest.strip_prefix('$')?;
    let end = name.find(|c: char| !(is_name_start(c) || c.is_ascii_digit()))?;
    let is_tag = name[end..].starts_with('$') && !name.starts_with(|c: char| c.is_ascii_digit());
    is_tag.then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<(Kind, &str)> {
        significant(text).into_iter().map(|token| (token.kind, token.of(text))).collect()
    }

    #[test]
    fn words_parameters_and_quotes_are_told_apart() {
        assert_eq!(
            cut("a$1 $1b \"c\"\"d\".e '$2''' $x$ $3 $x$ 1.5e3..2"),
            [
                (Kind::Word, "a$1"),
                (Kind::Parameter, "$1"),
                (Kind::Word, "b"),
                (Kind::QuotedName, "\"c\"\"d\""),
                (Kind::Other, "."),
                (Kind::Word, "e"),
                (Kind::Text, "'$2'''"),
                (Kind::Text, "$x$ $3 $x$"),
                (Kind::Number, "1.5e3"),
                (Kind::Other, "."),
                (Kind::Number, ".2"),
            ]
        );
    }

    #[test]
    fn prefixes_belong_to_their_text_and_a_backslash_escapes_after_e_only() {
        assert_eq!(
            cut(r#"E'\'a' 'b\' U&'c' x'1f' N'd' U&"e""#),
            [
                (Kind::Text, r"E'\'a'"),
                (Kind::Text, r"'b\'"),
                (Kind::Text, "U&'c'"),
                (Kind::Text, "x'1f'"),
                (Kind::Word, "N"),
                (Kind::Text, "'d'"),
                (Kind::QuotedName, "U&\"e\""),
            ]
        );
    }

    #[test]
    fn comments_nest_and_hide_what_is_in_them() {
        assert_eq!(cut("/* $1 /* ' */ \" */ -- $2\n$3"), [(Kind::Parameter, "$3")]);
        assert_eq!(highest_parameter("$2 '$9' $99999999999 /* $8 */"), 2);
    }

    proptest! {
        #[test]
        fn tokens_cover_any_text_without_a_gap(text in "\\PC{0,80}") {
            let mut at = 0;
            for token in tokens(&text) {
                prop_assert_eq!(token.start, at);
                prop_assert!(token.end > token.start);
                at = token.end;
            }
            prop_assert_eq!(at, text.len());
        }

        #[test]
        fn odd_mixtures_do_no_harm(text in "[-/*'\"$a1eEuU&;.\\\\ \né🙂]{0,60}") {
            prop_assert_eq!(tokens(&text).last().map_or(0, |token| token.end), text.len());
        }
    }
}
