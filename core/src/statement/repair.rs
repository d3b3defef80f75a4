//! Texts that pg_stat_statements made unreadable, made readable again.
//!
//! pg_stat_statements replaces constants where the analysed tree has one with a location, whatever the
//! grammar wants there. Most places take `$n` as well; these do not (PostgreSQL 15 to 18):
//!
//! | written | becomes | why it breaks | repaired |
//! |---|---|---|---|
//! | `date '..'`, `s."T" '..'`, `numeric(9,2) '..'` | `date $1` | a type before a literal takes a string only | `$1::date` |
//! | `interval '1' day`, `interval(3) '..'` | `interval $1 day` | the same | `$1::interval day` |
//! | `char '..'`, `bit '..'`, `N'..'` | `char $1` | the same; as a literal it has any length, as a cast one | `$1::bpchar` |
//! | `extract(year FROM t)` | `extract($1 FROM t)` | the field is a constant in the tree, a word in the grammar | `pg_catalog.extract($1 , t)` |
//! | `normalize(x, NFC)` | `normalize(x, $1)` | the form is one too | `pg_catalog.normalize(x, $1)` |
//! | `x IS NFC NORMALIZED` | `x IS $1 NORMALIZED` | the same | `x IS NORMALIZED` |
//! | `U&'..' UESCAPE '!'` | `$1 UESCAPE '!'` | only the text before UESCAPE is replaced | `$1` |
//! | `like'x'`, `date'..'` | `like$1` | `$` goes on in a word | `like $1` |
//! | `'x'and` | `$1and` | a parameter does not end before a letter (15 and later) | `$1 and` |
//!
//! Taken as they are, since the grammar does: `LIMIT $1`, `FETCH FIRST $1 ROWS`, `$1 PRECEDING`, `AT TIME ZONE $1`,
//! SUBSTRING, POSITION, OVERLAY and TRIM in their long forms, `IN ($1 /*, ... */)` of 18, `;` at the end.
//!
//! Contract: called for a text that the server's parser or analysis refused. A text without such a place
//! comes back as it is, byte for byte, and so does what was repaired before. Byte positions move.

use std::borrow::Cow;

use super::lexer::{Kind, Token, significant};

/// Passes over a text. One finds every place; what two passes still leave is no SQL, or a place that
/// only appeared by repairing another (`date$1`).
const MOST_PASSES: usize = 8;

/// The text in a form that the server can read, as far as that is known.
pub fn repair(text: &str) -> Cow<'_, str> {
    let mut repaired: Option<String> = None;
    for _ in 0..MOST_PASSES {
        let current = repaired.as_deref().unwrap_or(text);
        let edits = edits(current);
        if edits.is_empty() {
            return repaired.map_or(Cow::Borrowed(text), Cow::Owned);
        }
        repaired = Some(apply(current, edits));
    }
    // It never comes to rest, so it is not what this is for.
    Cow::Borrowed(text)
}

/// `text[start..end]` becomes `by`.
#[derive(Debug)]
struct Edit {
    start: usize,
    end: usize,
    by: String,
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        // One that overlaps waits for the next pass.
        if edit.start < at {
            continue;
        }
        out.push_str(&text[at..edit.start]);
        out.push_str(&edit.by);
        at = edit.end;
    }
    out.push_str(&text[at..]);
    out
}

fn edits(text: &str) -> Vec<Edit> {
    let tokens = significant(text);
    let line = Line { text, tokens: &tokens };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Parameter => found.extend(
                line.glued_to_the_next(at)
                    .or_else(|| line.normal_form(at))
                    .or_else(|| line.unicode_escape(at))
                    .or_else(|| line.typed_literal(at)),
            ),
            Kind::Word => {
                found.extend(line.glued_word(at));
                found.extend(line.extract(at));
                found.extend(line.normalize(at));
            }
            _ => {}
        }
    }
    found
}

/// The tokens of one text.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

impl<'a> Line<'a> {
    fn token(self, at: usize) -> Option<Token> {
        self.tokens.get(at).copied()
    }

    fn before(self, at: usize, steps: usize) -> Option<Token> {
        at.checked_sub(steps).and_then(|at| self.token(at))
    }

    fn is_word(self, at: Option<usize>, word: &str) -> bool {
        at.and_then(|at| self.token(at)).is_some_and(|token| token.is_word(self.text, word))
    }

    fn is(self, at: Option<usize>, character: char) -> bool {
        at.and_then(|at| self.token(at)).is_some_and(|token| token.is(self.text, character))
    }

    /// The word there, in lower case.
    fn word(self, at: usize) -> Option<String> {
        let token = self.token(at).filter(|token| token.kind == Kind::Word)?;
        Some(token.of(self.text).to_ascii_lowercase())
    }

    /// Where the bracket that opens at `at` closes.
    fn closing(self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            if token.is(self.text, '(') {
                depth += 1;
            } else if token.is(self.text, ')') {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(index);
                }
            }
        }
        None
    }

    /// `$1and`: a blank in between.
    fn glued_to_the_next(self, at: usize) -> Option<Edit> {
        let (token, next) = (self.token(at)?, self.token(at + 1)?);
        let is_glued = next.start == token.end && matches!(next.kind, Kind::Word);
        is_glued.then(|| Edit { start: token.end, end: token.end, by: " ".to_owned() })
    }

    /// `and$1`, `date$1`, `N$1`: a blank in between. A column may be called `a$1`, a keyword not.
    fn glued_word(self, at: usize) -> Option<Edit> {
        let token = self.token(at)?;
        let dollar = token.of(self.text).find('$')?;
        let (word, number) = token.of(self.text).split_at(dollar);
        let is_parameter = number[1..].starts_with(|c: char| c.is_ascii_digit());
        let word = word.to_ascii_lowercase();
        let is_split = is_parameter
            && (is_followed_by_an_expression(&word) || GLUED_TYPES.contains(&word.as_str()));
        is_split.then(|| Edit {
            start: token.start + dollar,
            end: token.start + dollar,
            by: " ".to_owned(),
        })
    }

    /// `IS [NOT] $1 NORMALIZED`
    fn normal_form(self, at: usize) -> Option<Edit> {
        let is_form = self.is_word(Some(at + 1), "normalized")
            && (self.is_word(at.checked_sub(1), "is") || self.is_word(at.checked_sub(1), "not"));
        let (token, next) = (self.token(at)?, self.token(at + 1)?);
        is_form.then(|| Edit { start: token.start, end: next.start, by: String::new() })
    }

    /// `$1 UESCAPE '!'`
    fn unicode_escape(self, at: usize) -> Option<Edit> {
        let (token, escape) = (self.token(at)?, self.token(at + 2)?);
        let is_escape = self.is_word(Some(at + 1), "uescape") && escape.kind == Kind::Text;
        is_escape.then(|| Edit { start: token.end, end: escape.end, by: String::new() })
    }

    /// `extract($1 FROM x)`
    fn extract(self, at: usize) -> Option<Edit> {
        let is_extract = self.is_word(Some(at), "from")
            && self.is_word(at.checked_sub(3), "extract")
            && self.is(at.checked_sub(2), '(')
            && self.before(at, 1)?.kind == Kind::Parameter
            && !self.is(at.checked_sub(4), '.');
        let (name, field, from) = (self.before(at, 3)?, self.before(at, 1)?, self.token(at)?);
        is_extract.then(|| Edit {
            start: name.start,
            end: from.end,
            by: format!("pg_catalog.extract({} ,", field.of(self.text)),
        })
    }

    /// `normalize(x, $1)`
    fn normalize(self, at: usize) -> Option<Edit> {
        if !self.is_word(Some(at), "normalize") || self.is(at.checked_sub(1), '.') {
            return None;
        }
        let close = self.is(Some(at + 1), '(').then(|| self.closing(at + 1)).flatten()?;
        let has_form =
            self.before(close, 1)?.kind == Kind::Parameter && self.is(close.checked_sub(2), ',');
        let start = self.token(at)?.start;
        has_form.then(|| Edit { start, end: start, by: "pg_catalog.".to_owned() })
    }

    /// A type in front of the parameter at `at`.
    fn typed_literal(self, at: usize) -> Option<Edit> {
        let first = self.type_before(at)?;
        let (start, parameter) = (self.token(first)?.start, self.token(at)?);
        let name = &self.text[start..self.before(at, 1)?.end];
        let mut end = parameter.end;
        let mut cast = literal_type(name).to_owned();
        if self.is_word(Some(first), "interval")
            && let Some(last) = self.interval_fields(at + 1)
        {
            end = self.token(last)?.end;
            cast = format!("{cast} {}", &self.text[self.token(at + 1)?.start..end]);
        }
        Some(Edit { start, end, by: format!("{}::{cast}", parameter.of(self.text)) })
    }

    /// The first token of the type that ends right before `at`.
    fn type_before(self, at: usize) -> Option<usize> {
        let last = at.checked_sub(1)?;
        if self.is_word(Some(last), "zone") {
            return self.type_with_zone(last);
        }
        // numeric(10,2), interval(3)
        let name =
            if self.is(Some(last), ')') { self.opening(last)?.checked_sub(1)? } else { last };
        let word = self.word(name);
        let before = |steps: usize| name.checked_sub(steps).and_then(|at| self.word(at));
        match word.as_deref() {
            Some("precision") if before(1).as_deref() == Some("double") => return Some(name - 1),
            Some("varying") => {
                let base = before(1)?;
                let is_national = before(2).as_deref() == Some("national");
                return match base.as_str() {
                    "character" | "char" if is_national => Some(name - 2),
                    "character" | "char" | "nchar" | "bit" => Some(name - 1),
                    _ => None,
                };
            }
            Some("character" | "char") if before(1).as_deref() == Some("national") => {
                return Some(name - 1);
            }
            Some(word) if is_followed_by_an_expression(word) => return None,
            None if self.token(name)?.kind != Kind::QuotedName => return None,
            _ => {}
        }
        // schema.type
        let mut first = name;
        while self.is(first.checked_sub(1), '.') {
            let part = self.before(first, 2)?;
            if !matches!(part.kind, Kind::Word | Kind::QuotedName) {
                return None;
            }
            first -= 2;
        }
        Some(first)
    }

    /// `time [(p)] with|without time zone`, where `zone` stands at `last`. `AT TIME ZONE $1` is none.
    fn type_with_zone(self, last: usize) -> Option<usize> {
        let has_zone = self.is_word(last.checked_sub(1), "time")
            && (self.is_word(last.checked_sub(2), "with")
                || self.is_word(last.checked_sub(2), "without"));
        let end = last.checked_sub(3).filter(|_| has_zone)?;
        let name = if self.is(Some(end), ')') { self.opening(end)?.checked_sub(1)? } else { end };
        (self.is_word(Some(name), "timestamp") || self.is_word(Some(name), "time")).then_some(name)
    }

    /// Where the bracket of a type's modifiers opens that closes at `close`.
    fn opening(self, close: usize) -> Option<usize> {
        for at in (0..close).rev() {
            let token = self.token(at)?;
            if token.is(self.text, '(') {
                return (at + 1 < close).then_some(at);
            }
            let is_modifier = matches!(token.kind, Kind::Number | Kind::Word)
                || token.is(self.text, ',')
                || token.is(self.text, '-');
            if !is_modifier {
                return None;
            }
        }
        None
    }

    /// The last token of what follows an interval's text: `day`, `year to month`, `day to second(3)`.
    fn interval_fields(self, at: usize) -> Option<usize> {
        let is_field = |at: usize| {
            self.word(at).is_some_and(|word| {
                ["year", "month", "day", "hour", "minute", "second"].contains(&word.as_str())
            })
        };
        if !is_field(at) {
            return None;
        }
        let mut last = at;
        if self.is_word(Some(at + 1), "to") && is_field(at + 2) {
            last = at + 2;
        }
        let has_digits = self.is_word(Some(last), "second")
            && self.is(Some(last + 1), '(')
            && self.token(last + 2).is_some_and(|token| token.kind == Kind::Number)
            && self.is(Some(last + 3), ')');
        Some(if has_digits { last + 3 } else { last })
    }
}

/// What a literal of the type is cast to: `char 'abc'` has three letters, `'abc'::char` one.
fn literal_type(name: &str) -> &str {
    let words: Vec<String> = name.split_whitespace().map(str::to_ascii_lowercase).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["n" | "char" | "character" | "nchar"] | ["national", "char" | "character"] => "bpchar",
        ["bit"] => "pg_catalog.\"bit\"",
        _ => name,
    }
}

/// Types that people write without a blank before the quote.
#[rustfmt::skip]
const GLUED_TYPES: &[&str] = &[
    "bit", "bool", "boolean", "box", "bpchar", "bytea", "char", "cidr", "circle", "date", "float4", "float8",
    "inet", "int2", "int4", "int8", "interval", "json", "jsonb", "line", "money", "n", "nchar", "numeric",
    "point", "text", "time", "timestamp", "timestamptz", "uuid", "varchar",
];

/// Keywords that an expression may stand behind: no type, whatever follows. Those of 15 to 18 that
/// the grammar has before an expression, and some that stand between expressions.
fn is_followed_by_an_expression(word: &str) -> bool {
    #[rustfmt::skip]
    const KEYWORDS: &[&str] = &[
        "all", "and", "any", "array", "as", "asc", "asymmetric", "between", "both", "by", "call", "case",
        "collate", "columns", "content", "cross", "current", "default", "desc", "distinct", "do", "document",
        "else", "end", "error", "escape", "except", "exclude", "exists", "fetch", "filter", "first", "following",
        "for", "from", "full", "group", "groups", "having", "ilike", "in", "inner", "intersect", "into", "is",
        "isnull", "join", "key", "last", "lateral", "leading", "left", "like", "limit", "natural", "next", "not",
        "notnull", "nulls", "of", "offset", "on", "only", "operator", "or", "order", "outer", "over", "overlaps",
        "partition", "passing", "placing", "preceding", "range", "return", "returning", "right", "row", "rows",
        "select", "set", "similar", "some", "symmetric", "then", "to", "trailing", "union", "using", "value",
        "values", "variadic", "version", "when", "where", "window", "with", "within",
    ];
    KEYWORDS.contains(&word)
}

#[cfg(test)]
#[path = "repair_tests.rs"]
mod tests;
